#!/usr/bin/python3
"""Measures how many requests per second the daemon answers, compared with the engine alone.

wrk sends 64x64 pictures over 8 persistent connections. Then two clients send 1920x1080 pictures at
the same time. The figure of the engine alone is that of `upscaled bench` on one thread, times the
number of threads."""
import argparse
import http.client
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from PIL import Image

from picture import picture

HERE = os.path.dirname(os.path.abspath(__file__))
LUA = """local f = io.open("%s", "rb")
wrk.method, wrk.body = "POST", f:read("*a")
"""


def png(width, height):
    out = io.BytesIO()
    Image.fromarray(picture(width, height, 3)).save(out, "png")
    return out.getvalue()


def post(connection, body):
    connection.request("POST", "/v1/upscale", body)
    answer = connection.getresponse()
    data = answer.read()
    if answer.status != 200 or not data.startswith(b"\x89PNG"):
        sys.exit(f"answered {answer.status}: {data[:300]}")


def wrk(port, body, seconds):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/in.png", "wb") as f:
            f.write(body)
        with open(folder + "/post.lua", "w") as f:
            f.write(LUA % (folder + "/in.png"))
        text = subprocess.run(
            ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-s", folder + "/post.lua",
             f"http://127.0.0.1:{port}/v1/upscale"],
            stdout=subprocess.PIPE, check=True).stdout.decode()
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(text)
    return (float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
            re.search(r"99%\s+(\S+)", text).group(1))


def at_once(port, body, clients, each):
    """Returns the answers per second to that many clients, each with a connection of its own."""
    def send(requests):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(requests):
            post(connection, body)
    send(1)
    threads = [threading.Thread(target=send, args=(each,)) for _ in range(clients)]
    begun = time.perf_counter()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return clients * each / (time.perf_counter() - begun)


def engine(binary, size):
    """Returns the colour pictures per second that one thread enlarges."""
    text = subprocess.run([binary, "bench", "--json", "--size", size, "--threads", "1"],
                          stdout=subprocess.PIPE, check=True).stdout
    return 1e3 / {s["name"]: s["ms"] for s in json.loads(text)["stages"]}["network and colour"]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--binary", default=os.path.join(HERE, "../../build/upscaled"))
    p.add_argument("--seconds", type=int, default=8)
    p.add_argument("serve", nargs="*", help="further words for `upscaled serve`, after --")
    a = p.parse_args()
    cpus = len(os.sched_getaffinity(0))
    alone = engine(a.binary, "64x64") * cpus
    server = subprocess.Popen([a.binary, "serve", "--listen", "127.0.0.1:0", *a.serve],
                              stdout=subprocess.PIPE)
    try:
        port = int(re.search(rb":(\d+)\s*$", server.stdout.readline()).group(1))
        small = png(64, 64)
        post(http.client.HTTPConnection("127.0.0.1", port), small)
        rate, late = wrk(port, small, a.seconds)
        print(f"64x64, 8 clients: {rate:.0f} a second, 99 % within {late}; the engine alone "
              f"{alone:.0f} ({100 * rate / alone:.0f} %)")
        print(f"1920x1080, 2 at once: {at_once(port, png(1920, 1080), 2, 10):.2f} a second")
        with open(f"/proc/{server.pid}/status") as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        print(f"peak memory {peak / 1024:.0f} MiB")
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
