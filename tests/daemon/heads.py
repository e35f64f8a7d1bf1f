"""heads.py - request heads that cannot be read, that are too long, or that never end, and bodies
whose chunks cannot be read. Each gets one answer, of the stated length, with a problem in JSON. The
access log and the metrics show it, and the connection is closed. Also heads that must be
accepted."""
import json
import os
import re
import socket
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, equal, png, request, run_claims, wait_until  # noqa: E402

shared = None
GET = b"GET /livez HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LIMIT = 20 << 10  # --connection-memory


def length(value):
    return POST + b"Content-Length: " + value + b"\r\n\r\n"


REFUSED = {
    "length -5": (length(b"-5"), 400, "bad_request"),
    "length +5": (length(b"+5"), 400, "bad_request"),
    "length 0x5": (length(b"0x5"), 400, "bad_request"),
    "length empty": (length(b""), 400, "bad_request"),
    "length 5, 5": (length(b"5, 5"), 400, "bad_request"),
    "length of 23 digits": (length(b"1" * 23), 400, "bad_request"),
    "two lengths": (length(b"5\r\nContent-Length: 5"), 400, "bad_request"),
    "garbage": (b"GARBAGE\r\n\r\n", 400, "bad_request"),
    "a handshake of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
    "bare line feeds": (b"GET /livez HTTP/1.1\nHost: a\n\n", 400, "bad_request"),
    "no version": (b"GET /livez\r\n\r\n", 400, "bad_request"),
    "no Host": (b"GET /livez HTTP/1.1\r\n\r\n", 400, "bad_request"),
    "a line without a colon": (GET + b"junk\r\n\r\n", 400, "bad_request"),
    "a folded line": (GET + b"A: b\r\n c\r\n\r\n", 400, "bad_request"),
    "501 lines": (GET + b"A: b\r\n" * 500 + b"\r\n", 431, "headers_too_large"),
    "101 lines that are read": (GET + b"X-Forwarded-For: ::1\r\n" * 100 + b"\r\n", 431, "headers_too_large"),
    "100 parameters": (b"GET /livez?" + b"a&" * 100 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 400,
                       "bad_request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version"),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http_version"),
    "a long target": (b"GET /" + b"a" * LIMIT + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414,
                      "target_too_long"),
    "a long line without an end": (b"a" * (LIMIT + 1), 414, "target_too_long"),
    "a long header": (GET + b"A: " + b"a" * LIMIT + b"\r\n\r\n", 431, "headers_too_large"),
    "many headers": (GET + b"A: %s\r\n" % (b"a" * 900) * 23 + b"\r\n", 431, "headers_too_large"),
    "a long cookie": (GET + b"Cookie: " + b"a" * LIMIT + b"\r\n\r\n", 431, "headers_too_large"),
    "a chunk's size is no number": (CHUNKED + b"x\r\n", 400, "bad_request"),
    "a chunk is too long": (CHUNKED + b"2\r\nabcd\r\n", 400, "bad_request"),
    "a chunk's extension of 20 kB": (CHUNKED + b"2;" + b"a" * 20000 + b"\r\n", 400, "bad_request"),
    "a chunk's size overflows": (CHUNKED + b"f" * 17 + b"\r\n", 413, "body_too_large"),
    "a chunk of 2^63 bytes": (CHUNKED + b"8" + b"0" * 15 + b"\r\n", 413, "body_too_large"),
    "a trailer without a colon": (CHUNKED + b"0\r\njunk\r\n", 400, "bad_request"),
    "a trailer of 20 kB": (CHUNKED + b"0\r\n" + b"A: b\r\n" * 3333, 400, "bad_request"),
}


def everything(d, data):
    """Returns all bytes that arrive until the connection is closed."""
    answers = b""
    with d.connect() as client:
        client.send_until_refused(data)
        try:
            while piece := client.socket.recv(65536):
                answers += piece
        except ConnectionResetError:
            pass
    return answers


def strictly(answers):
    """Returns (status, headers, body) of bytes that must be exactly one answer."""
    head, _, body = answers.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z ]+", first)[1])
    headers = {}
    for line in lines:
        name, value = re.fullmatch(r"([A-Za-z-]+): (.+)", line).groups()
        equal(name.lower() in headers, False, name + " twice")
        headers[name.lower()] = value
    equal(len(body), int(headers["content-length"]), "length of the body")
    return status, headers, body


def logged(d, name):
    return [json.loads(line) for line in d.lines if name in line]


def is_refused(about, data, status, code):
    def check():
        got, headers, body = strictly(everything(shared, data))
        problem = json.loads(body)
        equal((got, problem["status"], problem["code"]), (status, status, code))
        equal(headers["content-type"], "application/problem+json")
        equal(headers["connection"], "close")
        wait_until(lambda: logged(shared, headers["x-request-id"]), "it is logged")
        equal([(x["status"], x["code"]) for x in logged(shared, headers["x-request-id"])],
              [(status, code)], "log")
    check.__name__ = "answers " + about
    claim(check)


for about, (data, status, code) in REFUSED.items():
    is_refused(about, data, status, code)


@claim
def refusals_are_counted():
    def count():
        text = shared.ask("GET", "/metrics").body.decode()
        found = re.search(r'upscaled_requests_total\{status="505",code="http_version"\} (\d+)', text)
        return int(found[1]) if found else 0

    before = count()
    everything(shared, REFUSED["HTTP/2"][0])
    wait_until(lambda: count() == before + 1, "it is counted")


@claim
def a_refusal_names_what_could_be_read():
    answers = everything(shared, b"POST /v1/upscale?a HTTP/1.1\r\nHost: a\r\nX-Request-ID: mine-4711\r\n"
                         b"Content-Length: x\r\n\r\n")
    equal(strictly(answers)[1]["x-request-id"], "mine-4711")
    entry = wait_until(lambda: logged(shared, "mine-4711"), "it is logged")[0]
    equal((entry["method"], entry["target"]), ("POST", "/v1/upscale?a"))


@claim
def a_refused_head_request_gets_no_body():
    answers = everything(shared, b"HEAD /livez HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n")
    equal((answers.count(b"HTTP/1.1 "), answers[-4:]), (1, b"\r\n\r\n"))


@claim
def requests_before_a_bad_one_are_answered_first():
    picture = request("POST", "/v1/upscale", png())
    for bad, status in ((b"GARBAGE\r\n\r\n", 400), (CHUNKED + b"x\r\n", 400),
                        (CHUNKED + b"f" * 17 + b"\r\n", 413)):
        with shared.connect() as client:
            client.send(picture + request("GET", "/livez") + picture + bad)
            for wanted in (200, 200, 200, status):
                client.read_reply().expect(wanted)
            client.is_closed()


@claim
def a_head_that_never_ends_times_out():
    with Daemon("--header-timeout", "1") as d:
        for data in (b"GET /livez", b"G", GET, GET + b"A: b"):
            status, headers, body = strictly(everything(d, data))
            equal((status, json.loads(body)["code"]), (408, "timeout"), repr(data))
            wait_until(lambda: logged(d, headers["x-request-id"]), "it is logged")
        equal(everything(d, b""), b"")
        equal(everything(d, b"\r\n"), b"")


PASSES = {
    "16 kB in one line": [("A", "a" * 16000)],
    "16 kB in 90 lines": [("A-%d" % i, "a" * 170) for i in range(90)],
    "16 kB of cookies": [("Cookie", "a=" + "b" * 16000)],
    "180 cookies": [("Cookie", "; ".join("abcdef%d=x" % i for i in range(180)))],
    "a quote that does not close": [("Cookie", 'a="')],
    "lines of cookies": [("Cookie", "a=%d" % i) for i in range(1100)],
    "16 kB in 150 lines": [("A-%d" % i, "a" * 100) for i in range(150)],
    "16 kB in 490 lines": [("A-%d" % i, "a" * 24) for i in range(490)],
    "16 kB in 96 lines that are read": [("X-Forwarded-For", "10.0.0.1, " * 15)] * 96,
    "16 kB of a token": [("Authorization", "Bearer " + "a" * 16000)],
}


def passes(about, headers):
    def check():
        with shared.connect() as client:
            for _ in range(3):
                client.ask("GET", "/v1/models", headers=headers).expect(200)
                client.ask("POST", "/v1/upscale", png(), headers).expect(200)
    check.__name__ = "takes " + about
    claim(check)


for about, headers in PASSES.items():
    passes(about, headers)


@claim
def a_limit_of_headers_is_what_is_usable():
    """The limit holds to the byte, on a new connection and on a used one, in one piece and in
    many."""
    for limit in (4096, 65536):
        with Daemon("--connection-memory", str(limit)) as d:
            for over, status in ((0, 200), (1, 431)):
                data = GET + b"A: "
                data += b"a" * (limit - len(data) - 4 + over) + b"\r\n\r\n"
                with d.connect() as client:
                    client.ask("GET", "/livez").expect(200)
                    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for at in range(0, len(data), 1000):
                        client.send(data[at:at + 1000])
                    client.read_reply().expect(status)


@claim
def targets_in_absolute_form_are_taken():
    for target in ("http://a/livez", "HTTP://other.example:8080/livez", "https://[::1]/livez?x=http://b"):
        shared.ask("GET", target).expect(200)
    shared.ask("POST", "http://a/v1/upscale?scale=3", png()).expect(200)
    shared.ask("GET", "http://a").expect(200)
    shared.ask("GET", "http://a/nothing").expect(404)


with Daemon("--log-format", "json") as shared:
    run_claims()
