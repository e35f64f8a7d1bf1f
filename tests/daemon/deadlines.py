"""deadlines.py - slow clients, which send headers or bodies or read slowly; clients that leave;
requests that wait in the queue for too long."""
import os
import socket
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from busy import block, busy  # noqa: E402
from daemon import (DEADLINE, Daemon, claim, equal, flat_png, png, png_of_bytes, request,  # noqa: E402
                    run_claims, wait_until)
from held_clock import daemon_with_held_clock  # noqa: E402

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


STEP = 4096  # the memory of a small body is a multiple of it


class Body:
    """An upload in steps, each of which has arrived when send() returns."""

    def __init__(self, d, client, steps):
        self.d, self.client, self.steps = d, client, 0
        self.rest = request("POST", "/v1/upscale", png_of_bytes(STEP * steps + 1))
        self.take(len(self.rest) - STEP * steps)  # with one byte, so that each step ends with a first one

    def take(self, count):
        self.client.send(self.rest[:count])
        self.rest = self.rest[count:]

    def send(self):
        self.take(STEP)
        self.steps += 1
        wait_until(lambda: self.d.health()["memory"]["bodies"] == (self.steps + 1) * STEP,
                   "all of the step has arrived")


@claim
def a_body_at_the_least_rate_may_take_longer():
    with daemon_with_held_clock("--body-timeout", "4", "--min-rate", str(STEP // 4)) as (d, clock), \
            d.connect() as client:
        body = Body(d, client, 5)
        for _ in range(4):
            body.send()
            clock.advance(4)
        body.take(STEP)
        client.read_reply().expect(200)


@claim
def a_body_below_the_least_rate_may_not():
    with daemon_with_held_clock("--body-timeout", "4", "--min-rate", str(STEP // 4 + 1)) as (d, clock), \
            d.connect() as client:
        Body(d, client, 5).send()
        clock.advance(3.9)
        equal(d.health()["memory"]["bodies"], 2 * STEP, "until its deadline")
        clock.advance(0.1)
        client.read_reply().expect(408, "timeout")


LARGE = flat_png(4800, 4800), "?compression=0&scale=1"  # 23 MB, more than the buffers of a socket hold


def begin_large_reply(client):
    """Asks for more than the buffers of a socket hold, and reads the head of the answer."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.send(request("POST", "/v1/upscale" + LARGE[1], LARGE[0]))
    return int(client.read_head()[1]["content-length"])


def is_cut_off(client, length):
    try:
        client.read_bytes(length)
        return False
    except (EOFError, ConnectionResetError):
        return True


@claim
def a_reader_that_stops_is_ended():
    with daemon_with_held_clock("--write-timeout", "5", "--min-rate", "8M") as (d, clock), \
            d.connect() as client:
        length = begin_large_reply(client)
        clock.advance(4.9)
        equal(d.health()["memory"]["replies"] > 20 << 20, True, "until its deadline")
        clock.advance(0.1)
        wait_until(lambda: d.health()["memory"]["replies"] == 0, "it is ended")
        equal(is_cut_off(client, length), True)


@claim
def a_reader_that_drips_is_ended_and_one_at_the_least_rate_is_not():
    """One takes a few KiB in the time of the deadline, the other one twenty times of what it must."""
    for part, ended in ((4096, True), (4 << 20, False)):
        with daemon_with_held_clock("--write-timeout", "2", "--min-rate", "100K") as (d, clock), \
                d.connect() as client:
            length = begin_large_reply(client)
            for _ in range(1 if ended else 4):
                client.read_bytes(part)
                length -= part
                clock.advance(2)
            equal(is_cut_off(client, length), ended, "parts of %d bytes" % part)


@claim
def who_was_queued_and_waits_for_too_long_is_told_so():
    """The timeout is far above what any picture is expected to take, so the second one may wait."""
    seconds = 80000
    with daemon_with_held_clock("--max-running", "1", "--queue-timeout", str(seconds)) as (d, clock), \
            d.connect() as second:
        with block(d):
            second.send(request("POST", "/v1/upscale", png()))
            busy(d, 1, 1)
            clock.advance(seconds - 1)
            busy(d, 1, 1)
            clock.advance(1)
            reply = second.read_reply().expect(503, "busy")
            equal(reply.problem()["option"], "queue-timeout")
            equal(int(reply.headers["retry-after"]) >= 1, True)
            equal("waited for %d s" % seconds in reply.problem()["detail"], True)
            busy(d, 1)
        wait_until(lambda: d.health()["memory"]["bodies"] == 0, "the first one leaves")
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
