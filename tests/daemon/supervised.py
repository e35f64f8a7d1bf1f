"""supervised.py - the messages of sd_notify that a supervisor gets, over a socket like
systemd's."""
import os
import signal
import socket
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import DEADLINE, Daemon, claim, equal, png, run_claims  # noqa: E402

folder = tempfile.TemporaryDirectory()


class Supervisor:
    """A socket for notifications; `abstract`: with a name that is not a file."""

    def __init__(self, abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE)
        name = tempfile.mktemp(prefix="notify", dir=folder.name)
        self.socket.bind("\0" + name if abstract else name)
        self.variable = {"NOTIFY_SOCKET": "@" + name if abstract else name}

    def next(self):
        return self.socket.recv(4096).decode().split("\n")

    def wait_for(self, line):
        """Reads messages until one has the line. Returns it, and how many did not have it."""
        others = 0
        while line not in (message := self.next()):
            others += 1
        return message, others


@claim
def is_told_of_start_reload_and_end():
    for abstract in (False, True):
        supervisor = Supervisor(abstract)
        with Daemon(environment=supervisor.variable) as d:
            equal(supervisor.next(), ["READY=1"])
            d.upscale(png()).expect(200)
            d.signal(signal.SIGHUP)
            reloading = supervisor.next()
            equal(reloading[0], "RELOADING=1")
            equal(reloading[1].split("=")[0], "MONOTONIC_USEC")
            equal(int(reloading[1].split("=")[1]) > 0, True)
            equal(supervisor.next(), ["READY=1"])
            d.signal(signal.SIGTERM)
            equal(supervisor.next()[0], "STOPPING=1")
            equal(d.wait(), 0)


@claim
def hears_of_us_as_often_as_it_wants():
    supervisor = Supervisor()
    with Daemon(environment={**supervisor.variable, "WATCHDOG_USEC": "200000"}) as d:
        for _ in range(5):
            equal(supervisor.wait_for("WATCHDOG=1")[0][1][:7], "STATUS=")
        d.upscale(png()).expect(200)
        d.signal(signal.SIGTERM)
        message = supervisor.wait_for("STOPPING=1")[0]
        equal(message[1], "WATCHDOG_USEC=70000000", "time to drain")
        equal(d.wait(), 0)


@claim
def is_no_condition_to_work():
    for name in ("/nonexistent/socket", "nonsense", "@nobody", "", "/" + "x" * 300):
        with Daemon(environment={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "junk"}) as d:
            d.upscale(png()).expect(200)


run_claims()
