"""smuggling.py - raw requests that another HTTP agent could read as two (RFC 9112, section 11.2).

A request for /livez follows each of them on the same connection, as the hidden half or after it. No
answer may have the body of /livez: after an ambiguous head, the daemon must read no further request."""
import os
import sys
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, png, run_claims  # noqa: E402

shared = None

HIDDEN = b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-ID: hidden\r\n\r\n"
POST = b"POST /v1/upscale HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
END = b"0\r\n\r\n"


def head(*lines, start=POST, host=HOST):
    return start + host + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


AMBIGUOUS = {
    "two different lengths": head(b"Content-Length: 0", b"Content-Length: %d" % len(HIDDEN)),
    "two lengths, the larger first": head(b"Content-Length: %d" % len(HIDDEN),
                                          b"Content-Length: 0"),
    "the same length twice": head(b"Content-Length: 0", b"Content-Length: 0"),
    "a list of lengths": head(b"Content-Length: 0, 0"),
    "a signed length": head(b"Content-Length: +0"),
    "a negative length": head(b"Content-Length: -1"),
    "a hexadecimal length": head(b"Content-Length: 0x0"),
    "an empty length": head(b"Content-Length:"),
    "a length past 64 bits": head(b"Content-Length: 18446744073709551616"),
    "length, then coding": head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + END,
    "coding, then length": head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + END,
    "two codings": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + END,
    "chunked, then identity": head(b"Transfer-Encoding: chunked",
                                   b"Transfer-Encoding: identity") + END,
    "identity": head(b"Transfer-Encoding: identity") + END,
    "gzip, chunked": head(b"Transfer-Encoding: gzip, chunked") + END,
    "chunked, chunked": head(b"Transfer-Encoding: chunked, chunked") + END,
    "an unknown coding": head(b"Transfer-Encoding: xchunked") + END,
    "a quoted coding": head(b"Transfer-Encoding: \"chunked\"") + END,
    "a space before the colon": head(b"Transfer-Encoding : chunked") + END,
    "a space before the colon of the length": head(b"Content-Length : 0"),
    "a tab before the colon": head(b"Transfer-Encoding\t: chunked") + END,
    "a vertical tab in the coding": head(b"Transfer-Encoding: \x0bchunked") + END,
    "chunked on HTTP/1.0": head(b"Transfer-Encoding: chunked",
                                start=b"POST /v1/upscale HTTP/1.0\r\n") + END,
    "a control byte in a value": head(b"X-Any: a\x01b"),
    "a delete byte in a value": head(b"X-Any: a\x7fb"),
    "a name that is no token": head(b"X(Any): b"),
    "no Host": head(b"X-Any: b", host=b"", start=b"GET /readyz HTTP/1.1\r\n"),
    **{"Host: " + host: head(host=b"Host: %s\r\n" % host.encode(), start=b"GET /readyz HTTP/1.1\r\n")
       for host in ("a b", "a, b", "x@y", "http://x", "x:port", ":80", "[::1", "a:8x", "a/../b")},
    **{"the target http://%s/readyz" % host: head(start=b"GET http://%s/readyz HTTP/1.1\r\n" % host.encode())
       for host in (":80", "x@y", "x:port", "[::1", "a:8x", "[a]", "a:80:80")},
    "two Hosts": head(b"Host: b", start=b"GET /readyz HTTP/1.1\r\n"),
    "an absolute target without a host": head(start=b"GET http:///readyz HTTP/1.1\r\n"),
    "an absolute target, and no Host": head(start=b"GET http://a/readyz HTTP/1.1\r\n", host=b""),
    "an absolute target, and two Hosts": head(b"Host: a", start=b"GET http://a/readyz HTTP/1.1\r\n"),
    "another scheme": head(start=b"GET ftp://a/readyz HTTP/1.1\r\n"),
    "a star as target": head(start=b"GET * HTTP/1.1\r\n"),
    "a body on GET": head(b"Content-Length: %d" % len(HIDDEN), start=b"GET /readyz HTTP/1.1\r\n"),
    "a chunked body on GET": head(b"Transfer-Encoding: chunked",
                                  start=b"GET /readyz HTTP/1.1\r\n") + END,
    "a body on DELETE": head(b"Content-Length: 1", start=b"DELETE /readyz HTTP/1.1\r\n"),
}


def all_answers(data):
    """Returns everything that the daemon sends until it closes the connection."""
    answers = b""
    with shared.connect() as client:
        client.send_until_refused(data)
        try:
            while piece := client.socket.recv(65536):
                answers += piece
        except ConnectionResetError:
            pass
    return answers


def refuses(about, data, wanted=(b"400", b"bad_request")):
    def check():
        answers = all_answers(data + HIDDEN)
        status = answers.split(b" ", 2)[1] if answers else b"none"
        if b"live\n" in answers or b"hidden" in answers:
            raise AssertionError("the hidden request was answered: %r" % answers)
        if answers.count(b"HTTP/1.1 ") != 1:
            raise AssertionError("not one answer: %r" % answers)
        if status != wanted[0] or wanted[1] not in answers:
            raise AssertionError("status %s: %r" % (status, answers))
    check.__name__ = "refuses " + about
    claim(check)


for about, data in AMBIGUOUS.items():
    refuses(about, data)
refuses("too many header lines", head(*[b"X-%d: a" % i for i in range(501)]), (b"431", b"headers_too_large"))


@claim
def a_request_inside_a_body_stays_a_body():
    with shared.connect() as client:
        client.ask("POST", "/v1/upscale", HIDDEN).expect(415, "not_png")
        client.ask("POST", "/v1/upscale", png() + HIDDEN)
        client.ask("GET", "/readyz").expect(200)


@claim
def bad_chunks_end_the_connection():
    for data in (b"zz\r\nab\r\n", b"-1\r\nab\r\n", b"ffffffffffffffffff\r\nab\r\n",
                 b"2\r\nabcd\r\n", b"2 2\r\nab\r\n"):
        answers = all_answers(head(b"Transfer-Encoding: chunked") + data + END + HIDDEN)
        if b"live\n" in answers:
            raise AssertionError("%r: the hidden request was answered: %r" % (data, answers))


@claim
def the_daemon_lives_on():
    shared.upscale(png()).expect(200)


with Daemon("--body-timeout", "2", "--header-timeout", "2", "--idle-timeout", "1") as shared:
    run_claims()
