"""log.py - the access log has one line per request, whatever its result."""
import json
import os
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (BINARY, SIGNATURE, Daemon, chunked_request, claim, equal, header, png, request,
                    run_claims, wait_until)  # noqa: E402


def line_of(d, request_id):
    """Returns the JSON line with that X-Request-ID, when it is there."""
    def find():
        for line in d.lines:
            entry = json.loads(line)
            if entry.get("id") == request_id:
                return entry
        return None
    return wait_until(find, "there is a line of " + request_id)


def named(name):
    return [("X-Request-ID", name)]


@claim
def a_picture_is_told_in_full():
    with Daemon() as d:
        reply = d.upscale(png(), "?scale=2", named("mine-1")).expect(200)
        entry = line_of(d, "mine-1")
        for key, value in (("status", 200), ("method", "POST"), ("target", "/v1/upscale?scale=2"),
                           ("client", "127.0.0.1"), ("model", "photo"), ("width", 8),
                           ("height", 6), ("out_width", 16), ("out_height", 12),
                           ("bytes_in", len(png())), ("bytes_out", len(reply.body))):
            equal(entry[key], value, key)
        equal(entry["memory"] > 0, True, "memory")
        for key in ("queue_ms", "decode_ms", "network_ms", "encode_ms", "total_ms"):
            equal(entry[key] >= 0, True, key)
        equal("code" in entry or "key" in entry, False)
        equal(len(entry["time"]), len("2026-01-01T00:00:00.000Z"))


@claim
def errors_have_their_code():
    with Daemon("--drain-bytes", "1K", "--body-timeout", "1", "--header-timeout", "1") as d:
        sent = {"e-1": len(d.upscale(b"junk", headers=named("e-1")).expect(415).body), "e-7": 0}
        d.ask("GET", "/nothing", headers=named("e-2")).expect(404)
        d.ask("DELETE", "/livez", headers=named("e-3")).expect(405)
        d.upscale(png(), "?scale=99", named("e-4")).expect(400)
        with d.connect() as client:  # answered without the library
            client.send_until_refused(chunked_request(
                "/v1/upscale", [SIGNATURE + header(100000, 1)] + [b"\0" * 999] * 20, named("e-5")))
            sent["e-5"] = len(client.read_reply().expect(422).body)
        with d.connect() as client:
            client.send(request("POST", "/v1/upscale", png(), named("e-6"))[:-5])
            sent["e-6"] = len(client.read_reply().expect(408).body)
        with d.connect() as client:
            client.send(request("POST", "/v1/upscale", png(), named("e-7"))[:-5])
        for name, status, code in (("e-1", 415, "not_png"), ("e-2", 404, "not_found"),
                                   ("e-3", 405, "method_not_allowed"),
                                   ("e-4", 400, "bad_parameter"), ("e-5", 422, "too_wide"),
                                   ("e-6", 408, "timeout"), ("e-7", 499, "client_left")):
            entry = line_of(d, name)
            equal((entry["status"], entry["code"]), (status, code), name)
            equal(entry["bytes_out"], sent.get(name, entry["bytes_out"]), name)


@claim
def what_cannot_be_read_is_no_client_that_left():
    start = b"POST /v1/upscale?%s HTTP/1.1\r\nHost: a\r\n"
    with Daemon() as d:
        for name, rest, status, code in (
                (b"length", b"Content-Length: x\r\n\r\n", 400, "bad_request"),
                (b"header", b"X: " + b"a" * 40000 + b"\r\n\r\n", 431, "headers_too_large"),
                (b"chunk", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad_request")):
            with d.connect() as client:
                client.send_until_refused(start % name + rest)
                sent = len(client.read_reply().expect(status).body)
                wait_until(lambda: len(d.lines) > 0 and name.decode() in d.lines[-1], "its line")
            entry = json.loads(d.lines[-1])
            equal(entry["bytes_out"], sent, name)
            equal((entry["status"], entry["code"], entry["client"]),
                  (status, code, "127.0.0.1"), name)


@claim
def every_request_has_one_line():
    with Daemon() as d:
        with d.connect() as client:
            for _ in range(20):
                client.ask("GET", "/livez").expect(200)
            client.ask("HEAD", "/v1/models").expect(200)
            client.ask("OPTIONS", "/v1/upscale").expect(204)
        wait_until(lambda: len(d.lines) >= 22, "all lines are there")
        equal(len(d.lines), 22)
        equal([json.loads(line)["bytes_out"] for line in d.lines][-2:], [0, 0])


@claim
def what_clients_send_cannot_forge_a_line():
    with Daemon() as d:
        with d.connect() as client:
            client.send(b'GET /livez"}\x0b{"a":"\xff\x80 HTTP/1.1\r\nHost: a\r\n'
                        b'X-Forwarded-For: 6.6.6.6"\r\n\r\n')
            client.read_reply()
        d.ask("GET", "/livez?%0a%22}", headers=named("last")).expect(200)
        line_of(d, "last")
        for line in d.lines:
            equal(json.loads(line)["client"], "127.0.0.1")


@claim
def trusted_proxies_name_the_client():
    forwarded = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.7, 10.1.2.3")]
    for options, client in (((), "127.0.0.1"), (("--trusted-proxies", "10.0.0.1"), "127.0.0.1"),
                            (("--trusted-proxies", "127.0.0.1"), "10.1.2.3"),
                            (("--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"), "192.0.2.7")):
        with Daemon(*options) as d:
            d.ask("GET", "/livez", headers=forwarded + named("x")).expect(200)
            equal(line_of(d, "x")["client"], client, options)


@claim
def text_and_off_are_to_be_had():
    with Daemon("--log-format", "text") as d:
        d.upscale(png(), headers=named("mine")).expect(200)
        wait_until(lambda: d.lines, "there is a line")
        for word in ('127.0.0.1 200 "POST" "/v1/upscale"', "8x6->16x12", "id=mine"):
            equal(word in d.lines[0], True, "%s in %s" % (word, d.lines[0]))
    with Daemon("--log-format", "off") as d:
        d.upscale(png()).expect(200)
    equal(d.lines, [])
    done = subprocess.run([BINARY, "serve", "--log-format", "yaml"], stderr=subprocess.PIPE)
    equal((done.returncode, b"log-format" in done.stderr), (2, True))


run_claims()
