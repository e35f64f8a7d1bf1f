"""protocol.py - HTTP beyond one request and one reply: what caches, browsers, pages of other
origins and impatient clients ask for."""
import json
import os
import socket
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (SIGNATURE, Daemon, chunked_request, claim, equal, flat_png, form, header, png,
                    request, run_claims, shape, wait_until)  # noqa: E402

shared = None
READABLE = ("/", "/v1/models", "/v1/models/photo", "/v1/limits", "/openapi.json", "/errors")
PROBES = ("/livez", "/readyz", "/health", "/metrics")  # and what changes with every request


@claim
def head_is_get_without_the_body():
    for path in READABLE + PROBES:
        get, head = shared.ask("GET", path).expect(200), shared.ask("HEAD", path).expect(200)
        equal(head.body, b"")
        for name in ("content-length", "content-type", "etag"):
            if (path, name) in (("/metrics", "content-length"), ("/health", "content-length")):
                continue  # its numbers change
            equal(head.headers.get(name), get.headers.get(name), "%s of %s" % (name, path))


@claim
def a_connection_lives_on_after_head_and_304():
    with shared.connect() as client:
        tag = client.ask("HEAD", "/v1/models").expect(200).headers["etag"]
        client.ask("GET", "/v1/models", headers=[("If-None-Match", tag)]).expect(304)
        client.ask("OPTIONS", "/v1/models").expect(204)
        client.ask("GET", "/livez").expect(200)


@claim
def what_can_be_read_has_a_tag_and_probes_have_none():
    for path in READABLE:
        first, second = shared.ask("GET", path), shared.ask("GET", path)
        tag = first.headers["etag"]
        equal((tag[0], tag[-1], len(tag) > 20), ('"', '"', True), "a strong tag")
        equal(second.headers["etag"], tag, "the same bytes, the same tag")
        for asked in (tag, "W/" + tag, '"x", ' + tag, "*"):
            for method in ("GET", "HEAD"):
                reply = shared.ask(method, path, headers=[("If-None-Match", asked)]).expect(304)
                equal((reply.headers["etag"], reply.body), (tag, b""))
        shared.ask("GET", path, headers=[("If-None-Match", '"other"')]).expect(200)
    equal(len({shared.ask("GET", path).headers["etag"] for path in READABLE}), len(READABLE))
    for path in PROBES:
        reply = shared.ask("GET", path, headers=[("If-None-Match", "*")]).expect(200)
        equal("etag" in reply.headers, False, path)


@claim
def a_304_says_no_wrong_length():
    whole = shared.ask("GET", "/v1/models")
    reply = shared.ask("GET", "/v1/models", headers=[("If-None-Match", whole.headers["etag"])])
    equal(reply.headers.get("content-length"), whole.headers["content-length"])


@claim
def headers_may_have_blanks_and_come_in_pieces():
    heads = [b"GET /livez HTTP/1.1\r\n%s\r\n\r\n" % lines for lines in (
        b"Host:a", b"Host:a\r\nX:", b"Host:\ta \r\nX: \t \r\nY:  y  ", b"X:\r\nHost: a",
        b"Host: a\r\n" + b"\r\n".join(b"X-%d: %s" % (i, b"v" * 7 * i) for i in range(40)))]
    with shared.connect() as client:
        for head in heads:
            client.send(head)
            client.read_reply().expect(200)
        client.send(b"\r\n" + b"".join(heads) + b"GET /livez HTTP/1.0\r\n\r\n")
        for _ in range(len(heads) + 1):
            client.read_reply().expect(200)
    with shared.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for head in heads[:-1]:
            for i in range(len(head)):
                client.send(head[i:i + 1])
            client.read_reply().expect(200)


@claim
def options_names_the_methods():
    for path in READABLE + PROBES:
        equal(shared.ask("OPTIONS", path).expect(204).headers["allow"], "GET, HEAD, OPTIONS")
    equal(shared.ask("OPTIONS", "/v1/upscale").headers["allow"], "POST, PUT, OPTIONS")
    for path in ("/v1/estimate", "/v1/reload"):
        equal(shared.ask("OPTIONS", path).expect(204).headers["allow"], "POST, OPTIONS")
    equal(shared.ask("OPTIONS", "/v1/requests/any").expect(204).headers["allow"], "GET, HEAD, DELETE, OPTIONS")
    shared.ask("OPTIONS", "/nothing").expect(404)


@claim
def progress_can_be_asked_by_head_and_events_are_not_held_back():
    name = "a-request-whose-body-is-arriving"
    data = request("POST", "/v1/upscale", png(), [("X-Request-ID", name)])
    path = "/v1/requests/" + name
    with shared.connect() as sender:
        sender.send(data[:-5])
        wait_until(lambda: shared.ask("GET", path).status == 200, "it is found")
        reply = shared.ask("HEAD", path).expect(200)
        equal((reply.body, reply.headers["content-type"]), (b"", "application/json"))
        equal("x-accel-buffering" in reply.headers, False)
        with shared.connect() as listener:
            listener.send(request("GET", path, headers=[("Accept", "text/event-stream")]))
            head = b""
            while b"\r\n\r\n" not in head:
                head += listener.socket.recv(1)
            equal(b"\r\nx-accel-buffering: no\r\n" in head.lower(), True, head)
        sender.send(data[-5:])
        sender.read_reply().expect(200)


@claim
def idle_connections_outlive_those_of_load_balancers():
    rows = json.loads(shared.ask("GET", "/v1/limits").body)["limits"]
    equal([row["value"] for row in rows if row["option"] == "idle-timeout"], [75])


ORIGIN = [("Origin", "https://a.example")]
PREFLIGHT = ORIGIN + [("Access-Control-Request-Method", "POST"),
                      ("Access-Control-Request-Headers", "authorization")]


# what the docs promise of answers, beyond the headers that every page may read
EXPOSED = ["Content-Disposition", "ETag", "Retry-After", "Server-Timing", "X-Request-ID", "X-Upscaled-Model",
           "X-Upscaled-Warning"]


@claim
def pages_of_other_origins_are_not_let_in_by_default():
    for reply in (shared.ask("GET", "/v1/models", headers=ORIGIN).expect(200),
                  shared.ask("OPTIONS", "/v1/upscale", headers=PREFLIGHT).expect(204)):
        equal([n for n in reply.headers if n.startswith("access-control") or n == "vary"], [])


@claim
def listed_origins_are_let_in():
    with Daemon("--cors-origin", "https://a.example, http://localhost:3000") as d:
        for reply in (d.upscale(png(), headers=ORIGIN).expect(200),
                      d.upscale(b"junk", headers=ORIGIN).expect(415),
                      d.ask("GET", "/nothing", headers=ORIGIN).expect(404),
                      d.ask("GET", "/v1/models", headers=ORIGIN).expect(200)):
            equal(reply.headers["access-control-allow-origin"], "https://a.example")
            equal(reply.headers["vary"], "Origin")
            equal(reply.headers["access-control-expose-headers"].split(", "), EXPOSED)
        reply = d.ask("OPTIONS", "/v1/upscale", headers=PREFLIGHT).expect(204)
        equal(reply.headers["access-control-allow-methods"], "POST, PUT, OPTIONS")
        equal("Authorization" in reply.headers["access-control-allow-headers"], True)
        reply = d.ask("GET", "/v1/models", headers=[("Origin", "https://b.example")]).expect(200)
        equal("access-control-allow-origin" in reply.headers, False)
        equal(reply.headers["vary"], "Origin", "for caches")
    with Daemon("--cors-origin", "*") as d:
        reply = d.upscale(png(), headers=ORIGIN).expect(200)
        equal(reply.headers["access-control-allow-origin"], "*")


@claim
def listed_origins_can_read_what_is_said_in_mid_body():
    with Daemon("--cors-origin", "https://a.example", "--drain-bytes", "1K",
                "--body-timeout", "1") as d:
        def cut_off(status, headers):
            with d.connect() as client:
                if status == 408:
                    client.send(request("POST", "/v1/upscale", png(), headers)[:-5])
                else:
                    client.send_until_refused(chunked_request(
                        "/v1/upscale", [SIGNATURE + header(100000, 1)] + [b"\0" * 999] * 20, headers))
                return client.read_reply().expect(status).headers

        for status in (408, 422):
            equal(cut_off(status, ORIGIN)["access-control-allow-origin"], "https://a.example")
            other = cut_off(status, [("Origin", "https://b.example")])
            equal("access-control-allow-origin" in other, False)
            equal(other["vary"], "Origin")


@claim
def the_answer_has_a_name_to_save_it_as():
    for query, name in (("", "picture-2x.png"), ("?scale=2.5", "picture-2.5x.png"),
                        ("?width=20", "picture-upscaled.png")):
        reply = shared.upscale(png(), query).expect(200)
        equal(reply.headers["content-disposition"], 'inline; filename="%s"' % name)
    headers, body = form(("image", "holiday.png", png()))
    reply = shared.upscale(body, headers=headers).expect(200)
    equal(reply.headers["content-disposition"], 'inline; filename="holiday-2x.png"')
    equal("content-disposition" in shared.upscale(b"junk").headers, False)


@claim
def requests_may_be_pipelined():
    pieces = [request("POST", "/v1/upscale?scale=%d" % scale, png()) for scale in (1, 2, 3)]
    pieces += [request("GET", "/v1/models/photo"), request("POST", "/v1/upscale", b"junk"),
               request("GET", "/livez"), chunked_request("/v1/upscale", [png()])]
    with shared.connect() as client:
        client.send(b"".join(pieces))
        for scale in (1, 2, 3):
            equal(shape(client.read_reply().expect(200).body)[:2], (8 * scale, 6 * scale))
        equal(json.loads(client.read_reply().expect(200).body)["name"], "photo")
        client.read_reply().expect(415, "not_png")
        equal(client.read_reply().expect(200).body, b"live\n")
        equal(shape(client.read_reply().expect(200).body)[:2], (16, 12))


@claim
def pipelined_requests_may_come_in_any_pieces():
    data = (request("POST", "/v1/upscale", png()) + request("GET", "/livez") +
            chunked_request("/v1/upscale", [png()]))
    for step in (1, 7, 100):
        with shared.connect() as client:
            for at in range(0, len(data), step):
                client.send(data[at:at + step])
            client.read_reply().expect(200)
            equal(client.read_reply().expect(200).body, b"live\n")
            client.read_reply().expect(200)


@claim
def a_request_whose_end_is_in_doubt_ends_its_connection():
    for data in (chunked_request("/v1/upscale", [png()]), request("POST", "/v1/upscale"),
                 chunked_request("/v1/upscale", [])):
        with shared.connect() as client:
            client.send(data)
            equal(client.read_reply().headers["connection"], "close")
            client.is_closed()


@claim
def nothing_follows_an_answer_that_ends_the_connection():
    close, keep = b"Connection: x, Close\r\n", b"Connection: keep-alive\r\n"
    for data, answers in ((request("POST", "/v1/upscale"), 1),
                          (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + close + b"\r\n", 1),
                          (b"GET /livez HTTP/1.0\r\n\r\n", 1),
                          (b"GET /livez HTTP/1.0\r\n" + keep + b"\r\n", 2),
                          (b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", 2)):
        for wrong in (b"junk\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\n", b"GET /\r\n\r\n"):
            with shared.connect() as client:
                client.send(data + wrong)
                for left in range(answers, 0, -1):
                    equal(client.read_reply().headers.get("connection") == "close", left == 1,
                          data + wrong)
                client.is_closed()


@claim
def chunks_may_have_extensions_and_trailers_follow():
    picture = png()
    head = b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for body in (b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(picture), picture),
                 b"%X\r\n%s\r\n000\r\n\r\n" % (len(picture), picture),
                 b"%x\r\n%s\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n" % (len(picture), picture)):
        with shared.connect() as client:
            client.send(head + body)
            client.read_reply().expect(200)


@claim
def a_trailer_changes_nothing():
    head = b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    for trailer in (b"Content-Length: 5", b"Transfer-Encoding: identity", b"Host: b",
                    b"X-Request-ID: hidden", b"Connection: keep-alive"):
        with shared.connect() as client:
            client.send(head + b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(png()), png(), trailer))
            reply = client.read_reply().expect(200)
            equal(reply.headers["x-request-id"] == "hidden", False)
            equal(reply.headers["connection"], "close")


@claim
def a_body_that_is_wanted_is_asked_for():
    with shared.connect() as client:
        head = request("POST", "/v1/upscale", png(), [("Expect", "100-continue")])[:-len(png())]
        client.send(head)
        equal(client.read_reply().status, 100)
        client.send(png())
        client.read_reply().expect(200)
        client.ask("GET", "/livez").expect(200)


@claim
def without_a_body_nothing_is_asked_for():
    for method, status in (("GET", 200), ("HEAD", 200), ("OPTIONS", 204), ("PUT", 405), ("LIST", 405)):
        with shared.connect() as client:
            first = request(method, "/livez", headers=[("Expect", "100-continue")])
            client.send(first + request("GET", "/livez"))
            reply = client.read_reply(method).expect(status)
            if reply.headers.get("connection") != "close":
                client.read_reply().expect(200)


@claim
def a_body_that_will_be_refused_is_not_asked_for():
    for target, code in (("/v1/upscale?scale=99", 400), ("/v1/upscale?model=none", 400),
                         ("/nothing", 404), ("/livez", 405)):
        with shared.connect() as client:
            client.send(request("POST", target, png(), [("Expect", "100-continue")])[:-len(png())])
            client.read_reply().expect(code)
            client.is_closed()


@claim
def the_soft_limit_of_files_is_raised():
    with open("/proc/%d/limits" % shared.process.pid) as limits:
        line = [line for line in limits if line.startswith("Max open files")][0]
    equal(line.split()[3], line.split()[4])


with Daemon() as shared:
    shared.upscale(flat_png(2, 2)).expect(200)
    run_claims()
