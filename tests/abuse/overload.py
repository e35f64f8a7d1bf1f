"""overload.py - goodput at 1x, 2x and 20x of what the server can do, and how fast it says no.

  tests/abuse/overload.py [SECONDS]      10 by default

Closed loops of clients on loopback: as many as run at a time give the peak; then clients whose rate
is twenty times that. Every refusal must be 503 with Retry-After, within 20 ms at the median, and
goodput must stay at 95 % of the peak.
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from daemon import Daemon, png, request  # noqa: E402

PICTURE = png(200, 150)


class Load:
    """`clients` connections that each ask as often as `pause` allows."""

    def __init__(self, d, clients, pause):
        self.good, self.refused, self.other, self.lock = [], [], [], threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(d, pause)) for _ in range(clients)]

    def run(self, d, pause):
        message = request("POST", "/v1/upscale", PICTURE)
        while not self.stop.is_set():
            try:
                with d.connect() as client:
                    while not self.stop.is_set():
                        start = time.monotonic()
                        client.send(message)
                        reply = client.read_reply()
                        took = time.monotonic() - start
                        with self.lock:
                            (self.good if reply.status == 200 else self.refused
                             if reply.status == 503 and "retry-after" in reply.headers
                             else self.other).append(took)
                        if reply.status != 200:
                            self.stop.wait(pause)
            except (OSError, EOFError) as why:
                with self.lock:
                    self.other.append(why)

    def during(self, seconds):
        for thread in self.threads:
            thread.start()
        time.sleep(seconds / 5)  # warm
        with self.lock:
            self.good, self.refused, self.other = [], [], []
        time.sleep(seconds)
        with self.lock:
            good, refused, other = list(self.good), list(self.refused), list(self.other)
        self.stop.set()
        for thread in self.threads:
            thread.join()
        return len(good) / seconds, sorted(good), sorted(refused), other


def at(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] * 1000 if values else 0.0


def report(name, result):
    rate, good, refused, other = result
    print("%-5s %7.1f good/s p50 %7.1f p99 %7.1f ms; %6d refused p50 %6.1f p99 %6.1f ms; %d other %s"
          % (name, rate, at(good, .5), at(good, .99), len(refused), at(refused, .5),
             at(refused, .99), len(other), other[:2]))
    sys.stdout.flush()


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with Daemon("--queue", "8", "--log-format", "off") as d:
        peak = Load(d, 4, 0).during(seconds)
        report("peak", peak)
        service = 1 / peak[0]
        over = None
        for times in (2, 20):
            clients = 16 + 4 * times
            pause = clients * service / times  # together they ask `times` as often as is answered
            over = Load(d, clients, pause).during(seconds)
            report("%dx" % times, over)
        share = over[0] / peak[0]
        print("goodput at 20x: %.1f %% of the peak" % (share * 100))
        return 0 if share >= 0.95 and at(over[2], .5) < 20 and not over[3] else 1


if __name__ == "__main__":
    sys.exit(main())
