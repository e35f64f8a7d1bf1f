"""deadlines.py - slow clients, which send headers or bodies or read slowly; clients that leave;
requests that wait in the queue for too long."""
import json
import math
import os
import signal
import socket
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (DEADLINE, Daemon, claim, equal, flat_png, png, png_of_bytes, request,  # noqa: E402
                    run_claims, wait_until)
from preload import sanitized  # noqa: E402

ROUNDING = 0.01


def timed_out(client, option, seconds, drip=b""):
    """The 408 that names the option arrives, and not too early, however often bytes are sent. How
    late it arrives depends on the load of the machine; tests/abuse/slow.py measures it."""
    start = time.monotonic()
    client.socket.settimeout(0.05)
    while True:
        try:
            client.pending += client.socket.recv(4096)
            break
        except socket.timeout:
            client.send_until_refused(drip)
        equal(time.monotonic() - start < DEADLINE, True, "it is ended at all")
    took = time.monotonic() - start
    client.socket.settimeout(DEADLINE)
    problem = client.read_reply().expect(408, "timeout").problem()
    equal(problem["option"], option)
    equal("--" + option in problem["detail"], True, problem["detail"])
    equal(client.is_closed(), True)
    equal(took >= seconds - ROUNDING, True, "%.2f s" % took)


@claim
def dripping_headers_end_at_their_deadline():
    with Daemon("--header-timeout", "2") as d, d.connect() as client:
        client.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        timed_out(client, "header-timeout", 2, b"a")


@claim
def dripping_bodies_end_at_their_deadline():
    with Daemon("--body-timeout", "2") as d, d.connect() as client:
        client.send(request("POST", "/v1/upscale", png_of_bytes(9000))[:-8000])
        timed_out(client, "body-timeout", 2, b"\0")


@claim
def a_body_at_the_least_rate_may_take_longer():
    """This fails only on a machine that stands still for two of the three seconds."""
    with Daemon("--body-timeout", "3", "--min-rate", "1") as d, d.connect() as client:
        whole = request("POST", "/v1/upscale", png_of_bytes(10000))
        for at in range(0, len(whole), 500):
            client.send(whole[at:at + 500])
            time.sleep(0.2)
        client.read_reply().expect(200)


LARGE = flat_png(4800, 4800), "?compression=0&scale=1"  # 23 MB, more than the buffers of a socket hold


@claim
def a_reader_that_stops_is_ended():
    with Daemon("--write-timeout", "5", "--min-rate", "8M") as d, d.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        start = time.monotonic()
        client.send(request("POST", "/v1/upscale" + LARGE[1], LARGE[0]))
        wait_until(lambda: d.health()["memory"]["replies"] > 20 << 20, "the reply is on its way")
        wait_until(lambda: d.health()["memory"]["replies"] == 0, "it is ended")
        took = time.monotonic() - start
        equal(took >= 5 - ROUNDING, True, "%.2f s" % took)
        try:
            client.read_reply()
            raise AssertionError("it came whole")
        except (EOFError, ConnectionResetError):
            pass


@claim
def a_reader_that_drips_is_ended_and_one_at_the_least_rate_is_not():
    """The client at the least rate takes twenty times as much, so that a busy machine does not
    matter."""
    with Daemon("--write-timeout", "2", "--min-rate", "100K") as d:
        for pause, size, whole in ((0.1, 4096, False), (0.007, 65536, True)):
            with d.connect() as client:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                client.send(request("POST", "/v1/upscale" + LARGE[1], LARGE[0]))
                got = 0
                try:
                    while got < 23040000:
                        data = client.socket.recv(size)
                        if not data:
                            break
                        got += len(data)
                        time.sleep(pause)
                except ConnectionResetError:
                    pass
                equal(got >= 23040000, whole, "%d bytes with pauses of %g s" % (got, pause))


@claim
def who_was_queued_and_waits_for_too_long_is_told_so():
    """The running request is expected to end in time, so the next one may wait. Then nothing goes
    on until it has waited for too long."""
    picture, query = flat_png(*[300 if sanitized() else 2000] * 2), "?scale=4&model=photo-hq"
    with Daemon() as d:
        reply = d.ask("POST", "/v1/estimate" + query, picture).expect(200)
        seconds = max(2, math.ceil(json.loads(reply.body)["expected_seconds"]))
    with Daemon("--max-running", "1", "--queue-timeout", str(seconds),
                "--work-timeout", "86400") as d, d.connect() as first, d.connect() as second:
        first.send(request("POST", "/v1/upscale" + query, picture))
        wait_until(lambda: d.health()["running"] == 1, "one is in work")
        second.send(request("POST", "/v1/upscale", png()))
        wait_until(lambda: d.health()["waiting"] == 1, "one waits")
        d.signal(signal.SIGSTOP)
        time.sleep(seconds)
        d.signal(signal.SIGCONT)
        reply = second.read_reply().expect(503, "busy")
        equal(reply.problem()["option"], "queue-timeout")
        equal(int(reply.headers["retry-after"]) >= 1, True)
        equal("waited for %d s" % seconds in reply.problem()["detail"], True)
        first.read_reply().expect(200)
        equal(d.health()["memory"]["bodies"], 0)
        d.upscale(png()).expect(200)


@claim
def the_work_for_a_client_that_leaves_is_cancelled():
    with Daemon("--work-timeout", "86400") as d:
        client = d.connect()
        client.send(request("POST", "/v1/upscale?scale=8&model=photo-hq", flat_png(1500, 1500)))
        wait_until(lambda: d.health()["running"] == 1, "it is in work")
        client.socket.close()
        wait_until(lambda: d.health()["running"] == 0, "it is cancelled")
        wait_until(lambda: b"\nupscaled_cancelled_total 1\n" in d.ask("GET", "/metrics").body,
                   "it is counted")
        for use in ("bodies", "work", "replies"):
            equal(d.health()["memory"][use], 0, use)
        d.upscale(png()).expect(200)


run_claims()
