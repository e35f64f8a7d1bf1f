"""overload.py - the goodput at twice and twenty times what the server can do, and the time of
refusals.

  tests/abuse/overload.py [ROUNDS [WIDTH HEIGHT]]      5 by default, of 4 s each, and 640 x 480

The clients are closed loops on loopback. A few clients find the peak; then others send at twice and
at twenty times that rate. The loads alternate, because the speed of a machine changes from one
second to the next. Each load is compared with the peak of its own round, and the median counts.

Clients and server share the processors. In reality the clients have their own. So goodput is the
answers for each second of processor time that the server had: what it used and what nobody used. If
refusals cost the server much, it needs more of this time for an answer; if it rests while work
waits, time is left over; both lower the goodput. What the clients and other programs use is not in
it. Three more figures are printed beside it: the goodput by the clock, which the clients lower; that
for each second that the server used alone, which says what refusals cost it; and the shares of the
processors that the clients, the server and nobody used. The kernel delivers what is sent through
loopback on the account of the sender, so the server pays for what the clients receive, and the
clients for what it receives.

Every refusal must be 503 with Retry-After, 99 of 100 within 20 ms, and goodput must stay at 95 % of
the peak, or at 90 % for pictures smaller than 640 x 480. The time of a refusal does not depend on
the picture. So refusals take a larger part of the whole for thumbnails, of which twenty times as
many are refused per second: a thumbnail of 200 x 150 takes some milliseconds, and nineteen refusals
take one.
"""
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, png, request  # noqa: E402

WARM, MEASURED = 0.3, 1.0
CORES = sorted(os.sched_getaffinity(0))
TICK = 1 / os.sysconf("SC_CLK_TCK")


def goodput_bound(width, height):
    """Returns the least share of the peak."""
    return 0.95 if width * height >= 640 * 480 else 0.90


def used_by(pid):
    """Returns the processor time of a process in seconds."""
    with open("/proc/%d/stat" % pid) as file:
        return TICK * sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))


def used_by_nobody():
    """Returns the time in seconds that these processors have been idle, or waited for a disk."""
    with open("/proc/stat") as file:
        rows = {words[0]: words[1:] for words in map(str.split, file)}
    return TICK * sum(int(ticks) for core in CORES for ticks in rows["cpu%d" % core][3:5])


def clocks(pid):
    """Returns the time, and the processor time that clients, server and nobody have used."""
    return time.monotonic(), time.process_time(), used_by(pid), used_by_nobody()


class Load:
    """`clients` connections. Each sends again after an answer, and after `pause` after a
    refusal."""

    def __init__(self, d, picture, clients, pause):
        self.message, self.pid = request("POST", "/v1/upscale", picture), d.process.pid
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
        """Returns the answers per second, per second that the server had, and per second that it
        used; the shares of the processors; and the times of the answers."""
        for thread in self.threads:
            thread.start()
        time.sleep(WARM)
        with self.lock:
            self.good, self.refused, self.other = [], [], []
        before = clocks(self.pid)
        time.sleep(MEASURED)
        with self.lock:
            good, refused, other = list(self.good), list(self.refused), list(self.other)
        seconds, *used = (b - a for a, b in zip(before, clocks(self.pid)))
        clients, server, nobody = used
        self.stop.set()
        for thread in self.threads:
            thread.join()
        return {"rate": len(good) / seconds, "per_had": len(good) / (server + nobody),
                "per_used": len(good) / server, "shares": [u / seconds / len(CORES) for u in used],
                "good": good, "refused": refused, "other": other}


def at(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] * 1000 if values else 0.0


def report(name, rounds, peaks, bound):
    """Prints the result of all rounds of one load. Returns whether goodput and refusals are good."""
    good, refused, other = (sum((r[key] for r in rounds), []) for key in ("good", "refused", "other"))
    had, used, clock = (statistics.median(100 * r[key] / p[key] for r, p in zip(rounds, peaks))
                        for key in ("per_had", "per_used", "rate"))
    shares = [100 * statistics.median(share) for share in zip(*(r["shares"] for r in rounds))]
    print("%-5s %6.1f good/s p50 %6.1f p99 %6.1f ms, %5.1f %% of the peak for each second that the server had "
          "(%.1f %% that it used, %.1f %% by the clock); clients %.0f %%, server %.0f %%, nobody %.0f %% of the "
          "processors; %6d refused p50 %.1f p99 %.1f ms; %d other %s"
          % (name, statistics.median(r["rate"] for r in rounds), at(good, .5), at(good, .99), had, used, clock,
             *shares, len(refused), at(refused, .5), at(refused, .99), len(other), other[:2]))
    return had >= 100 * bound and at(refused, .99) < 20 and not other


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
    bound = goodput_bound(width, height)
    print("%d x %d, %d bytes; processors: %d; at least %.0f %% of the peak"
          % (width, height, len(picture), len(CORES), 100 * bound))
    return 0 if all([report(name, results, seen["peak"], bound)
                     for name, results in seen.items()]) else 1


if __name__ == "__main__":
    sys.exit(main())
