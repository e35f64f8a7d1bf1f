"""load.py ADDRESS PORT CLIENTS - uploads pictures until standard input ends; then prints as JSON:

    answered   200 with the bytes that the picture has
    refused    what else was answered, by code
    failed     when those that were refused began (time.monotonic)
    lost       connections that broke: when each such request began and ended (time.monotonic)

Half of the clients keep their connections. Pictures have about 2 and 200 kB. An idle connection that is
closed before the first byte of an answer counts as lost too, because a proxy in front has no reason to
close it."""
import collections
import http.client
import json
import os
import random
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import SIGNATURE, chunk, header, png  # noqa: E402


def noise(side):
    """Returns a gray picture that nothing can compress."""
    rng = random.Random(side)
    rows = b"".join(b"\0" + rng.randbytes(side) for _ in range(side))
    return (SIGNATURE + header(side, side, 0) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


ADDRESS, PORT, CLIENTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PICTURES = [png(40, 30), noise(40), noise(450)]
DONE = threading.Event()
answered, refused, lost, failed = collections.Counter(), collections.Counter(), [], []
wanted, lock = {}, threading.Lock()


def once(connection, number, keep):
    """Whether the connection can be used again."""
    begun = time.monotonic()
    try:
        connection.request("POST", "/v1/upscale", PICTURES[number],
                           {} if keep else {"Connection": "close"})
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, http.client.HTTPException) as why:
        with lock:
            lost.append([begun, time.monotonic(), type(why).__name__])
        return False
    with lock:
        if reply.status != 200:
            refused["%d %s" % (reply.status, body[:60].decode("latin-1"))] += 1
            failed.append(begun)
        elif wanted.setdefault(number, body) != body:
            refused["other bytes"] += 1
        else:
            answered[number] += 1
    return keep and not reply.will_close


def client(seed):
    choose, connection, keep = random.Random(seed), None, seed % 2 == 0
    while not DONE.is_set():
        connection = connection or http.client.HTTPConnection(ADDRESS, PORT, timeout=60)
        if not once(connection, choose.randrange(len(PICTURES)), keep):
            connection.close()
            connection = None


threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
for thread in threads:
    thread.start()
sys.stdin.read()
DONE.set()
for thread in threads:
    thread.join()
print(json.dumps({"answered": sum(answered.values()), "refused": refused, "lost": lost, "failed": failed}))
