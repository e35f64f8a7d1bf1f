"""pngcheck.py - pngcheck accepts what fuzz_chunks writes. replay_chunks runs as in `make check`, and leaves every
50th output for this test (CHUNKS_EVERY=1: all of them, by hand). pngcheck 3.0.3 does not know cICP, mDCV and cLLI, so
these chunks are taken out before; the other bytes stay as they are."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Skip, claim, run_claims  # noqa: E402

REPLAY = [*os.environ.get("EMULATOR", "").split(), os.path.join(os.environ.get("top_builddir", "."),
                                                                "tests/fuzz/replay_chunks")]
UNKNOWN = (b"cICP", b"mDCV", b"cLLI")
BATCH = 200


def take_out(path):
    with open(path, "rb") as file:
        data = file.read()
    kept, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 8] not in UNKNOWN:
            kept.append(data[at:end])
        at = end
    with open(path, "wb") as file:
        file.write(b"".join(kept))


@claim
def pngcheck_accepts_rewritten_chunks():
    if not shutil.which("pngcheck"):
        raise Skip("pngcheck is not installed")
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, CHUNKS_OUT=folder, CHUNKS_EVERY=os.environ.get("CHUNKS_EVERY", "50"))
        subprocess.run(REPLAY, env=environment, check=True, stdout=subprocess.DEVNULL)
        paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        for path in paths:
            take_out(path)
        for i in range(0, len(paths), BATCH):
            done = subprocess.run(["pngcheck", "-q", *paths[i:i + BATCH]], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0:
                raise AssertionError(done.stdout.decode(errors="replace"))
        print("# pngcheck accepts", len(paths), "files")
        if len(paths) < 100:
            raise AssertionError("only %d files were left" % len(paths))


run_claims()
