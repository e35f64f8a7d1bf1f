"""good_requests.py - every form of request that must be answered, and the contents of the
answers."""
import json
import os
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (Daemon, chunked_request, claim, equal, form, png, request, run_claims, shape)  # noqa: E402

shared = None


@claim
def takes_a_raw_post():
    reply = shared.upscale(png()).expect(200)
    equal(shape(reply.body), (16, 12, 2, 8))
    equal(reply.headers["content-type"], "image/png")


@claim
def takes_a_put():
    equal(shape(shared.ask("PUT", "/v1/upscale", png()).expect(200).body), (16, 12, 2, 8))


@claim
def takes_any_content_type():
    for kind in ("image/png", "application/x-www-form-urlencoded", "text/nonsense"):
        shared.upscale(png(), headers=[("Content-Type", kind)]).expect(200)


@claim
def takes_a_chunked_body():
    data = png()
    for size in (1, 7, 33, 100000):
        with shared.connect() as client:
            client.send(chunked_request("/v1/upscale", [data[i:i + size] for i in
                                                        range(0, len(data), size)]))
            equal(shape(client.read_reply().expect(200).body), (16, 12, 2, 8))


@claim
def takes_a_body_that_comes_byte_by_byte():
    with shared.connect() as client:
        for byte in request("POST", "/v1/upscale", png(2, 2)):
            client.send(bytes([byte]))
        client.read_reply().expect(200)


@claim
def takes_a_form_with_each_name_of_the_file():
    for name in ("image", "file", "data"):
        headers, body = form((name, "a.png", png()))
        reply = shared.upscale(body, headers=headers).expect(200)
        equal(shape(reply.body), (16, 12, 2, 8))


@claim
def form_and_raw_body_give_the_same_bytes():
    headers, body = form(("image", "a.png", png()))
    equal(shared.upscale(body, headers=headers).body, shared.upscale(png()).body)


@claim
def answers_an_expect_100_continue():
    with shared.connect() as client:
        head, body = request("POST", "/v1/upscale", png(),
                             [("Expect", "100-continue")]).split(b"\r\n\r\n", 1)
        client.send(head + b"\r\n\r\n")
        equal(client.read_reply().status, 100)
        client.send(body)
        client.read_reply().expect(200)


@claim
def keeps_the_connection():
    with shared.connect() as client:
        for _ in range(3):
            client.ask("POST", "/v1/upscale", png()).expect(200)
            client.ask("GET", "/livez").expect(200)
            client.ask("GET", "/nothing").expect(404, "not_found")
            client.ask("POST", "/v1/upscale", b"no picture").expect(415, "not_png")


@claim
def answers_pipelined_requests_in_order():
    with shared.connect() as client:
        client.send(request("POST", "/v1/upscale", png(4, 3)) + request("GET", "/livez") +
                    request("POST", "/v1/upscale", png(5, 3)))
        equal(shape(client.read_reply().expect(200).body)[0], 8)
        equal(client.read_reply().expect(200).body, b"live\n")
        equal(shape(client.read_reply().expect(200).body)[0], 10)


@claim
def closes_when_asked_to():
    with shared.connect() as client:
        client.ask("POST", "/v1/upscale", png(), [("Connection", "close")]).expect(200)
        client.is_closed()


@claim
def serves_http_1_0():
    with shared.connect() as client:
        client.send(b"POST /v1/upscale HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(png()) +
                    png())
        client.read_reply().expect(200)
        client.is_closed()


@claim
def enlarges_by_each_scale():
    for scale, size in (("1", (8, 6)), ("2", (16, 12)), ("3", (24, 18)), ("4", (32, 24)),
                        ("1.5", (12, 9)), ("8", (64, 48))):
        reply = shared.upscale(png(), "?scale=" + scale).expect(200)
        equal(shape(reply.body)[:2], size, "scale " + scale)


@claim
def enlarges_to_a_width_or_a_height():
    equal(shape(shared.upscale(png(), "?width=20").expect(200).body)[:2], (20, 15))
    equal(shape(shared.upscale(png(), "?height=18").expect(200).body)[:2], (24, 18))


@claim
def keeps_color_type_and_depth():
    for color in (0, 2, 4, 6):
        for depth in (8, 16):
            reply = shared.upscale(png(8, 6, color, depth)).expect(200)
            equal(shape(reply.body), (16, 12, color, depth))


@claim
def changes_the_depth_when_asked_to():
    equal(shape(shared.upscale(png(), "?depth=16").expect(200).body)[3], 16)
    equal(shape(shared.upscale(png(8, 6, 2, 16), "?depth=8").expect(200).body)[3], 8)
    equal(shape(shared.upscale(png(8, 6, 2, 16), "?depth=same").expect(200).body)[3], 16)


@claim
def takes_every_word():
    for query in ("compression=0", "compression=9", "metadata=keep", "metadata=color",
                  "metadata=none", "edge=replicate", "edge=reflect", "edge=wrap", "edge=zero",
                  "model=photo", "model=photo&scale=2&depth=8&edge=zero&compression=1"):
        shared.upscale(png(), "?" + query).expect(200)


@claim
def gives_the_same_bytes_each_time():
    first = shared.upscale(png(), "?scale=4").body
    equal(shared.upscale(png(), "?scale=4").body, first)


@claim
def names_model_and_times():
    headers = shared.upscale(png()).expect(200).headers
    name, digest = headers["x-upscaled-model"].split("@")
    equal((name, len(digest)), ("photo", 64))
    names = [entry.split(";")[0] for entry in headers["server-timing"].split(", ")]
    equal(names, ["queue", "decode", "network", "encode"])


@claim
def warns_of_an_animation():
    control = chunk_of_animation()
    reply = shared.upscale(png(8, 6, extra=control)).expect(200)
    if "x-upscaled-warning" not in reply.headers:
        raise AssertionError("no warning")
    if "x-upscaled-warning" in shared.upscale(png()).headers:
        raise AssertionError("a warning without reason")


def chunk_of_animation():
    from daemon import chunk
    frame = b"\0\0\0\0" + b"\0\0\0\x08" + b"\0\0\0\x06" + b"\0" * 8 + b"\0\x01\0\x0a\0\0"
    return chunk(b"acTL", b"\0\0\0\x01\0\0\0\0") + chunk(b"fcTL", frame)


@claim
def keeps_a_plain_request_id():
    for name in ("a", "abc-DEF_1.2", "x" * 64):
        reply = shared.ask("GET", "/livez", headers=[("X-Request-ID", name)])
        equal(reply.headers["x-request-id"], name)
    reply = shared.upscale(b"junk", headers=[("X-Request-ID", "mine")])
    equal(reply.headers["x-request-id"], "mine")


@claim
def replaces_any_other_request_id():
    seen = set()
    for name in ("x" * 65, "a b", "a\"b", "{}"):
        given = shared.ask("GET", "/livez", headers=[("X-Request-ID", name)])
        seen.add(given.headers["x-request-id"])
    equal(len(seen), 4, "different ids")
    for name in seen:
        equal(len(name), 16, "our id")


@claim
def answers_get_and_head_alike():
    for path in ("/", "/v1/models", "/v1/models/photo", "/v1/limits", "/livez", "/readyz",
                 "/health"):
        got = shared.ask("GET", path).expect(200)
        head = shared.ask("HEAD", path).expect(200)
        equal(int(head.headers["content-length"]), len(got.body), path)
        equal(head.headers["content-type"], got.headers["content-type"], path)


@claim
def lists_models_and_limits():
    models = json.loads(shared.ask("GET", "/v1/models").body)["models"]
    one = json.loads(shared.ask("GET", "/v1/models/photo").body)
    if one not in models:
        raise AssertionError("the list does not have what the single address gives")
    limits = {row["option"]: row["value"] for row in
              json.loads(shared.ask("GET", "/v1/limits").body)["limits"]}
    equal(limits["max-body"], 64 << 20)
    equal(limits["queue"], 64)


@claim
def tells_how_to_use_it():
    if b"curl" not in shared.ask("GET", "/").expect(200).body:
        raise AssertionError("no curl line")


@claim
def tells_the_methods():
    reply = shared.ask("OPTIONS", "/v1/upscale").expect(204)
    equal(reply.headers["allow"], "POST, PUT, OPTIONS")
    equal(shared.ask("OPTIONS", "/livez").headers["allow"], "GET, HEAD, OPTIONS")


@claim
def takes_forms_wherever_the_packets_end():
    headers, body = form(("image", "a.png", png()))
    whole = request("POST", "/v1/upscale", body, headers)
    head = len(whole) - len(body)
    start = whole.index(b"\r\n\r\n", head) + 4  # of the file
    for cut in (head - 2, head + 1, start - 2, start, start + 1, start + 3, start + 8,
                len(whole) - 3):
        with shared.connect() as client:
            client.send(whole[:cut])
            time.sleep(0.05)  # so that the packets are read one by one
            client.send(whole[cut:])
            client.read_reply().expect(200)


with Daemon() as shared:
    run_claims()
