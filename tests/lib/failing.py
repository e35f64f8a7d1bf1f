"""failing.py - makes allocations of a daemon fail in turn (fail_malloc.c), and judges its answers.

A test that uses it takes the argument `all`: then every allocation fails once, else a sample."""
import contextlib
import itertools
import json
import mmap
import os
import random
import struct
import sys
import tempfile
import time

from daemon import Daemon, equal, wait_until
from held_clock import Clock
from preload import compiled

ALL = sys.argv[1:] == ["all"]
NEVER = 1 << 40


def sample(count, tried):
    """Returns the allocations to fail: all, or the first and last ones and some between, `tried` in
    all."""
    if ALL or count <= tried:
        return range(count)
    chance = random.Random(int(os.environ.get("TEST_SEED", "1")))
    ends = {*range(tried // 10), *range(count - 3 * tried // 10, count)}
    return sorted(ends | set(chance.sample(range(count), tried - len(ends))))


class Order:
    """Controls what fails of a process: its allocations, or the files that it opens (fail_open.c)."""

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as file:
            file.write(struct.pack("qq", -1, 0))
            file.flush()
            self.map = mmap.mmap(file.fileno(), 16)
        self.words = memoryview(self.map).cast("q")

    @contextlib.contextmanager
    def fail(self, nth):
        """While this lasts, the nth of them fails. Gives a list, which then has what is left of n:
        negative if it did fail."""
        left = []
        self.words[0] = nth
        try:
            yield left
        finally:
            left.append(self.words[0])
            self.words[0] = -1

    def live(self):
        return self.words[1]


@contextlib.contextmanager
def running(*options, held=False):
    """Gives a daemon, and the Order of its allocations. `held`: its clock stands still."""
    with tempfile.TemporaryDirectory() as folder:
        libraries = [compiled("fail_malloc", folder)] + [compiled("held_clock", folder)] * held
        order, clock = Order(folder + "/order"), Clock(folder + "/clock")
        with Daemon(*options, environment={"LD_PRELOAD": ":".join(libraries),
                                           "FAIL_MALLOC": order.path, "HELD_CLOCK": clock.path}) as d:
            yield d, order


def read_answer(client, message, method="GET"):
    """Sends the message. Returns the answer behind interim ones."""
    client.send(message)
    reply = client.read_reply(method)
    return client.read_reply(method) if reply.status == 100 else reply


def answer_or_none(d, exchange):
    """Calls `exchange` with a new connection. Returns its reply, or None if the connection was closed
    without one."""
    with d.connect() as client:
        try:
            return exchange(client)
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
    kind, same = reply.headers.get("content-type", ""), reply.body
    if reply.body and "json" in kind:
        same = keys_of(json.loads(reply.body))
    elif kind.startswith("text/plain"):  # metrics; counts come and go
        same = [line for line in reply.body.splitlines() if line.startswith(b"#")]
    return reply.status, sorted(reply.headers), same


def judge(reply, good, what):
    """Checks that there is no answer, the good one, or a problem that says that memory is out."""
    if reply and reply.status == 503:
        equal("retry-after" in reply.headers, True, "Retry-After of " + what)
        if reply.body:  # HEAD has none
            equal(reply.problem()["code"], "out_of_memory", what)
    elif reply:
        equal(content(reply), good, what)


def budget_is_whole(d):
    return sum(d.health()["memory"][use] for use in ("bodies", "work", "replies")) == 0


def settle(d, order):
    """Returns the number of live blocks when nothing of a request is left."""
    wait_until(lambda: budget_is_whole(d), "the budget is whole")
    least, since = order.live(), time.monotonic()
    while time.monotonic() < since + 0.3:  # the library closes its end a little later
        if order.live() < least:
            least, since = order.live(), time.monotonic()
        time.sleep(0.005)
    return least


def fail_each(d, order, case, tried):
    """Fails allocations of the case in turn: all, or `tried` of them. A case takes the daemon and a
    function that it calls once with an exchange, and returns what that returns: an answer or None.
    Returns how many allocations there were, and how often each status was seen."""
    def with_failing(nth):
        left = []

        def trial(exchange):
            with order.fail(nth) as rest:
                reply = answer_or_none(d, exchange)
            left.extend(rest)
            return reply
        return case(d, trial), left[0]

    good, left = with_failing(NEVER)
    good, count, seen = content(good), NEVER - left, {}
    for nth in itertools.count() if ALL else sample(count, tried):
        reply, left = with_failing(nth)
        what = "the answer with allocation %d failing" % nth
        if left >= 0:
            equal(content(reply), good, "the answer with none failing")
            if ALL and nth >= count:
                break
            continue
        judge(reply, good, what)
        status = reply and reply.status
        seen[status] = seen.get(status, 0) + 1
        equal(content(with_failing(NEVER)[0]), good, "the next one after " + what)
    return count, seen
