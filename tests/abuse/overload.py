"""overload.py - the goodput at twice and twenty times what the server can do, and the time of
refusals.

  tests/abuse/overload.py [ROUNDS [WIDTH HEIGHT]]      5 by default, of 4 s each, and 640 x 480

The clients are closed loops on loopback. A few clients find the peak; then others send at twice and
at twenty times that rate. The loads alternate, because the speed of a machine changes from one
second to the next. Each load is compared with the peak of its own round, and the median counts.
Clients and server share the processors. So goodput is computed from the processor time that the
clients left; the time that they took is measured and printed.

Every refusal must be 503 with Retry-After, 99 of 100 within 20 ms, and goodput must stay at 95 % of
the peak. The time of a refusal does not depend on the picture. So refusals take a larger part of
the whole for thumbnails, of which twenty times as many are refused per second.
"""
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, png, request  # noqa: E402

WARM, MEASURED = 0.3, 1.0
CORES = len(os.sched_getaffinity(0))


class Load:
    """`clients` connections. Each sends again after an answer, and after `pause` after a
    refusal."""

    def __init__(self, d, picture, clients, pause):
        self.message = request("POST", "/v1/upscale", picture)
        self.good, self.refused, self.other, self.lock = [], [], [], threading.Lock()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(d, pause)) for _ in range(clients)]

    def run(self, d, pause):
        while not self.stop.is_set():
            try:
                with d.connect() as client:
                    while not self.stop.is_set():
                        start = time.monotonic()
                        client.send(self.message)
                        reply = client.read_reply()
                        self.note(reply, time.monotonic() - start)
                        if reply.status != 200:
                            self.stop.wait(pause)
            except (OSError, EOFError) as why:
                with self.lock:
                    self.other.append(why)

    def note(self, reply, took):
        refused = reply.status == 503 and "retry-after" in reply.headers
        with self.lock:
            (self.good if reply.status == 200 else self.refused if refused
             else self.other).append(took)

    def measure(self):
        """Returns the answers per second, those per second that the clients left to the server, and
        all times."""
        for thread in self.threads:
            thread.start()
        time.sleep(WARM)
        with self.lock:
            self.good, self.refused, self.other = [], [], []
        start, own = time.monotonic(), time.process_time()
        time.sleep(MEASURED)
        with self.lock:
            good, refused, other = list(self.good), list(self.refused), list(self.other)
        seconds, own = time.monotonic() - start, time.process_time() - own
        self.stop.set()
        for thread in self.threads:
            thread.join()
        left = CORES * seconds - own
        return {"rate": len(good) / seconds, "per_cpu": len(good) / left * CORES,
                "own": own / seconds / CORES, "good": good, "refused": refused, "other": other}


def at(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] * 1000 if values else 0.0


def report(name, rounds, peaks):
    """Prints the result of all rounds of one load: the share of the peak, and the p99 of the
    refusals. Returns whether both are good."""
    good, refused = sum((r["good"] for r in rounds), []), sum((r["refused"] for r in rounds), [])
    other = sum((r["other"] for r in rounds), [])
    share, raw = (statistics.median(r[key] / p[key] for r, p in zip(rounds, peaks))
                  for key in ("per_cpu", "rate"))
    print("%-5s %6.1f good/s p50 %6.1f p99 %6.1f ms, %5.1f %% of the peak (%5.1f %% with the "
          "clients' %.0f %% of the processors); %6d refused p50 %.1f p99 %.1f ms; %d other %s"
          % (name, statistics.median(r["rate"] for r in rounds), at(good, .5), at(good, .99),
             share * 100, raw * 100, statistics.median(r["own"] for r in rounds) * 100,
             len(refused), at(refused, .5), at(refused, .99), len(other), other[:2]))
    return share >= 0.95 and at(refused, .99) < 20 and not other


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    width, height = map(int, sys.argv[2:4]) if len(sys.argv) > 3 else (640, 480)
    picture = png(width, height)
    seen = {"peak": [], "2x": [], "20x": []}
    with Daemon("--queue", "8", "--log-format", "off") as d:
        Load(d, picture, 8, 0).measure()
        for _ in range(rounds):
            seen["peak"].append(Load(d, picture, 8, 0).measure())
            for times in (2, 20):
                clients = 16 + 4 * times
                # together they send `times` as many requests as are answered
                pause = clients / seen["peak"][-1]["rate"] / times
                seen["%dx" % times].append(Load(d, picture, clients, pause).measure())
    print("%d x %d, %d bytes; processors: %d" % (width, height, len(picture), CORES))
    return 0 if all([report(name, results, seen["peak"])
                     for name, results in seen.items()]) else 1


if __name__ == "__main__":
    sys.exit(main())
