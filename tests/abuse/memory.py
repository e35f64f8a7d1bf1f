"""memory.py - ten times more pictures than fit, under a memory control group of the kernel. The
kernel must kill no process, and resident memory must stay below --memory-limit, which follows from
the group.

  tests/abuse/memory.py [MIB] [SECONDS]      256 and 20 by default; as root, for cgroups of
                                             version 1 or 2
"""
import os
import random
import struct
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import daemon  # noqa: E402
from daemon import SIGNATURE, Daemon, chunk, header, png  # noqa: E402


class Group:
    def __init__(self, bytes_):
        v1 = os.path.isdir("/sys/fs/cgroup/memory")
        self.path = "/sys/fs/cgroup/%supscaled-test-%d" % ("memory/" if v1 else "", os.getpid())
        self.limit_file = "memory.limit_in_bytes" if v1 else "memory.max"
        self.peak_file = "memory.max_usage_in_bytes" if v1 else "memory.peak"
        os.mkdir(self.path)
        self.write(self.limit_file, bytes_)

    def write(self, name, value):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(str(value))

    def read(self, name):
        with open(os.path.join(self.path, name)) as file:
            return int(file.read())

    def remove(self):
        os.rmdir(self.path)


def noise(width, height, color, seed):
    """Returns pixels that nothing can compress, so that body and reply are as large as possible."""
    channels = daemon.CHANNELS[color]
    rows = b"".join(b"\0" + random.Random(seed + y).randbytes(width * channels)
                    for y in range(height))
    return (SIGNATURE + header(width, height, color) + chunk(b"IDAT", zlib.compress(rows, 1)) +
            chunk(b"IEND", b""))


def resident(pid):
    for line in open("/proc/%d/status" % pid):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def main():
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    group = Group(mib << 20)
    shell = os.path.abspath(daemon.BINARY)
    wrapper = "/tmp/upscaled-in-group-%d" % os.getpid()
    with open(wrapper, "w") as file:
        file.write("#!/bin/sh\necho $$ >%s/cgroup.procs\nexec %s \"$@\"\n" % (group.path, shell))
    os.chmod(wrapper, 0o700)
    daemon.BINARY = wrapper
    pictures = [noise(800, 600, 2, 1), noise(700, 500, 6, 2), noise(1600, 1000, 0, 3),
                noise(300, 200, 2, 4), png(50, 40)]
    statuses, most, stop = {}, 0, threading.Event()
    lock = threading.Lock()

    def client(number):
        choose = random.Random(number)
        while not stop.is_set():
            try:
                reply = d.upscale(choose.choice(pictures), "?compression=%d" % choose.choice((0, 6)))
                what = reply.status if reply.status == 200 else reply.problem()["code"]
            except (OSError, EOFError) as why:
                what = type(why).__name__
            with lock:
                statuses[what] = statuses.get(what, 0) + 1

    try:
        with Daemon("--queue", "20", "--log-format", "off") as d:
            limit = int([w for w in d.log().split() if w.isdigit()][0]) << 20
            threads = [threading.Thread(target=client, args=(n,)) for n in range(60)]
            for thread in threads:
                thread.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end and d.process.poll() is None:
                most = max(most, resident(d.process.pid))
                time.sleep(0.02)
            stop.set()
            for thread in threads:
                thread.join()
            d.upscale(png()).expect(200)
            left = d.health()["memory"]
        print("group %d MiB, --memory-limit %d MiB: resident at most %d MiB, the group's peak %d MiB; %s"
              % (mib, limit >> 20, most >> 20, group.read(group.peak_file) >> 20, statuses))
        print("left afterwards: %s" % left)
        good = most <= limit and left["work"] == 0 and left["bodies"] == 0 and statuses.get(200, 0)
        return 0 if good else 1
    finally:
        os.unlink(wrapper)
        group.remove()


if __name__ == "__main__":
    sys.exit(main())
