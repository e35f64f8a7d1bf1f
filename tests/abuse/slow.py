"""slow.py - thousands of clients that send headers or bodies slowly, or do not read, and their
effect on others. The p99 of good clients must stay within 1.5 times once all slow clients are
there, and every slow client must be disconnected at its deadline, +- 0.5 s.

  tests/abuse/slow.py [CONNECTIONS [SECONDS [headers|bodies|reads]]]      10000, 12 and all by
                                                                          default

The crowd of slow clients is a process of its own, which connects over some seconds. Each of its
connections sends, or reads, one byte per second. It sees by epoll when the server closes a
connection: clients that do not read have sent more than the server reads at once, so the system
resets the connection.

Clients and server share the processors, and ten thousand connections are work for the crowd too. So
the times of the good clients are measured three times: without a crowd, while the same crowd keeps
a sink busy that only accepts connections, and while the crowd is connected to the server. The last
two are compared.
"""
import contextlib
import multiprocessing
import os
import resource
import select
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, png, png_of_bytes, request  # noqa: E402

GOOD = png(64, 48)
TICK, TURNS = 0.02, 50  # each connection acts once a second


def percentiles(times):
    times = sorted(times)
    return times[len(times) // 2] * 1000, times[int(len(times) * .99)] * 1000


def good_client(d, seconds):
    """Returns the median and the p99, in ms, of whole requests."""
    times, end = [], time.monotonic() + seconds
    with d.connect() as client:
        message = request("POST", "/v1/upscale", GOOD)
        while time.monotonic() < end:
            start = time.monotonic()
            client.send(message)
            client.read_reply().expect(200)
            times.append(time.monotonic() - start)
            time.sleep(0.005)
    return percentiles(times)


class Crowd:
    """Connections that send `first`. Then each sends `drip` once a second, or reads a byte."""

    def __init__(self, address, count, rate, first, drip):
        self.address, self.count, self.rate, self.first, self.drip = address, count, rate, first, drip
        self.epoll, self.open, self.begun, self.lasted, self.most = select.epoll(), {}, {}, [], 0

    def join(self):
        s = socket.socket(self.address[0], socket.SOCK_STREAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(self.address[1])
        self.begun[s.fileno()] = time.monotonic()
        s.sendall(self.first)
        s.setblocking(False)
        self.open[s.fileno()] = s
        self.epoll.register(s, select.EPOLLRDHUP)

    def trickle(self, s):
        try:
            if self.drip:
                s.send(self.drip)
            else:
                s.recv(1)
        except OSError:
            pass  # epoll reports it

    def see_ends(self, patience):
        for fd, _ in self.epoll.poll(patience, 20000):
            self.lasted.append(time.monotonic() - self.begun[fd])
            self.epoll.unregister(fd)
            self.open.pop(fd).close()

    def run(self, pipe, seconds):
        """Runs the crowd. Reports how long each connection lasted, and how many there were at the
        same time."""
        end, joined, turn = time.monotonic() + seconds, 0, 0
        while len(self.lasted) < self.count and time.monotonic() < end:
            next_tick, turn = time.monotonic() + TICK, turn + 1
            while joined < min(self.count, turn * self.rate * TICK):
                self.join()
                joined += 1
            self.most = max(self.most, len(self.open))
            for s in [s for fd, s in self.open.items() if fd % TURNS == turn % TURNS]:
                self.trickle(s)
            while True:
                rest = next_tick - time.monotonic()
                self.see_ends(max(rest, 0))
                if rest <= 0:
                    break
        pipe.send((self.lasted, self.most))


def rss_mb(d):
    for line in open("/proc/%d/status" % d.process.pid):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def sink(listener, first):
    """Accepts connections, sends `first`, and neither reads nor closes."""
    kept = []
    while True:
        s, _ = listener.accept()
        s.setblocking(False)
        with contextlib.suppress(OSError):
            s.send(first)
        kept.append(s)


@contextlib.contextmanager
def running(target, *arguments):
    process = multiprocessing.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def beside(d, crowd, seconds):
    """Finds the times of a good client while the crowd connects, and once it is there, and then the
    figures of the crowd."""
    ours, theirs = multiprocessing.Pipe()
    with running(crowd.run, theirs, 1.6 * seconds + 10):
        _, coming = good_client(d, 0.6 * seconds)
        middle, there = good_client(d, 0.35 * seconds)
        yield coming, middle, there, rss_mb(d)
        yield ours.recv()


def attack(name, count, seconds, first, drip, options):
    rate = count / (0.6 * seconds)
    with Daemon("--connections", "19000", "--log-format", "off", *options) as d:
        d.upscale(GOOD).expect(200)
        middle, before = good_client(d, 5)
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        with running(sink, listener, b"" if drip else bytes(100000)):
            crowd = Crowd((socket.AF_INET, listener.getsockname()), count, rate, first[:30000], drip)
            _, _, control, _ = next(beside(d, crowd, seconds))
        listener.close()
        watch = beside(d, Crowd(d.addresses[0], count, rate, first, drip), seconds)
        coming, middle_during, during, rss = next(watch)
        lasted, most = next(watch)
        d.upscale(GOOD).expect(200)
        lasted.sort()
        good = (during <= 1.5 * max(before, control) and len(lasted) == count and
                seconds - 0.5 <= lasted[0] and lasted[-1] <= seconds + 0.5)
        print("%-8s %d connections, %d at once, RSS %.0f MB; good p50 %.1f -> %.1f ms, p99 %.1f "
              "alone, %.1f beside the crowd elsewhere, %.1f beside it here (%.1f as they came); %d "
              "closed after %.2f to %.2f s (deadline %g): %s"
              % (name, count, most, rss, middle, middle_during, before, control, during, coming,
                 len(lasted),
                 lasted[0] if lasted else 0, lasted[-1] if lasted else 0, seconds,
                 "ok" if good else "NOT OK"))
        sys.stdout.flush()
        return good


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    body = request("POST", "/v1/upscale", png_of_bytes(20000))[:-19000]
    # for each client that does not read, a hundred kilobytes are made and sent first
    attacks = [("headers", seconds, b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ", b"a", "--header-timeout"),
               ("bodies", seconds, body, b"\0", "--body-timeout"),
               ("reads", 2 * seconds, request("GET", "/openapi.json") * 1000, b"", "--write-timeout")]
    results = [attack(name, count, t, first, drip, [option, str(t)])
               for name, t, first, drip, option in attacks if name in sys.argv[3:] or not sys.argv[3:]]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
