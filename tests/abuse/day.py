"""day.py - a day in the life of a daemon: everything that clients do, at the same time, many times.

    day.py [--requests N | --minutes M] [--clients N] [--seed N]

`make check` runs it for a short time. Run `day.py --requests 100000` by hand, and `--minutes 5`
with a build of the thread sanitizer. Clients send pictures of every kind, all models, factors and
sides, forms, chunks, estimates, progress queries, cancellations, bad requests, keys and reloads,
and some of them leave. The answer for each picture must always have the same bytes. At the end no
thread, no descriptor and no byte of the budget may be left, and the memory must be the system's again.
"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (BINARY, Daemon, chunked_request, claim, equal, flat_png, form, png, request,
                    run_claims, wait_until)  # noqa: E402
from preload import sanitized  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--requests", type=int, default=1500)
parser.add_argument("--minutes", type=float)
parser.add_argument("--clients", type=int, default=6)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

PICTURES = [png(40, 30), png(8, 6, color=0), png(33, 7, color=4), png(25, 25, color=6),
            png(31, 17, color=2, depth=16), png(9, 40, color=0, depth=16), flat_png(60, 40)]
QUERIES = ["", "?scale=1", "?scale=1.5", "?scale=3", "?scale=4", "?width=62", "?width=63&height=44",
           "?model=psnr-m5", "?model=art", "?model=photo-jpeg&scale=3", "?model=photo-hq&scale=1",
           "?compression=1", "?compression=9&metadata=none", "?depth=16&edge=wrap", "?alpha=separate",
           "?model=mine"]
SIDE = 150 if sanitized() else 700
LONG = flat_png(SIDE, SIDE)  # work that can be looked at and that can be cancelled
BAD = [(b"GIF89a" + bytes(30), "", "not_png"), (png()[:-20], "", "png_truncated"),
       (png(), "?scale=99", "bad_parameter"), (png(), "?model=none", "unknown_model"), (b"", "", None)]
MODEL = ('{"format": "upscaled-model/1", "name": "mine", "scale": 2, "color": "y", "border": '
         '"replicate", "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}')
STAYS = 40 << 10  # KiB: the heaps of all threads, and what two workers used of their buffers
KEY = ("Authorization", "Bearer a day")


class Day:
    def __init__(self, d, folder):
        self.d, self.folder = d, folder
        self.lock, self.done, self.stop = threading.Lock(), 0, threading.Event()
        self.wanted, self.faults = {}, []
        self.end = time.monotonic() + 60 * options.minutes if options.minutes else None

    def goes_on(self):
        """Counts one more request. Returns whether it may be sent."""
        with self.lock:
            over = time.monotonic() > self.end if self.end else self.done >= options.requests
            self.done += not over
        return not over and not self.faults

    def same(self, key, body):
        with self.lock:
            equal(body == self.wanted.setdefault(key, body), True, "other bytes of %r" % (key,))

    def live(self, number):
        """Runs one client until the day is over."""
        rng = random.Random(options.seed * 1000 + number)
        client = None
        while self.goes_on():
            try:
                client = client or self.d.connect()
                rng.choice(DEEDS)(self, rng, client)
                if client.socket.fileno() < 0 or rng.random() < 0.1:
                    client = self.left(client)
            except (EOFError, ConnectionError):
                client = self.left(client)
            except Exception as why:
                self.faults.append("%s: %s" % (type(why).__name__, why))
        self.left(client)

    @staticmethod
    def left(client):
        if client:
            client.socket.close()


def asked(client, method, target, body=b"", headers=()):
    """Reads an answer, after which the connection may end."""
    reply = client.ask(method, target, body, [KEY, *headers])
    if reply.headers.get("connection") == "close":
        client.socket.close()
    return reply


def picture(day, rng, client):
    which, query = rng.randrange(len(PICTURES)), rng.choice(QUERIES)
    day.same((which, query), asked(client, "POST", "/v1/upscale" + query, PICTURES[which]).expect(200).body)


def form_or_chunks(day, rng, client):
    which, query = rng.randrange(len(PICTURES)), rng.choice(QUERIES)
    data = PICTURES[which]
    if rng.random() < 0.5:
        headers, body = form(("image", "a.png", data))
        reply = asked(client, "POST", "/v1/upscale" + query, body, headers)
    else:
        client.send(chunked_request("/v1/upscale" + query, [data[:50], data[50:]], [KEY]))
        reply = client.read_reply()
    day.same((which, query), reply.expect(200).body)


def estimate(_, rng, client):
    asked(client, "POST", "/v1/estimate" + rng.choice(QUERIES), rng.choice(PICTURES)).expect(200)


def bad(_, rng, client):
    body, query, code = rng.choice(BAD)
    reply = asked(client, "POST", "/v1/upscale" + query, body)
    equal(400 <= reply.status < 500, True, reply.status)
    if code:
        equal(reply.problem()["code"], code)


def look_around(_, rng, client):
    method = rng.choice(["GET", "HEAD"])
    asked(client, method, rng.choice(["/", "/health", "/livez", "/readyz", "/metrics", "/v1/models", "/errors",
                                      "/v1/models/art", "/v1/limits", "/openapi.json"])).expect(200)


def leave(_, rng, client):
    message = request("POST", "/v1/upscale", LONG, [KEY])
    client.send(message[:rng.randrange(1, len(message))])
    raise EOFError


def leave_the_answer(_, rng, client):
    client.send(request("POST", "/v1/upscale" + rng.choice(QUERIES), rng.choice(PICTURES), [KEY]))
    raise EOFError


def watch_and_cancel(day, rng, client):
    name = "%032x" % rng.getrandbits(128)
    client.send(request("POST", "/v1/upscale?scale=4&model=photo-hq", LONG, [KEY, ("X-Request-ID", name)]))
    with day.d.connect() as other:
        for _ in range(rng.randrange(4)):
            other.ask("GET", "/v1/requests/" + name, headers=[KEY])
        if rng.random() < 0.5:
            other.send(request("GET", "/v1/requests/" + name,
                               headers=[KEY, ("Accept", "text/event-stream")]))
            other.socket.recv(65536)
    with day.d.connect() as other:
        gone = other.ask("DELETE", "/v1/requests/" + name, headers=[KEY]).status == 204
    reply = client.read_reply()
    equal(reply.status in ((200, 409) if gone else (200,)), True, reply.status)
    if reply.headers.get("connection") == "close":
        client.socket.close()


def reload(day, rng, client):
    if rng.random() < 0.7:
        return look_around(day, rng, client)
    with day.lock:
        with open(day.folder + "/.new", "w") as file:
            file.write(MODEL + " " * rng.randrange(9))
        os.rename(day.folder + "/.new", day.folder + "/mine.json")
    if rng.random() < 0.5:
        return day.d.signal(signal.SIGHUP)
    return asked(client, "POST", "/v1/reload").expect(200)


DEEDS = 6 * [picture] + 2 * [form_or_chunks, estimate, bad, look_around] + [
    leave, leave_the_answer, watch_and_cancel, reload]


def held(d):
    """Returns what the process holds: resident KiB, threads, descriptors."""
    with open("/proc/%d/status" % d.process.pid) as file:
        rows = dict(line.split(":", 1) for line in file)
    return (int(rows["VmRSS"].split()[0]), int(rows["Threads"]),
            len(os.listdir("/proc/%d/fd" % d.process.pid)))


def quiet(d):
    """Waits until no connection and no byte of the budget is left. Returns what the process then
    holds."""
    wait_until(lambda: sum(d.health()["memory"][use] for use in ("bodies", "work", "replies")) == 0,
               "the budget is whole")
    low = [held(d)]

    def settled():
        low.append(held(d))
        return low[-1][1:] == low[-2][1:] and min(row[2] for row in low) == low[-1][2]

    time.sleep(0.5)  # the library closes its end a little later
    wait_until(settled, "its descriptors are closed")
    return low[-1]


def returned(d, before):
    """Whether the process holds little more than before. It returns memory every ten seconds."""
    return held(d)[0] <= before + STAYS


def spend(day):
    """Runs one day of all clients. Returns the most resident memory."""
    clients = [threading.Thread(target=day.live, args=(n,)) for n in range(options.clients)]
    for each in clients:
        each.start()
    most = []
    while any(each.is_alive() for each in clients):
        most.append(held(day.d)[0])
        time.sleep(0.2)
    for each in clients:
        each.join()
    equal(day.faults, [])
    return most


@claim
def a_day_leaves_nothing_behind():
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/mine.json", "w") as file:
            file.write(MODEL)
        with open(folder + "/keys", "wb") as file:
            line = subprocess.run([BINARY, "hash-key", "ann"], input=b"a day\n", check=True,
                                  stdout=subprocess.PIPE).stdout.strip()
            file.write(line + b":::admin\n")
        with Daemon("--threads", "2", "--models", folder, "--api-keys", folder + "/keys",
                    "--queue", "1000") as d:
            day = Day(d, folder)
            for query in QUERIES:  # the first request allocates what all later ones use
                d.upscale(PICTURES[0], query, [KEY]).expect(200)
            before = quiet(d)
            most = spend(day)
            after = quiet(d)
            if not sanitized():
                wait_until(lambda: returned(d, before[0]), "memory is returned")
            print("# %d requests of %d clients; %d different answers; resident %d MiB before, at most %d, %d "
                  "after; threads %d and %d; descriptors %d and %d" % (
                      day.done, options.clients, len(day.wanted), before[0] >> 10,
                      max(most, default=0) >> 10, held(d)[0] >> 10, before[1], after[1], before[2],
                      after[2]))
            equal(after[1:], before[1:], "threads and descriptors")


run_claims()
