"""kernels.py - --kernels: sets with fused multiply-add give the same bytes, with any number of
threads. The plain set, which also rounds products, differs by at most one level of 8 bits, and
rarely."""
import os
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DEADLINE, Skip, claim, equal, run_claims  # noqa: E402

TOP = os.environ.get("top_srcdir", ".")
PICTURE = os.path.join(TOP, "docs/pictures/sample.png")
DUMP = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/png_dump")
RARELY = 2000  # at most one sample in so many differs


def convert(*options):
    done = subprocess.run([os.path.abspath(BINARY), "convert", "--quiet", *options, PICTURE, "-"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                          check=False)
    return done


def sets():
    """The sets that this CPU has. The error about an unknown name lists them."""
    words = convert("--kernels", "none").stderr.decode()
    return words.split("it has ")[1].split(" (")[0].split(", ")


def samples(data):
    dumped = subprocess.run([DUMP], input=data, stdout=subprocess.PIPE, check=True).stdout
    return dumped.split(b"\n", 1)[1]


@claim
def an_unknown_set_is_refused_by_name():
    done = convert("--kernels", "none")
    equal((done.returncode != 0, b"`none`" in done.stderr, b"--kernels" in done.stderr),
          (True, True, True), done.stderr)


@claim
def bench_refuses_an_unknown_set_for_pictures_too():
    done = subprocess.run([os.path.abspath(BINARY), "bench", "--png", "--kernels", "none", PICTURE],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
                          check=False)
    equal((done.returncode, b"`none`" in done.stderr), (2, True), done.stderr)


@claim
def fused_sets_and_any_threads_give_the_same_bytes():
    fused = [name for name in sets() if name != "c"]
    if not fused:
        raise Skip("this processor has no set with fused multiply-add")
    first = convert().stdout
    for name in fused:
        for threads in ("1", "2", "5", "8", "64", "128"):
            equal(convert("--kernels", name, "--threads", threads).stdout == first, True,
                  name + " with " + threads)


@claim
def the_plain_set_is_within_one_level():
    if sets() == ["c"]:
        raise Skip("this processor has the plain set alone")
    best, plain = samples(convert().stdout), samples(convert("--kernels", "c").stdout)
    equal(len(best), len(plain))
    differences = [abs(a - b) for a, b in zip(best, plain) if a != b]
    equal(max(differences, default=0) <= 1, True, "differences up to %d" % max(differences or [0]))
    equal(len(differences) * RARELY <= len(best), True,
          "%d of %d samples differ" % (len(differences), len(best)))


run_claims()
