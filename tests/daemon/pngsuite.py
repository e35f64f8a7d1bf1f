"""pngsuite.py - Willem van Schaik's PngSuite through the daemon. Every valid file is answered, and
with scale=1 its pixels are those that libpng alone decodes. Every broken file is refused with a
code. libpng, a decoder of our own in Python, and pngcheck accept the files that the daemon
writes."""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import png_file  # noqa: E402
from daemon import DATA, Daemon, Skip, claim, equal, run_claims  # noqa: E402

DUMP = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/png_dump")
shared = None


def files(broken):
    found = [path for path in sorted(glob.glob(os.path.join(DATA, "pngsuite", "*.png")))
             if os.path.basename(path).startswith("x") == broken]
    if not found:
        raise Skip("PngSuite is not in TEST_DATA")
    return found


def read(path):
    with open(path, "rb") as file:
        return file.read()


def pixels(data):
    return subprocess.run([DUMP], input=data, stdout=subprocess.PIPE, check=True).stdout


def for_each(check, paths):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(check, paths))


@claim
def scale_1_equals_libpng():
    def check(path):
        reply = shared.upscale(read(path), "?scale=1").expect(200)
        if pixels(reply.body) != pixels(read(path)):
            raise AssertionError(os.path.basename(path) + ": other pixels")
    for_each(check, files(broken=False))


@claim
def every_valid_file_is_doubled():
    def check(path):
        data = read(path)
        width, height = (int.from_bytes(data[i:i + 4], "big") for i in (16, 20))
        dumped = pixels(shared.upscale(data).expect(200).body)
        equal(dumped.split(b"\n", 1)[0], b"%d %d" % (2 * width, 2 * height), path)
    for_each(check, files(broken=False))


def enlarge(path, query):
    return shared.upscale(read(path), query).expect(200).body


@claim
def a_second_decoder_reads_what_libpng_reads():
    def check(path):
        for query in ("?scale=1", "", "?depth=16&metadata=none", "?scale=1.5&depth=8&compression=9"):
            body = enlarge(path, query)
            if png_file.Picture(body).dump() != pixels(body):
                raise AssertionError(os.path.basename(path) + query + ": other pixels")
    for_each(check, files(broken=False))


@claim
def pngcheck_is_content():
    if not shutil.which("pngcheck"):
        raise Skip("pngcheck is not installed")
    with tempfile.TemporaryDirectory() as folder:
        def write(path):
            for i, query in enumerate(("", "?depth=16", "?depth=8&compression=0", "?scale=3")):
                name = "%d-%s" % (i, os.path.basename(path))
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(enlarge(path, query))
        for_each(write, files(broken=False))
        done = subprocess.run(["pngcheck", "-q"] + sorted(glob.glob(os.path.join(folder, "*.png"))),
                              stdout=subprocess.PIPE, text=True)
        equal((done.returncode, done.stdout), (0, ""), "pngcheck")


@claim
def every_broken_file_is_refused():
    def check(path):
        reply = shared.upscale(read(path))
        problem = reply.problem()
        if not 400 <= reply.status < 500 or not problem["code"]:
            raise AssertionError("%s: %d" % (os.path.basename(path), reply.status))
    for_each(check, files(broken=True))


with Daemon() as shared:
    run_claims()
