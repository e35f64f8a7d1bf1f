"""no_memory.py - every allocation of a request fails in turn, in our code and in the libraries
(fail_malloc.c). The answer is complete or absent, the next one is good, and no memory is lost."""
import contextlib
import json
import mmap
import os
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (Daemon, chunk, claim, equal, flat_png, form, png, request,
                    run_claims, wait_until)  # noqa: E402
from preload import compiled  # noqa: E402

TEXT = chunk(b"tEXt", b"Comment\0" + b"x" * 100)
WITH_TEXT = (lambda p: p[:33] + TEXT + p[33:])(png(24, 16))
FORM_HEADERS, FORM_BODY = form(("image", "a.png", png(9, 7)))
REQUESTS = [
    ("a picture", request("POST", "/v1/upscale", WITH_TEXT), 200),
    ("one by a form", request("POST", "/v1/upscale", FORM_BODY, FORM_HEADERS), 200),
    ("other sizes", request("POST", "/v1/upscale?scale=3&depth=16&edge=wrap", png(11, 5)), 200),
    ("an estimate", request("POST", "/v1/estimate", png(24, 16)), 200),
    ("no picture", request("POST", "/v1/upscale", b"GIF89a" + bytes(40)), 415),
    ("models", request("GET", "/v1/models"), 200),
    ("limits", request("GET", "/v1/limits"), 200),
    ("health", request("GET", "/health"), 200),
    ("metrics", request("GET", "/metrics"), 200),
    ("nothing", request("GET", "/nothing"), 404),
]


class Order:
    """Controls the allocations of the daemon."""

    def __init__(self, path):
        with open(path, "w+b") as file:
            file.write(b"\xff" * 8 + bytes(8))
            file.flush()
            self.map = mmap.mmap(file.fileno(), 16)
        self.words = memoryview(self.map).cast("q")

    def fail(self, nth):
        self.words[0] = nth

    def rest(self):
        """Takes the order back. Returns whether it was carried out."""
        done = self.words[0] < 0
        self.words[0] = -1
        return done

    def live(self):
        return self.words[1]


@contextlib.contextmanager
def running(*options):
    with tempfile.TemporaryDirectory() as folder:
        library = compiled("fail_malloc", folder)
        order = Order(folder + "/order")
        with Daemon(*options, environment={"LD_PRELOAD": library,
                                           "FAIL_MALLOC": folder + "/order"}) as d:
            yield d, order


def ask(d, message):
    """Returns the answer, or None if the connection was closed without one."""
    with d.connect() as client:
        try:
            client.send(message)
            return client.read_reply()
        except (ConnectionResetError, BrokenPipeError):
            return None
        except EOFError as why:
            if client.pending or "truncated" in str(why):
                raise
            return None


def keys_of(value):
    if isinstance(value, dict):
        return {key: keys_of(inner) for key, inner in value.items()}
    return [keys_of(inner) for inner in value] if isinstance(value, list) else None


def content(reply):
    """Returns the parts of a reply that are the same each time."""
    kind = reply.headers["content-type"]
    if "json" in kind:
        return reply.status, keys_of(json.loads(reply.body))
    if kind.startswith("text/plain"):  # metrics; counts come and go
        return reply.status, [line for line in reply.body.splitlines() if line.startswith(b"#")]
    return reply.status, reply.body


def settle(d, order):
    """Waits until nothing of a request is left. Returns the number of live blocks."""
    wait_until(lambda: sum(d.health()["memory"][use] for use in ("bodies", "work", "replies")) == 0,
               "the budget is whole")
    least, since = order.live(), time.monotonic()
    while time.monotonic() < since + 0.3:  # the library closes its end a little later
        if order.live() < least:
            least, since = order.live(), time.monotonic()
        time.sleep(0.005)
    return least


def fail_each(d, order, message):
    """Fails the first allocation, then the second, and so on, until a request needs no more.
    Returns the results."""
    good, seen = content(ask(d, message)), {}
    for nth in range(20000):
        order.fail(nth)
        reply = ask(d, message)
        if not order.rest():
            equal(content(reply), good, "with nothing failing")
            return nth, seen
        if reply and reply.status in (500, 503):
            reply.problem()
        elif reply:
            equal(content(reply), good, "the answer at %d" % nth)
        status = reply and reply.status
        seen[status] = seen.get(status, 0) + 1
        equal(content(ask(d, message)), good, "the next one, at %d" % nth)
    raise AssertionError("no end")


@claim
def any_allocation_may_fail():
    with running("--log-format", "json") as (d, order):
        for _, message, wanted in REQUESTS * 3:
            ask(d, message).expect(wanted)
        before = settle(d, order)
        for about, message, _ in REQUESTS:
            count, seen = fail_each(d, order, message)
            after = settle(d, order)
            print("# %s: %d allocations, %s; %d blocks, then %d"
                  % (about, count, seen, before, after))
            equal(count >= 5, True, "allocations of " + about)
            equal(after <= before + 8, True, "nothing is lost")
        d.upscale(flat_png(300, 200)).expect(200)


run_claims()
