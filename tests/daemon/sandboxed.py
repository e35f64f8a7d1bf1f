"""sandboxed.py - the daemon inside its sandbox: everything works, and /health says which parts are
in force. tests/unit/test_sandbox.c tries from inside what must not work."""
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, SANDBOX, Daemon, Skip, claim, equal, png, run_claims, wait_until  # noqa: E402

MODEL = {"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
         "border": "replicate",
         "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}
ALL = {"no_new_privs": True, "network": True, "seccomp": True}


def statuses(d):
    """Returns NoNewPrivs and Seccomp of every thread."""
    found = set()
    for thread in os.listdir("/proc/%d/task" % d.process.pid):
        with open("/proc/%d/task/%s/status" % (d.process.pid, thread)) as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            found.add((fields["NoNewPrivs"], fields.get("Seccomp")))
    return found


def strictly(*options, **more):
    """Starts a daemon with the whole sandbox, if the kernel has it."""
    if SANDBOX:
        raise Skip("TEST_SANDBOX is set")
    with Daemon() as d:
        box = d.health()["sandbox"]
    if {k: box[k] for k in ALL} != ALL:
        try:
            with Daemon("--sandbox", "strict"):
                raise AssertionError("strict has started with less than all")
        except AssertionError as why:
            equal("--sandbox=strict needs" in str(why), True, str(why))
        raise Skip("this kernel or this build cannot have all of the sandbox")
    return Daemon("--sandbox", "strict", *options, **more)


@claim
def every_thread_is_inside():
    with strictly() as d:
        d.upscale(png()).expect(200)
        equal(statuses(d), {("1", "2")})
        box = d.health()["sandbox"]
        equal(box["landlock"] >= 4, True)
        equal({k: box[k] for k in ALL}, ALL)
        equal("sandbox" in d.log(), False, d.log())


@claim
def the_default_is_all_there_is():
    if SANDBOX:
        raise Skip("TEST_SANDBOX is set")
    with Daemon() as d:
        equal(d.health()["sandbox"]["no_new_privs"], True)
        equal({status[0] for status in statuses(d)}, {"1"})


LACKING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib/lacking.py")
WITHOUT = [("landlock", "Landlock, which this kernel lacks", {"landlock": 0, "network": False, "seccomp": True}),
           ("seccomp", "seccomp, which this kernel lacks", {"seccomp": False}),
           ("landlock,seccomp", "Landlock, which this kernel lacks",
            {"landlock": 0, "network": False, "seccomp": False})]


@claim
def a_kernel_without_it_is_served_and_said():
    strictly().stop()  # skips where the build or the kernel has no sandbox
    for calls, words, box in WITHOUT:
        before = (sys.executable, LACKING, calls)
        with Daemon(before=before) as d:
            d.upscale(png()).expect(200)
            equal({k: d.health()["sandbox"][k] for k in box}, box, calls)
            wait_until(lambda: words in d.log(), "a word on " + calls)
        try:
            with Daemon("--sandbox", "strict", before=before):
                raise AssertionError("strict has started without " + calls)
        except AssertionError as why:
            equal("--sandbox=strict needs " + words in str(why), True, str(why))


@claim
def off_is_off():
    with Daemon("--sandbox", "off") as d:
        equal(d.health()["sandbox"],
              {"no_new_privs": False, "landlock": 0, "network": False, "seccomp": False})
        d.upscale(png()).expect(200)


@claim
def models_and_keys_are_reloaded_inside():
    with tempfile.TemporaryDirectory() as folder:
        models, keys = os.path.join(folder, "models"), os.path.join(folder, "keys")
        os.mkdir(models)

        def put(path, text):
            with open(path + ".part", "w") as file:
                file.write(text)
            os.rename(path + ".part", path)

        def line(name, key):
            return subprocess.run([BINARY, "hash-key", name], input=key.encode(),
                                  stdout=subprocess.PIPE, check=True).stdout.decode()

        put(keys, line("ann", "a"))
        with strictly("--models", models, "--api-keys", keys) as d:
            put(os.path.join(models, "double.json"), json.dumps(MODEL))
            put(keys, line("bob", "b"))  # another file with that name
            d.signal(signal.SIGHUP)
            wait_until(lambda: "reloaded" in d.log(), "it has reloaded")
            d.upscale(png(), "?model=double", [("X-API-Key", "b")]).expect(200)


@claim
def its_own_unix_socket_is_removed():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        with strictly(listen=("unix:" + path,)) as d:
            d.upscale(png()).expect(200)
        equal(os.path.exists(path), False)


@claim
def all_kinds_of_requests_work_inside():
    with strictly("--body-timeout", "1") as d:
        for query in ("", "?scale=4", "?scale=2.5&depth=16", "?width=40&compression=9&edge=wrap"):
            d.upscale(png(40, 30), query).expect(200)
        d.upscale(b"junk").expect(415)
        for path in ("/", "/health", "/v1/models", "/v1/limits", "/nothing"):
            d.ask("GET", path)
        with d.connect() as slow:
            slow.send(b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
            slow.read_reply().expect(408)


run_claims()
