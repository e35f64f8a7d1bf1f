"""many_threads.py - machines of 64 and 128 processors: the working buffers of the threads stay within
half of the memory, large pictures are computed in several bands, and the bytes are the same."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DEADLINE, Daemon, claim, equal, png, run_claims  # noqa: E402
from preload import compiled  # noqa: E402

MIB = 1 << 20


def gauge(d, name):
    for line in d.ask("GET", "/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return int(float(line.split()[1]))
    raise AssertionError("no %s" % name)


def each_mib(d):
    """The memory of one thread, as the daemon announced it."""
    line = [line for line in d.errors if line.startswith("upscaled: threads: ")][0]
    return int(line.split("each needs ")[1].split(" MiB")[0])


def peak(d, width, height):
    """The memory that a picture needs, by the first bytes of its file."""
    head = png(1, 1)[:16] + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    head += struct.pack(">I", zlib.crc32(head[12:]))
    return json.loads(d.ask("POST", "/v1/estimate", head).expect(200).body)["peak_memory_bytes"]


def on_processors(count, memory):
    """Starts the daemon on so many processors, with so many MiB."""
    folder = tempfile.TemporaryDirectory()
    library = compiled("many_processors", folder.name)
    return folder, Daemon("--memory-limit", "%dM" % memory,
                          environment={"LD_PRELOAD": library, "MANY_PROCESSORS": str(count)})


@claim
def small_memory_has_fewer_threads():
    with Daemon("--threads", "1") as d:
        wanted = d.upscale(png(64, 48)).expect(200).body
    for count, memory in ((64, 1024), (128, 1024), (128, 2048), (1000, 4096)):
        folder, daemon = on_processors(count, memory)
        with folder, daemon as d:
            threads, share = gauge(d, "upscaled_threads"), gauge(d, "upscaled_memory_limit_bytes")
            equal(1 < threads < count, True, "%d threads of %d" % (threads, count))
            equal(memory * 0.4 < share / MIB < memory, True, "%d MiB are shared" % (share / MIB))
            equal(threads * (each_mib(d) - 1) <= memory / 2, True, "%d threads" % threads)
            equal((threads + 2) * each_mib(d) + memory / 2 >= memory - 100, True, "%d threads are few"
                  % threads)
            equal(d.upscale(png(64, 48)).expect(200).body == wanted, True, "the bytes")


@claim
def enough_memory_has_a_thread_for_each_processor():
    for count in (64, 128):
        folder, daemon = on_processors(count, 64 * 1024)
        with folder, daemon as d:
            equal(gauge(d, "upscaled_threads"), count)
            equal("upscaled: threads:" in d.log(), False, d.log())


@claim
def large_pictures_are_not_in_memory_as_a_whole():
    """Four bytes for each pixel of the input, and four times as many for the answer, for the band that
    is computed and for its encoded rows: 52 if the band is the whole output, 36 if it is half."""
    for threads in ("2", "64", "128"):
        with Daemon("--threads", threads, "--memory-limit", "64G") as d:
            for width, height in ((6000, 4000), (4000, 3000)):
                equal(peak(d, width, height) < 44 * width * height, True,
                      "%d bytes a pixel" % (peak(d, width, height) / width / height))


@claim
def threads_that_were_asked_for_are_refused_by_name():
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--threads", "64",
                           "--memory-limit", "256M"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    equal((done.returncode, b"--memory-limit" in done.stderr, b"--threads 64" in done.stderr),
          (2, True, True), done.stderr)


run_claims()
