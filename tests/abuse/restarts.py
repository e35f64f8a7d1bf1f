"""restarts.py - stops, reloads and upgrades the daemon at random moments under load.

    restarts.py [--long] [--seed N]

`make check` runs a short form; --long is 200 SIGTERMs, 200 SIGKILLs, 200 reloads and 50 upgrades.
Clients upload as fast as they get answers, half of them on persistent connections. Each request
counts as one of these:

    answered   200 with the bytes that the picture has
    refused    no process listened: connecting failed
    cut        the connection ended before the server had asked for the body; it was not accepted
    reused     the same on a connection that had served before: HTTP clients try anew, and so do these
    lost       the body had been asked for (100 Continue), and no whole answer came
    wrong      a whole answer came that is not what the picture gives, or an error
"""
import argparse
import collections
import os
import random
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Client, Daemon, claim, equal, png, request, run_claims, wait_until  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--long", action="store_true")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
ENDS, RELOADS, UPGRADES = (200, 200, 50) if options.long else (4, 5, 2)
rng = random.Random(options.seed)
CLIENTS = 8
BODY = png(40, 30)
HEAD = request("POST", "/v1/upscale", BODY, [("Expect", "100-continue")])[:-len(BODY)]


class Load:
    """`with Load(address, wanted) as load:` - clients that upload until the end."""

    def __init__(self, address, wanted):
        self.address, self.wanted = address, wanted
        self.counts = collections.Counter()
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(number % 2 == 1,))
                        for number in range(CLIENTS)]

    def _once(self, client):
        """Sends one picture. Returns its result."""
        try:
            client.send(HEAD)
            reply = client.read_reply()
        except (EOFError, OSError):
            return "cut"
        try:
            if reply.status == 100:
                client.send(BODY)
                reply = client.read_reply()
        except (EOFError, OSError):
            return "lost"
        client.reusable = reply.headers.get("connection") != "close"
        return "answered" if reply.status == 200 and reply.body == self.wanted else "wrong"

    def _run(self, keep):
        client = None
        while not self.done.is_set():
            reused = client is not None
            try:
                client = client or Client(self.address)
            except OSError:
                self.counts["refused"] += 1
                self.done.wait(0.01)
                continue
            what = self._once(client)
            self.counts["reused" if reused and what == "cut" else what] += 1
            if not keep or what != "answered" or not client.reusable:
                client.socket.close()
                client = None
        if client:
            client.socket.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()
        print("# " + ", ".join("%d %s" % (n, what) for what, n in sorted(self.counts.items())))


def wanted():
    with Daemon() as d:
        return d.upscale(BODY).expect(200).body


WANTED = wanted()


def given_socket():
    return socket.create_server(("127.0.0.1", 0), backlog=1024)


def free_port():
    """Returns a port that the system gives to no other program, even while no process listens on
    it."""
    while True:
        port = random.randrange(20000, 32000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            pass


def moment():
    time.sleep(rng.uniform(0.02, 0.3))


def restart(number, end):
    """Ends a daemon that many times under load, and starts it again at the same address."""
    port = free_port()
    with Load((socket.AF_INET, ("127.0.0.1", port)), WANTED) as load:
        for _ in range(number):
            before = load.counts["answered"]
            d = Daemon(listen=("127.0.0.1:%d" % port,))
            wait_until(lambda: load.counts["answered"] > before, "it has answered")
            moment()
            end(d)
    return load.counts


@claim
def sigterm_loses_nothing_that_was_accepted():
    def end(d):
        d.signal(signal.SIGTERM)
        equal(d.wait(), 0, "status")

    counts = restart(ENDS, end)
    equal((counts["lost"], counts["wrong"]), (0, 0))


@claim
def sigkill_leaves_no_half_answer_that_looks_whole():
    def end(d):
        d.signal(signal.SIGKILL)
        equal(d.wait(), -signal.SIGKILL, "status")

    equal(restart(ENDS, end)["wrong"], 0)


def nothing_failed(counts):
    equal({what: counts[what] for what in ("refused", "cut", "lost", "wrong")},
          {"refused": 0, "cut": 0, "lost": 0, "wrong": 0})


@claim
def reloads_disturb_nobody():
    with Daemon() as d:
        with Load(d.addresses[0], WANTED) as load:
            for number in range(1, RELOADS + 1):
                moment()
                d.signal(signal.SIGHUP)
                wait_until(lambda: d.log().count("reloaded") >= number, "it has reloaded")
    nothing_failed(load.counts)
    equal(load.counts["reused"], 0)


@claim
def upgrades_on_the_same_socket_disturb_nobody():
    with given_socket() as given:
        old = Daemon(inherit=given)
        with Load(old.addresses[0], WANTED) as load:
            for _ in range(UPGRADES):
                new = Daemon(inherit=given)
                moment()
                old.signal(signal.SIGTERM)
                equal(old.wait(), 0, "status")
                old = new
        equal(old.stop(), 0, "status")
    nothing_failed(load.counts)


@claim
def restarts_on_the_same_socket_make_clients_wait_and_no_more():
    with given_socket() as given:
        d = Daemon(inherit=given)
        with Load(d.addresses[0], WANTED) as load:
            for _ in range(UPGRADES):
                moment()
                equal(d.stop(), 0, "status")
                d = Daemon(inherit=given)
        equal(d.stop(), 0, "status")
    nothing_failed(load.counts)


run_claims()
