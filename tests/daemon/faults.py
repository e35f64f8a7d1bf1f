"""faults.py - failures of the system: no descriptors, no space on the disk, a folder of models that
changes while it is read, a time of day that jumps."""
import collections
import contextlib
import hashlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from command import Folder, read, upscaled  # noqa: E402
from daemon import (BINARY, DEADLINE, Daemon, Skip, claim, equal, png, request, run_claims,
                    wait_until)  # noqa: E402
from failing import NEVER, Order  # noqa: E402
from preload import compiled  # noqa: E402

MODEL = ('{"format": "upscaled-model/1", "scale": 2, "color": "y", "border": "replicate", '
         '"description": "%d", "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}')


def put(path, text):
    with open(path, "w") as file:
        file.write(text)


def description(d, name):
    reply = d.ask("GET", "/v1/models/" + name)
    return json.loads(reply.body).get("description") if reply.status == 200 else None


def reload(d):
    """Asks for a reload. Returns whether it succeeded."""
    said = len(d.log())
    d.signal(signal.SIGHUP)
    end = wait_until(lambda: [word for word in ("were reloaded", "nothing was reloaded")
                              if word in d.log()[said:]], "it has reloaded or not")
    return end == ["were reloaded"]


# ---------------------------------------------------------------- descriptors

@contextlib.contextmanager
def no_more_descriptors(d):
    """While this lasts, the process may open nothing."""
    pid = d.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    least = 1 + max(int(fd) for fd in os.listdir("/proc/%d/fd" % pid))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (least, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def cpu_seconds(d):
    with open("/proc/%d/stat" % d.process.pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@claim
def without_descriptors_connections_that_are_there_are_served_and_others_wait():
    with Daemon("--header-timeout", "600") as d, d.connect() as there:
        there.send(b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\n")  # so the connection is not idle
        d.ask("GET", "/livez").expect(200)  # connections are accepted in their order
        with no_more_descriptors(d), d.connect() as waits:
            waits.send(request("GET", "/livez"))
            begun = cpu_seconds(d)
            time.sleep(1)
            equal(cpu_seconds(d) - begun < 0.5, True, "it tries again and again")
            there.send(b"Content-Length: %d\r\n\r\n" % len(png()) + png())
            there.read_reply().expect(200)
            # the connection is idle now, and is closed for the one that waits
            waits.read_reply().expect(200)
        d.upscale(png()).expect(200)


@claim
def without_descriptors_an_idle_connection_makes_room():
    with Daemon("--idle-timeout", "600") as d, d.connect() as idle:
        idle.ask("GET", "/livez").expect(200)
        with no_more_descriptors(d), d.connect() as new:
            new.ask("GET", "/livez").expect(200)
            equal(idle.is_closed(), True)


@claim
def without_descriptors_a_reload_keeps_what_was_there():
    with tempfile.TemporaryDirectory() as folder:
        put(folder + "/mine.json", MODEL % 1)
        with Daemon("--models", folder) as d:
            put(folder + "/mine.json", MODEL % 2)
            with no_more_descriptors(d):
                equal(reload(d), False)
            equal("Too many open files" in d.log(), True, d.log())
            equal(description(d, "mine"), "1")
            equal(reload(d), True)
            equal(description(d, "mine"), "2")


def files_in(folder):
    """Returns the contents of all files in the folder and in those within."""
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(path, folder): read(path) for path in paths}


def convert_in_new_folder(order, nth, arguments):
    """Runs convert without descriptors while it opens its nth file. Returns the result, the files
    before and after, and whether it opened so many."""
    with Folder() as folder:
        for name in ("m", "out"):
            os.mkdir(os.path.join(folder, name))
        put(folder + "/m/double.json", MODEL % 1)
        put(folder + "/config", "model = double\nmodels = m\n")
        put(folder + "/old.png", "old")
        before = files_in(folder)
        with order.fail(nth) as left:
            done = upscaled("convert", "--config", "config", *arguments, folder=folder,
                            environment={"LD_PRELOAD": order.library, "FAIL_OPEN": order.path})
        return done, before, files_in(folder), left[0] < 0


def convert_without_descriptors(order, outputs, *arguments):
    """Lets each file that convert opens fail in turn."""
    done, before, whole, _ = convert_in_new_folder(order, NEVER, arguments)
    equal((done.returncode, done.stderr), (0, b""), "with descriptors")
    equal({name for name in whole if whole[name] != before.get(name)}, set(outputs), "the outputs")
    seen, opened = collections.Counter(), True
    for nth in itertools.count():
        done, _, files, opened = convert_in_new_folder(order, nth, arguments)
        if not opened:
            break
        what = "%s without descriptors for file %d: %r" % (arguments, nth, done.stderr)
        seen[done.returncode] += 1
        if done.returncode == 0:
            equal(files, whole, what)
        equal(done.returncode == 0 or b"Too many open files" in done.stderr, True, what)
        for name in {*files, *before}:
            equal(files.get(name) in (before.get(name), whole[name]), True, name + " after " + what)
    print("# %s: %d files were opened, %s" % (" ".join(arguments), nth, dict(seen)))
    equal(set(seen) - {0, 1, 2}, set(), "statuses")
    equal(seen[1] >= 2 + len(outputs), True, "the model, a picture and each output fail")


@claim
def without_descriptors_convert_makes_each_file_whole_or_not_at_all():
    with tempfile.TemporaryDirectory() as folder:
        order = Order(folder + "/order")
        order.library = compiled("fail_open", folder)
        convert_without_descriptors(order, ["new.png"], "a.png", "new.png")
        convert_without_descriptors(order, ["old.png"], "a.png", "old.png")
        convert_without_descriptors(order, ["out/a.png", "out/b.png"], "a.png", "b.png",
                                    "--output-dir", "out")


# ---------------------------------------------------------------- room

ON_A_FULL_DISK = """
mount -t tmpfs -o size=64k none "$1" && cd "$1" && cat > in.png && echo old > out.png || exit 77
"$2" convert --compression 0 --scale 8 in.png out.png
echo "status $?, $(cat out.png), $(ls -A | tr '\\n' ' ')"
"""


@claim
def convert_on_a_full_disk_keeps_the_old_output():
    with tempfile.TemporaryDirectory() as folder:
        user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        done = subprocess.run(["unshare", *user, "--mount", "sh", "-c", ON_A_FULL_DISK, "sh", folder,
                               os.path.abspath(BINARY)], input=png(40, 40), capture_output=True,
                              timeout=DEADLINE)
        if done.returncode != 0:
            raise Skip("no file system may be mounted here: %s" % done.stderr.decode().strip())
        equal(done.stdout.decode().strip(), "status 1, old, in.png out.png")
        equal(b"make room" in done.stderr, True, done.stderr)


# ---------------------------------------------------------------- a folder in motion

NEVER_YET = float("inf")


class MovingFolder:
    """A folder of model files, a thread that changes them, and what each of them was when."""

    def __init__(self, folder):
        self.folder, self.rng, self.number = folder, random.Random(3), 0
        self.past = {"m%d" % i: [[0, NEVER_YET, None]] for i in range(6)}  # since, until, text
        self.still, self.stop = threading.RLock(), threading.Event()
        self.thread = threading.Thread(target=self.stir)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    def stir(self):
        while not self.stop.is_set():
            with self.still:
                self.change()

    def path(self, name):
        return "%s/%s.json" % (self.folder, name)

    def change(self):
        """Makes, replaces, cuts, moves or removes one file: in place, or in one step."""
        name, other = self.rng.sample(sorted(self.past), 2)
        self.number += 1
        text, old, begun = MODEL % self.number, self.past[name][-1][2], time.monotonic()
        what = self.rng.choice(["make", "replace", "move", "remove"] if old else ["make", "replace"])
        becomes = {name: text}
        if what == "make":  # whoever reads it finds some of it, for a moment
            put(self.path(name), text[:self.rng.randrange(60)])
            put(self.path(name), text)
        elif what == "replace":
            put(self.folder + "/.new", text)
            os.rename(self.folder + "/.new", self.path(name))
        elif what == "move":
            os.rename(self.path(name), self.path(other))
            becomes = {name: None, other: old}
        else:
            os.remove(self.path(name))
            becomes = {name: None}
        for name, text in becomes.items():
            self.past[name][-1][1] = time.monotonic()
            self.past[name].append([begun, NEVER_YET, text])

    def digests(self, name, begun, ended):
        """Returns the digests that the file had in this time. None: there was no file."""
        return {text and hashlib.sha256(text.encode()).hexdigest()
                for since, until, text in self.past[name] if since <= ended and until >= begun}


def digests(d):
    """Returns the digests of the models that are offered."""
    models = json.loads(d.ask("GET", "/v1/models").expect(200).body)["models"]
    return {model["name"]: model["sha256"] for model in models}


def reload_and_compare(d, moving):
    """Reloads. If that fails, the models are the same as before. If not, each one of the folder is
    what its file was while it was read, and the others are the same. Returns whether it succeeded."""
    before, begun = digests(d), time.monotonic()
    done = reload(d)
    ended, after = time.monotonic(), digests(d)
    if not done:
        equal(after, before, "the models after a reload that failed")
        return False
    with moving.still:  # a change that was under way is written down then
        for name in moving.past:
            found = after.pop(name, None)
            before.pop(name, None)
            equal(found in moving.digests(name, begun, ended), True, "%s is %s" % (name, found))
    equal(after, before, "the other models")
    return True


@claim
def a_folder_that_changes_while_it_is_read_gives_what_was_in_it_or_the_old_set():
    with tempfile.TemporaryDirectory() as folder:
        put(folder + "/kept.json", MODEL % 0)
        with Daemon("--models", folder) as d, MovingFolder(folder) as moving:
            seen = collections.Counter(reload_and_compare(d, moving) for _ in range(30))
            print("# %d sets were read, %d were not" % (seen[True], seen[False]))
            for _ in range(10):  # nothing moves now, so what happens is certain
                with moving.still:
                    put(folder + "/broken.json", MODEL[:20])
                    equal(reload_and_compare(d, moving), False, "one file is cut off")
                    os.remove(folder + "/broken.json")
                    equal(reload_and_compare(d, moving), True, "all are whole")
                d.upscale(png(), "?model=kept").expect(200)
                reload_and_compare(d, moving)


@claim
def a_folder_that_goes_away_keeps_the_old_set():
    with tempfile.TemporaryDirectory() as outer:
        folder = outer + "/models"
        os.mkdir(folder)
        put(folder + "/mine.json", MODEL % 1)
        with Daemon("--models", folder) as d:
            shutil.rmtree(folder)
            equal(reload(d), False)
            d.upscale(png(), "?model=mine").expect(200)


# ---------------------------------------------------------------- time

@claim
def a_time_of_day_that_jumps_ends_no_request_early():
    with tempfile.TemporaryDirectory() as folder:
        library = compiled("jumping_clock", folder)
        with Daemon("--idle-timeout", "600", "--header-timeout", "600", "--body-timeout", "600",
                    "--write-timeout", "600", "--queue-timeout", "600",
                    environment={"LD_PRELOAD": library}) as d:
            wanted = d.upscale(png()).expect(200).body
            with d.connect() as client:
                for _ in range(50):
                    message = request("POST", "/v1/upscale", png())
                    client.send(message[:30])
                    client.send(message[30:-20])
                    client.send(message[-20:])
                    equal(client.read_reply().expect(200).body, wanted)
            days = {line.split("T")[0] for line in d.lines}
            wait_until(lambda: len({line[:40] for line in d.lines}) > 3, "the log has its lines")
            equal(len(days) > 3, True, "the clock did not jump: %s" % days)


run_claims()
