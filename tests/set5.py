"""set5.py - the models keep their scores on Set5, through the daemon. Speaks TAP."""
import importlib.util
import os
import pathlib
import subprocess
import sys

LEAST = {"photo": 36.7, "photo-hq": 36.9, "photo-max": 36.9, "photo-jpeg": 35.7, "psnr-m5": 37.1,
         "psnr-m11": 37.3, "psnr-max": 37.5}  # dB; bicubic is at 33.7

top = pathlib.Path(os.environ["top_srcdir"])
data = pathlib.Path(os.environ["TEST_DATA"]) / "set5"


def main():
    if not data.is_dir():
        return print(f"1..0 # SKIP {data} is missing")
    if not all(importlib.util.find_spec(m) for m in ("numpy", "PIL")):
        return print("1..0 # SKIP numpy and PIL are not installed (./check --all does)")
    print(f"1..{len(LEAST)}", flush=True)
    server = subprocess.Popen([f"{os.environ['top_builddir']}/upscaled", "serve", "--listen",
                               "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().split()[-1]
    for number, (model, least) in enumerate(LEAST.items(), 1):
        done = subprocess.run([sys.executable, top / "weights/evaluate.py", "--url", url, "--model",
                               model, "--least", str(least), data], capture_output=True, text=True,
                              check=False)
        print(*(f"# {line}" for line in (done.stdout + done.stderr).splitlines()), sep="\n")
        print("ok" if done.returncode == 0 else "not ok",
              f"{number} - {model} reaches {least} dB on Set5")
    server.terminate()
    server.wait()


main()
