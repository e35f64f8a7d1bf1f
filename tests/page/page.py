"""page.py - tests the page in Chromium, compares the contract with the daemon, and compares the
pixels of answers as Chromium decodes them. It installs the packages of tests/page/package.json into
the build folder and runs the *.mjs beside it. Speaks TAP. Heavy: skipped unless TEST_ALL is set
(./check --all)."""
import os
import pathlib
import shutil
import subprocess

here = pathlib.Path(os.environ["top_srcdir"], "tests", "page").resolve()
build = pathlib.Path(os.environ["top_builddir"]).resolve()
work = build / "page"


def run_script(name):
    """Returns the lines of a script's TAP."""
    environment = dict(os.environ, UPSCALED=str(build / "upscaled"), CHROMIUM=shutil.which("chromium"),
                       PNG_DUMP=str(build / "tests" / "lib" / "png_dump"),
                       SAMPLE=str(here.parent.parent / "docs" / "pictures" / "sample.png"),
                       TEST_DATA=str(pathlib.Path(os.environ["TEST_DATA"]).resolve()))
    done = subprocess.run(["node", name], cwd=work, env=environment, capture_output=True, text=True,
                          timeout=600)
    return done.stdout.splitlines() or ["not ok - %s: %s" % (name, done.stderr[-2000:].replace("\n", " "))]


def main():
    if not os.environ.get("TEST_ALL"):
        return print("1..0 # SKIP heavy: ./check --all runs it")
    missing = [tool for tool in ("node", "npm", "chromium") if not shutil.which(tool)]
    if missing:
        return print("1..0 # SKIP not installed: " + ", ".join(missing))
    work.mkdir(exist_ok=True)
    for file in [*here.glob("*.*js*"), here.parent / "lib" / "tap.mjs"]:
        shutil.copy(file, work)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=work, check=True,
                   stdout=subprocess.DEVNULL)
    lines = [line for name in ("contract.mjs", "drive.mjs", "pixels.mjs") for line in run_script(name)]
    results = [line for line in lines if not line.startswith("1..")]
    number = 0
    for line in results:
        if line.startswith(("ok", "not ok")):
            number += 1
            verdict, _, name = line.partition(" - ")
            line = "%s %d - %s" % ("not ok" if verdict.startswith("not") else "ok", number, name)
        print(line)
    print("1..%d" % number)


main()
