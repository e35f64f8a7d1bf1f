"""refused_early.py - a request that is refused in the middle of its body gets its answer even
behind a proxy: no 502, however much of the body is still to come."""
import os
import socket
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Client, Daemon, claim, equal, request, run_claims  # noqa: E402
from fronts import haproxy, nginx  # noqa: E402

# less than what is discarded (--drain-bytes), more, and far more
LENGTHS = (500000, 3 << 20, 20 << 20)


def refused(address):
    for length in LENGTHS:
        for _ in range(3):
            with Client((socket.AF_INET, address)) as client:
                client.send_until_refused(request("POST", "/v1/upscale",
                                                  b"\xff\xd8\xff\xe0" + bytes(length)))
                problem = client.read_reply().expect(415, "not_png").problem()
                equal("JPEG" in problem["detail"], True, problem["detail"])


@claim
def by_itself():
    with Daemon() as d:
        refused(d.addresses[0][1])


@claim
def behind_haproxy():
    with Daemon() as d, haproxy(d) as address:
        refused(address)


@claim
def behind_nginx():
    with Daemon() as d, nginx(d, "on") as address:
        refused(address)


@claim
def behind_nginx_that_does_not_buffer():
    with Daemon() as d, nginx(d, "off") as address:
        refused(address)


run_claims()
