#!/usr/bin/python3
"""scale.py - measures how long answers take as the load grows, and whether Retry-After is correct.

    tests/bench/scale.py [--write] [--requests 200] [--only KIND] [--binary build/upscaled]

The daemon has one core, and the clients another one. A closed loop finds the capacity for each kind of picture.
Then requests arrive at random times at 20 to 150 % of it, each on a connection of its own, whether or not earlier
ones are answered; the time of an answer counts from the time at which the request was to be sent. Each row has as
many requests, at times of the same pattern, stretched, and the mixture has exactly its shares: so rows differ by
their load alone. A row begins with an idle daemon. One row of each kind is a burst: 60 %, in between 300 % until
the queue is full and 50 clients or more are refused. There, a client that is told to come back does so once, after
the seconds of Retry-After; the load of 60 % lasts until the last one has.

Prints the tables of docs/scaling.md, with what an autoscaler sees: the busy share of the CPUs and the mean time
that a request waits in the queue (/metrics). --write puts them and the plot into the document. A kind takes 16
times --requests / capacity, and its burst three minutes at most: less than 25 minutes in all where a core answers
64, 14, 8 and 34 pictures a second. Exits with 1 if Retry-After was true for less than 95 % of the clients, if
somebody was refused below 95 % of the capacity, if there were other answers, or if the clients were late below
that load. Nothing else should run meanwhile."""
import argparse
import concurrent.futures
import functools
import http.client
import io
import os
import random
import re
import subprocess
import sys
import threading
import time

from PIL import Image

from picture import picture
from scale_page import LOADS, Row, failures, headline, progress, tables, write

LONGER = 3  # the factor for the last load, which lasts until the queue has been full for a while
USUAL, BURST = 60, 300  # per cent, of the row with a burst
PLACES = 64 + 4  # of the queue (--queue), and of running requests for each thread (--max-running)
FULL, REFUSED = 2, 50  # a burst keeps the queue full for so many seconds, and until so many are refused
AFTER = 150  # seconds after a burst at most; the last client comes back within two minutes of the first
KINDS = {"256x256": {"256x256": 1}, "640x480": {"640x480": 1}, "1024x576": {"1024x576": 1},
         "mixed": {"256x256": 80, "640x480": 15, "1024x576": 5}}  # per cent of the requests
CLIENTS = 512  # if more would wait, the generator reports that it is late
PATIENCE = 120
HERE = os.path.dirname(os.path.abspath(__file__))


@functools.lru_cache
def png(name):
    out = io.BytesIO()
    Image.fromarray(picture(*map(int, name.split("x")), 3)).save(out, "png")
    return out.getvalue()


class Server:
    """Starts the daemon on the first core that this process may use. The clients take the others."""

    def __init__(self, binary):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("scale.py: two cores are needed, one for the clients")
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cores[0]), binary, "serve", "--listen", "127.0.0.1:0", "--log-format", "off"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        os.sched_setaffinity(0, cores[1:])
        line = ""
        while "listening on" not in line:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("scale.py: the daemon did not start")
        self.port = int(line.rsplit(":", 1)[1])

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            reply = connection.getresponse()
            return reply, reply.read()
        finally:
            connection.close()

    def post(self, kind):
        """Returns the status, 0 if no answer came, and the seconds of Retry-After."""
        try:
            reply, _ = self.ask("POST", "/v1/upscale", png(kind))
        except (OSError, http.client.HTTPException):
            return 0, 0.0
        return reply.status, float(reply.headers.get("Retry-After", 0))

    def signals(self):
        """Returns the time, the processor time that the CPUs had and used until then, and the sum and count of the
        seconds in the queue."""
        now, text = time.monotonic(), self.ask("GET", "/metrics")[1].decode()

        def value(name):
            return float(re.search("^%s (.*)$" % re.escape(name), text, re.MULTILINE).group(1))
        return (now * value("upscaled_usable_cpus"), value("upscaled_cpu_seconds_total"),
                *(value('upscaled_stage_seconds_%s{stage="queue"}' % key) for key in ("sum", "count")))


def mixture(rng, mix, count):
    """Returns kinds of pictures in random order, each with exactly its share, rounded."""
    kinds = [kind for kind, share in mix.items() for _ in range(round(count * share / sum(mix.values())))]
    rng.shuffle(kinds)
    return kinds


def arrivals(rng, mix, count, rate, start=0.0):
    """Returns the times and kinds of that many requests. Given its number in an interval, the times of a Poisson
    process are independent and uniform."""
    kinds = mixture(rng, mix, max(1, round(count)))
    return list(zip(sorted(start + rng.random() * len(kinds) / rate for _ in kinds), kinds))


def capacity(server, mix, requests):
    """Returns the answers per second to eight clients that never pause."""
    def post_all(kinds):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(server.post, kinds))

    kinds = mixture(random.Random(1), mix, requests)
    post_all(kinds[:8])  # the daemon learns its speed
    begun = time.monotonic()
    if any(status != 200 for status, _ in post_all(kinds)):
        sys.exit("scale.py: eight clients are refused")
    return len(kinds) / (time.monotonic() - begun)


class Offer:
    """Sends requests at their times, and collects (status, seconds, Retry-After, served then) of each."""

    def __init__(self, server, comes_back):
        self.server, self.comes_back = server, comes_back
        self.results, self.lock, self.late, self.away = [], threading.Lock(), 0.0, 0

    def one(self, kind, due):
        """Sends a request that is due, and perhaps again later if the server asks for that."""
        status, pause = self.server.post(kind)
        took, served = time.monotonic() - due, None
        if status == 503 and self.comes_back:
            with self.lock:
                self.away += 1
            time.sleep(pause)
            served = self.server.post(kind)[0] == 200
            with self.lock:
                self.away -= 1
        with self.lock:
            self.results.append((status, took, pause, served))

    def send(self, requests, needed):
        """Sends the requests. Those after the first `needed` are left out once nobody is to come back any more."""
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            for k, (at, kind) in enumerate(requests):
                due = begun + at
                time.sleep(max(0.0, due - time.monotonic()))
                if k >= needed and at > requests[needed - 1][0] + 1 and self.away == 0:
                    break
                self.late = max(self.late, time.monotonic() - due)
                pool.submit(self.one, kind, due)


def row_of(mix, load, top, count):
    """Returns the requests of a row, and how many of them are sent in any case. The load is None for the burst."""
    rng = random.Random(1)  # the same for every load
    if load:
        requests = arrivals(rng, mix, count * (LONGER if load == LOADS[-1] else 1), top * load / 100)
        return requests, len(requests)
    usual, burst = top * USUAL / 100, top * BURST / 100
    fills = PLACES / (burst - top) + max(FULL, REFUSED / (burst - top))
    before = arrivals(rng, mix, count / 3, usual)
    requests = before + arrivals(rng, mix, burst * fills, burst, len(before) / usual)
    return (requests + arrivals(rng, mix, usual * AFTER, usual, len(before) / usual + fills)), len(requests)


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def measure(server, kind, load, top, count):
    requests, needed = row_of(KINDS[kind], load, top, count)
    offer, before = Offer(server, not load), server.signals()
    offer.send(requests, needed)
    had, used, waited, waits = (b - a for a, b in zip(before, server.signals()))
    good = [took for status, took, _, _ in offer.results if status == 200]
    refused = [(pause, served) for status, _, pause, served in offer.results if status == 503]
    return Row(kind=kind, load=load, requests=len(offer.results), p50=at(good, .5), p95=at(good, .95),
               p99=at(good, .99), refused=len(refused) / len(offer.results),
               others=len(offer.results) - len(good) - len(refused),
               clients=len(refused), told=max((pause for pause, _ in refused), default=None),
               back=sum(map(bool, (served for _, served in refused))) / len(refused) if refused and not load else None,
               queue=waited / waits if waits else 0.0, busy=used / had, late=offer.late)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--binary", default=os.path.join(HERE, "../../build/upscaled"))
    p.add_argument("--requests", type=int, default=200, help="of each row")
    p.add_argument("--only", choices=KINDS, metavar="KIND", help="one of " + ", ".join(KINDS))
    p.add_argument("--write", action="store_true", help="put the results into docs/scaling.md, and draw the plot")
    a = p.parse_args()
    server, rows, tops = Server(a.binary), [], {}
    try:
        for kind in [a.only] if a.only else KINDS:
            top = tops[kind] = capacity(server, KINDS[kind], a.requests / 2)
            print("scale.py: %s: %.1f per second" % (kind, top), file=sys.stderr)
            for load in (*LOADS[:-1], None, LOADS[-1]):  # who does not come back is promised a time too
                rows.append(measure(server, kind, load, top, a.requests))
                print("scale.py: " + progress(rows[-1]), file=sys.stderr)
    finally:
        server.process.terminate()
        server.process.wait()
    head = headline(tops, a.requests)
    print(head + "\n\n" + tables(rows))
    if a.write:
        write(head, rows)
    for sentence in failures(rows):
        print("scale.py: " + sentence, file=sys.stderr)
    return 1 if failures(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
