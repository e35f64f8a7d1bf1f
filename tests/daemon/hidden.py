"""hidden.py - hundreds of raw requests with a second one hidden inside (raw_requests.py), sent to
the daemon itself, and through HAProxy and nginx if they are installed. The log of the daemon shows
which requests it executed, whatever it sent back: a proxy marks each request that it knows of."""
import concurrent.futures
import contextlib
import json
import os
import socket
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Client, Daemon, claim, equal, png, request, run_claims, wait_until  # noqa: E402
from fronts import haproxy, nginx  # noqa: E402
from raw_requests import cases  # noqa: E402

QUIET = 0.4  # seconds without an answer after which a client leaves


def send(address, data):
    """Sends the bytes, and reads until the other side closes or has been quiet for a while."""
    with contextlib.suppress(OSError), socket.create_connection(address) as client:
        client.settimeout(QUIET)
        client.sendall(data)
        while client.recv(65536):
            pass


def numbered():
    """Yields (about, bytes), where the hidden request names its case."""
    for number, (about, data) in enumerate(cases()):
        yield about, data.replace(b"?hidden", b"?%06d" % number)


def send_all(d, address):
    """Sends all cases. Returns the log entries of the requests that were executed meanwhile."""
    before = len(d.lines)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda case: send(address, case[1]), numbered()))
    with Client((socket.AF_INET, address)) as client:  # the proxy in front still runs
        client.send(request("POST", "/v1/upscale", png(), [("Connection", "close")]))
        client.read_reply().expect(200)
    d.upscale(png(), headers=[("X-Request-ID", "the-last")]).expect(200)
    wait_until(lambda: any('"the-last"' in line for line in d.lines), "the log is whole")
    entries = [json.loads(line) for line in d.lines[before:]]
    return [entry for entry in entries if entry["id"] != "the-last"]


def hidden_ones(entries):
    """Returns the cases behind which executed requests were hidden."""
    names = [about for about, _ in cases()]
    return {names[int(entry["target"][7:])] for entry in entries
            if entry.get("target", "").startswith("/livez?")}


def daemon():
    return Daemon("--body-timeout", "2", "--header-timeout", "2", "--idle-timeout", "2",
                  "--drain-timeout", "1")


@claim
def the_daemon_executes_no_hidden_request():
    with daemon() as d:
        equal(hidden_ones(send_all(d, d.addresses[0][1])), set())


@claim
def there_are_more_than_two_hundred_cases():
    equal(len({data for _, data in cases()}) > 200, True)


def none_but_its_own(d, address):
    """Checks that the proxy marked every executed request. Others were hidden from it."""
    entries = send_all(d, address)
    # without a method the head was not complete, and nothing was executed
    equal([e for e in entries if "method" in e and not e["id"].startswith("proxy-")], [])
    print("# %d requests came through" % len(entries))


@claim
def none_is_smuggled_through_haproxy():
    with daemon() as d, haproxy(d) as address:
        none_but_its_own(d, address)


@claim
def none_is_smuggled_through_nginx():
    with daemon() as d, nginx(d, "on") as address:
        none_but_its_own(d, address)


@claim
def none_is_smuggled_through_nginx_that_does_not_buffer():
    with daemon() as d, nginx(d, "off") as address:
        none_but_its_own(d, address)


run_claims()
