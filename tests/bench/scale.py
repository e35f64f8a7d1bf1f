#!/usr/bin/python3
"""scale.py - measures how long answers take as the load grows, and whether Retry-After is correct.

    tests/bench/scale.py [--seconds 15] [--binary build/upscaled] [--plot docs/pictures/scaling.png]

The daemon has one core, and the clients another one. First closed loops find the capacity for each kind of
picture. Then requests arrive at random times (Poisson) at 20 to 150 % of it, each on a connection of its own,
whether or not earlier ones are answered; the time of an answer counts from the time at which the request was
to be sent. One row of each kind is a burst: 60 %, in between 300 % until the queue has been full for two
seconds. There, a client that is told to come back does so once, after the seconds of Retry-After. Prints a table,
and beside it what an autoscaler sees: the mean time that a request waits in the queue (/metrics)."""
import argparse
import collections
import concurrent.futures
import http.client
import io
import math
import os
import random
import re
import subprocess
import sys
import threading
import time

from PIL import Image, ImageDraw

from picture import picture

LOADS = (20, 40, 60, 80, 90, 95, 150)  # per cent of the capacity
LONGER = 4  # the factor for the last load, which lasts until the queue is full
USUAL, BURST = 60, 300  # per cent, of the row with a burst
PLACES = 64  # of the queue (--queue)
FULL = 2  # seconds for which a burst keeps the queue full
AFTER = 130  # seconds after a burst; the last client comes back within 120
SIZES = {"256x256": (256, 256), "640x480": (640, 480), "1280x720": (1280, 720)}
MIXED = {"256x256": 80, "640x480": 15, "1280x720": 5}  # per cent of the requests
CLIENTS = 512  # if more would wait, the generator reports that it is late
PATIENCE = 120


def png(width, height):
    out = io.BytesIO()
    Image.fromarray(picture(width, height, 3)).save(out, "png")
    return out.getvalue()


PICTURES = {name: png(*size) for name, size in SIZES.items()}


class Server:
    """Starts the daemon on the first core that this process may use. The clients take the
    others."""

    def __init__(self, binary):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            sys.exit("scale.py: two cores are needed, one for the clients")
        self.process = subprocess.Popen(
            ["taskset", "-c", str(cores[0]), binary, "serve", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        os.sched_setaffinity(0, cores[1:])
        line = ""
        while "listening on" not in line:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("scale.py: the daemon did not start")
        self.port = int(line.rsplit(":", 1)[1])
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def post(self, body):
        """Returns the status, and the seconds of Retry-After."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/v1/upscale", body)
            reply = connection.getresponse()
            reply.read()
            return reply.status, float(reply.headers.get("Retry-After", 0))
        finally:
            connection.close()

    def waited(self):
        """Returns the sum and the count of the seconds in the queue."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return [float(re.search(r'upscaled_stage_seconds_%s\{stage="queue"\} (\S+)' % key, text).group(1))
                for key in ("sum", "count")]


def capacity(server, mix, seconds):
    """Returns the answers per second to four clients that never pause."""
    done, lock, end = [0], threading.Lock(), time.monotonic() + seconds

    def send(seed):
        rng = random.Random(seed)
        while time.monotonic() < end:
            status, _ = server.post(choose(rng, mix))
            with lock:
                done[0] += status == 200

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    return done[0] / (time.monotonic() - begun)


def choose(rng, mix):
    return PICTURES[rng.choices(list(mix), list(mix.values()))[0]]


def one(server, body, due, results, lock, comes_back):
    """Sends a request that is due, and perhaps again later if the server asks for that."""
    status, pause = server.post(body)
    took, served = time.monotonic() - due, None
    if status == 503 and comes_back:
        time.sleep(pause)
        served = server.post(body)[0] == 200
    with lock:
        results.append((status, took, pause, served))


def offer(server, mix, stages, seed, comes_back):
    """Sends requests in stages, each of a rate and its seconds. Returns all results, and the largest delay of the
    generator."""
    rng, results, lock, late = random.Random(seed), [], threading.Lock(), 0.0
    end = due = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for rate, seconds in stages:
            end += seconds
            while True:
                due += rng.expovariate(rate)
                if due > end:
                    due = end  # the next stage has its own rate from here on
                    break
                now = time.monotonic()
                late = max(late, now - due)
                time.sleep(max(0.0, due - now))
                pool.submit(one, server, choose(rng, mix), due, results, lock, comes_back)
    return results, late


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


Row = collections.namedtuple("Row", "kind load rate p50 p95 p99 refused others back told queue late")


def stages_of(load, top, seconds):
    """Returns the stages of a row. Its load is None for the row with a burst."""
    if load:
        return [(top * load / 100, seconds * (LONGER if load == LOADS[-1] else 1))]
    fills = PLACES / (top * (BURST / 100 - 1))
    return [(top * USUAL / 100, seconds / 3), (top * BURST / 100, fills + FULL), (top * USUAL / 100, AFTER)]


def measure(server, kind, mix, load, top, seconds):
    before = server.waited()
    results, late = offer(server, mix, stages_of(load, top, seconds), load or 1, not load)
    after = server.waited()
    good = [took for status, took, _, _ in results if status == 200]
    refused = [(pause, served) for status, _, pause, served in results if status == 503]
    others = [status for status, _, _, _ in results if status not in (200, 503)]
    return Row(kind, load, top * (load or USUAL) / 100, at(good, .5), at(good, .95), at(good, .99),
               len(refused) / max(1, len(results)), len(others),
               sum(served for _, served in refused) / len(refused) if refused and not load else None,
               max(pause for pause, _ in refused) if refused else None,
               (after[0] - before[0]) / max(1, after[1] - before[1]), late)


def show(row):
    def ms(seconds):
        return "%.0f" % (1e3 * seconds)
    print("| %s | %s | %.1f | %s | %s | %s | %s | %.0f | %s | %s |" % (
        row.kind, row.load or "%d, burst of %d" % (USUAL, BURST), row.rate, ms(row.p50), ms(row.p95), ms(row.p99),
        ms(row.queue), 100 * row.refused,
        "" if row.told is None else "%.0f" % row.told, "" if row.back is None else "%.0f" % (100 * row.back)),
        flush=True)
    if row.others:
        print("scale.py: %d other answers" % row.others, file=sys.stderr)
    if row.late > 0.05:
        print("scale.py: the clients were %.0f ms late" % (1e3 * row.late), file=sys.stderr)


def plot(rows, path):
    """Plots the 95th percentile by load, a line for each kind, on a logarithmic scale of 10 ms to
    100 s."""
    width, height, left, top, foot = 760, 420, 70, 20, 50
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)

    def place(load, seconds):
        exponent = min(4.0, max(0.0, math.log10(seconds / 0.01)))
        return (left + (width - left - 130) * load / 160, height - foot - (height - top - foot) * exponent / 4)

    for k in range(5):
        y = place(0, 0.01 * 10**k)[1]
        draw.line((left, y, width - 130, y), "#dddddd")
        draw.text((8, y - 6), "%g s" % (0.01 * 10**k), "black")
    for load in range(0, 161, 20):
        x = place(load, 1)[0]
        draw.line((x, top, x, height - foot), "#eeeeee")
        draw.text((x - 8, height - foot + 6), "%d %%" % load, "black")
    draw.text((left, height - 22), "offered load, of the capacity; 95th percentile of the answers", "black")
    for kind, color in zip(dict.fromkeys(row.kind for row in rows), ("#0072b2", "#d55e00", "#009e73", "#000000")):
        points = [place(row.load, row.p95) for row in rows
                  if row.kind == kind and row.load and row.p95 == row.p95]
        draw.line(points, color, 3)
        draw.text((points[-1][0] + 8, points[-1][1] - 6), kind, color)
    image.save(path)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--binary", default="build/upscaled")
    p.add_argument("--seconds", type=float, default=15, help="of each row")
    p.add_argument("--plot", metavar="FILE.png")
    a = p.parse_args()
    server, rows = Server(a.binary), []
    print("| picture | load, % | requests/s | p50, ms | p95, ms | p99, ms | queue, ms | refused, % | "
          "Retry-After up to, s | served then, % |\n" + "|---" * 10 + "|")
    try:
        for kind, mix in [*((name, {name: 1}) for name in SIZES), ("mixed", MIXED)]:
            top = capacity(server, mix, a.seconds / 2)
            for load in (*LOADS[:-1], None, LOADS[-1]):  # who does not come back is promised a time too
                rows.append(measure(server, kind, mix, load, top, a.seconds))
                show(rows[-1])
    finally:
        server.process.terminate()
        server.process.wait()
    if a.plot:
        plot(rows, a.plot)


if __name__ == "__main__":
    main()
