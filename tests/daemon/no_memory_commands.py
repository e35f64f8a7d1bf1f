"""no_memory_commands.py - allocations of the commands fail in turn, in our code and in the libraries
(fail_malloc.c). A command does all of its work, or says that memory is out and leaves no half of a
file behind.

  tests/daemon/no_memory_commands.py        some 100 allocations of each command
  tests/daemon/no_memory_commands.py all    each of them; a quarter of an hour
"""
import collections
import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from command import MODEL, Folder, expect, read, upscaled, write  # noqa: E402
from daemon import BINARY, DEADLINE, claim, equal, run_claims  # noqa: E402
from failing import NEVER, sample  # noqa: E402
from preload import compiled  # noqa: E402

TRIED = 100


class Trial:
    """A command in a folder, with a tiny model as m/double.json."""

    def __init__(self, folder, library, data, *command):
        self.folder, self.data, self.command = folder, data, command
        self.order = os.path.join(folder, "order")
        self.environment = {"LD_PRELOAD": library, "FAIL_MALLOC": self.order}

    def run(self, nth):
        """Runs it while the nth allocation fails. Returns the result, and how many there were."""
        write(self.order, struct.pack("qq", nth, 0))
        if os.path.exists(os.path.join(self.folder, "out.png")):
            os.unlink(os.path.join(self.folder, "out.png"))
        done = upscaled(*self.command, data=self.data, folder=self.folder,
                        environment=self.environment)
        return done, nth - struct.unpack("qq", read(self.order))[0]

    def results(self, done):
        """Returns what the command made: the output but for times, and the files."""
        files = {name: read(os.path.join(self.folder, name))
                 for name in sorted(os.listdir(self.folder)) if name.endswith(".png")}
        return re.sub(rb'"ms": [0-9.e+-]+', b"", done.stdout), files

    def fail_each(self):
        """Fails allocations in turn. Returns how often each status was seen."""
        before = self.results(subprocess.CompletedProcess([], 0, b""))[1]
        good, count = self.run(NEVER)
        expect(0, good)
        wanted, seen = self.results(good), collections.Counter()
        for nth in sample(count, TRIED):
            done, _ = self.run(nth)
            what = "%s with allocation %d failing" % (self.command[0], nth)
            seen[done.returncode] += 1
            if done.returncode == 0:
                equal(self.results(done), wanted, "the results of " + what)
                continue
            equal(done.returncode, 1, "the status of " + what)
            equal(self.results(done)[1] in (before, wanted[1]), True, "files after " + what)
            equal(b"memory" in done.stderr, True, "%s says %r" % (what, done.stderr))
        print("# %s: %d allocations, %s" % (" ".join(self.command), count, dict(seen)))
        return seen


@contextlib.contextmanager
def trial(*command, data=b""):
    with Folder() as folder, tempfile.TemporaryDirectory() as place:
        os.mkdir(os.path.join(folder, "m"))
        write(os.path.join(folder, "m/double.json"), json.dumps(MODEL).encode())
        yield Trial(folder, compiled("fail_malloc", place), data, *command)


def fails(*command, data=b""):
    with trial(*command, data=data) as t:
        return t.fail_each()


@claim
def convert_makes_the_whole_file_or_none():
    seen = fails("convert", "--models", "m", "--model", "double", "a.png", "out.png")
    equal(seen[0] + seen[1] > 50 and seen[1] > 0, True, "both happen: %s" % seen)


@claim
def convert_prints_the_whole_line_or_none():
    seen = fails("convert", "--json", "--models", "m", "--model", "double", "a.png", "out.png")
    equal(seen[1] > 0, True, "some failed: %s" % seen)


@claim
def models_lists_all_or_none():
    seen = fails("models", "--models", "m")
    equal(seen[1] > 0, True, "some failed: %s" % seen)


@claim
def models_check_gives_a_verdict_or_none():
    seen = fails("models", "check", "m/double.json")
    equal(seen[1] > 0, True, "some failed: %s" % seen)


@claim
def hash_key_needs_none():
    equal(fails("hash-key", "ann", data=b"0123456789abcdef\n")[0] > 0, True, "it works")


def serve_until_ready(t, nth):
    """Starts a daemon while the nth allocation fails. Returns its status, its standard error, and
    whether it served: then it was asked to end."""
    write(t.order, struct.pack("qq", nth, 0))
    with subprocess.Popen([os.path.abspath(BINARY), *t.command], cwd=t.folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env={**os.environ, **t.environment}) as process:
        served = process.stdout.readline().startswith(b"listening on ")
        if served:
            process.terminate()
        said = process.communicate(timeout=DEADLINE)[1]
    return process.returncode, said, served


@claim
def serve_starts_or_says_why():
    with trial("serve", "--listen", "unix:socket", "--models", "m", "--api-keys", "keys") as t:
        write(os.path.join(t.folder, "keys"), b"ann:" + b"0" * 64 + b"\n")
        equal(serve_until_ready(t, NEVER)[::2], (0, True), "with nothing failing")
        count, seen = NEVER - struct.unpack("qq", read(t.order))[0], collections.Counter()
        for nth in sample(count, TRIED):
            status, said, served = serve_until_ready(t, nth)
            what = "status %d of serve with allocation %d failing, %r" % (status, nth, said)
            seen[status] += 1
            equal((status, served) in ((0, True), (1, False)), True, what)
            equal(served or b"memory" in said, True, what)
            equal(os.path.exists(os.path.join(t.folder, "socket")), False, "the socket after " + what)
        print("# serve: %d allocations until it was ended, %s" % (count, dict(seen)))


run_claims()
