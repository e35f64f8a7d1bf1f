"""slow.py - thousands of clients that drip headers or bodies, and what the others notice: good clients' p99 within 1.5 times (or 10 ms), everybody closed at the deadline +- 0.5 s (and the tenth of a second in which this script looks).

  tests/abuse/slow.py [CONNECTIONS] [SECONDS]        10000 and 8 by default
"""
import os
import resource
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../daemon"))
from daemon import Daemon, png, png_of_bytes, request  # noqa: E402

GOOD = png(64, 48)


def p99_of_good(d, seconds):
    times, end = [], time.monotonic() + seconds
    with d.connect() as client:
        message = request("POST", "/v1/upscale", GOOD)
        while time.monotonic() < end:
            start = time.monotonic()
            client.send(message)
            client.read_reply().expect(200)
            times.append(time.monotonic() - start)
            time.sleep(0.005)
    times.sort()
    return times[int(len(times) * .99)] * 1000, times[len(times) // 2] * 1000


class Crowd:
    """Connections that send `first`, then `drip` ten times a second, never reading; when each is
    closed is noted."""

    def __init__(self, d, count, first, drip):
        self.drip, self.begun, self.closed = drip, {}, {}
        for _ in range(count):
            s = socket.socket(d.addresses[0][0], socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(d.addresses[0][1])
            self.begun[s] = time.monotonic()
            s.sendall(first)
            s.setblocking(False)
        self.stop = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        open_ones = list(self.begun)
        while open_ones and not self.stop:
            start, still = time.monotonic(), []
            for s in open_ones:
                if self.is_closed(s):
                    self.closed[s] = time.monotonic() - self.begun[s]
                    s.close()
                else:
                    still.append(s)
            open_ones = still
            time.sleep(max(0.0, 0.1 - (time.monotonic() - start)))
        for s in open_ones:
            s.close()

    def is_closed(self, s):
        try:
            s.send(self.drip)
            while True:
                if not s.recv(65536):
                    return True
        except BlockingIOError:
            return False
        except OSError:
            return True

    def end(self, patience):
        self.thread.join(patience)
        self.stop = True
        self.thread.join()
        return sorted(self.closed.values()), len(self.begun)


def rss_mb(d):
    for line in open("/proc/%d/status" % d.process.pid):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024


def attack(name, count, seconds, first, drip, options):
    with Daemon("--connections", "19000", "--log-format", "off", *options) as d:
        d.upscale(GOOD).expect(200)
        before, middle = p99_of_good(d, 3)
        crowd = Crowd(d, count, first, drip)
        during, middle_during = p99_of_good(d, 3)
        rss = rss_mb(d)
        closed, all_of_them = crowd.end(seconds + 30)
        good = (during <= max(1.5 * before, before + 10) and len(closed) == all_of_them and
                seconds - 0.5 <= closed[0] and closed[-1] <= seconds + 0.5 + 0.2)
        print("%-8s %d connections, RSS %.0f MB; good p50 %.1f -> %.1f ms, p99 %.1f -> %.1f ms; "
              "%d of %d closed after %.2f to %.2f s (deadline %g): %s"
              % (name, count, rss, middle, middle_during, before, during, len(closed), all_of_them,
                 closed[0] if closed else 0, closed[-1] if closed else 0, seconds,
                 "ok" if good else "NOT OK"))
        sys.stdout.flush()
        return good


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    t = str(seconds)
    body = request("POST", "/v1/upscale", png_of_bytes(20000))[:-19000]
    ok = [attack("headers", count, seconds, b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ", b"a",
                 ["--header-timeout", t]),
          attack("bodies", count, seconds, body, b"\0", ["--body-timeout", t])]
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
