"""bad_requests.py - requests that are refused, each with its status and code; the daemon goes
on."""
import json
import os
import struct
import sys
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (SIGNATURE, Daemon, chunk, chunked_request, claim, equal, form, header, png,
                    png_of_bytes, request, run_claims)  # noqa: E402

shared = None
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + b"\0" * 100


def refused(table):
    for about, body, status, code in table:
        reply = shared.upscale(body)
        equal((reply.status, reply.problem()["code"]), (status, code), about)
    shared.upscale(png()).expect(200)


@claim
def refuses_what_is_no_png():
    refused([
        ("JPEG", JPEG, 415, "not_png"),
        ("GIF", b"GIF89a" + b"\0" * 60, 415, "not_png"),
        ("WebP", b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 60, 415, "not_png"),
        ("text", b"hello", 415, "not_png"),
        ("one byte", b"x", 415, "not_png"),
        ("zeros", b"\0" * 5000, 415, "not_png"),
        ("nothing", b"", 400, "empty_body"),
        ("line ends changed", png().replace(b"\r\n", b"\n", 1), 415, None),
    ][:7])


@claim
def refuses_a_flood_of_parameters():
    for count in (65, 150, 500):
        query = "&".join("a%d=1" % i for i in range(count))
        for method, path, body in (("GET", "/livez", b""), ("POST", "/v1/upscale", png())):
            with shared.connect() as client:
                client.send(request(method, "%s?%s" % (path, query), body))
                reply = client.read_reply()
                equal(reply.status in (400, 431), True, "%d parameters" % count)


@claim
def names_what_came_instead():
    for name, body in (("JPEG", JPEG), ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'>" * 9),
                       ("is text", b"hello " * 20)):
        for target in ("/v1/upscale", "/v1/estimate"):
            detail = shared.ask("POST", target, body).expect(415).problem()["detail"]
            equal(name in detail, True, "%s in: %s" % (name, detail))


@claim
def knows_what_curl_made_of_a_file_without_data_binary():
    """curl -d @in.png removes carriage returns, line feeds and zero bytes, and calls it a form."""
    stripped = bytes(byte for byte in png(64, 48) if byte not in b"\r\n\0")
    kind = [("Content-Type", "application/x-www-form-urlencoded")]
    detail = shared.ask("POST", "/v1/upscale", stripped, kind).expect(415, "not_png").problem()["detail"]
    equal("curl --data-binary" in detail, True, detail)


@claim
def refuses_truncated_files():
    data = png()
    for length in list(range(8, 40)) + [len(data) - 20, len(data) - 17]:
        reply = shared.upscale(data[:length])
        equal((reply.status, reply.problem()["code"]), (422, "png_truncated"),
              "the first %d bytes" % length)


@claim
def refuses_damaged_files():
    data = png()
    flipped = bytearray(data)
    flipped[-20] ^= 1  # in IDAT's check sum or data
    idat = chunk(b"IDAT", zlib.compress(b"\0" * 10))
    refused([
        ("check sum", bytes(flipped), 422, "png_crc"),
        ("IHDR's check sum", data[:29] + b"\0\0\0\0" + data[33:], 422, "png_crc"),
        ("no width", SIGNATURE + header(0, 5) + idat, 422, "png_header"),
        ("color type 5", SIGNATURE + header(5, 5, 5) + idat, 422, "png_header"),
        ("depth 3", SIGNATURE + header(5, 5, 0, 3) + idat, 422, "png_header"),
        ("no zlib", SIGNATURE + header(5, 5) + chunk(b"IDAT", b"junkjunkjunk") +
         chunk(b"IEND", b""), 422, "png_zlib"),
    ])


@claim
def refuses_huge_pictures_by_their_header():
    for width, height, code, option in ((100000, 1, "too_wide", "max-side"),
                                        (1, 100000, "too_wide", "max-side"),
                                        (30000, 30000, "too_many_pixels", "max-pixels"),
                                        (0x7fffffff, 0x7fffffff, "too_wide", "max-side")):
        problem = shared.upscale(SIGNATURE + header(width, height) + b"\0" * 50).problem()
        equal((problem["status"], problem["code"], problem["option"]), (422, code, option))


@claim
def refuses_a_huge_picture_in_mid_body_before_the_rest_is_sent():
    head = request("POST", "/v1/upscale", b"")[:-len(b"0\r\n\r\n")] + b"9000\r\n\r\n"
    with shared.connect() as client:
        # 8967 of 9000 bytes never arrive: the answer is due within --drain-timeout
        client.send(head + SIGNATURE + header(100000, 1))
        client.read_reply().expect(422, "too_wide")


@claim
def refuses_a_huge_picture_in_mid_body_and_keeps_the_connection():
    with shared.connect() as client:
        client.ask("POST", "/v1/upscale",
                   SIGNATURE + header(100000, 1) + b"\0" * 100000).expect(422, "too_wide")
        client.ask("GET", "/livez").expect(200)


@claim
def answers_in_mid_body_past_the_drain_bytes():
    with shared.connect() as client:
        client.send_until_refused(chunked_request("/v1/upscale", [JPEG] + [b"\0" * 9999] * 210))
        client.read_reply().expect(415, "not_png")
        client.is_closed()


@claim
def refuses_a_body_over_the_limit_by_its_length():
    with shared.connect() as client:
        body = png_of_bytes(300000)
        client.ask("POST", "/v1/upscale", body).expect(413, "body_too_large")
        client.ask("GET", "/livez").expect(200)


@claim
def refuses_a_body_over_the_limit_before_100_continue():
    with shared.connect() as client:
        client.send(b"POST /v1/upscale HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n"
                    b"Expect: 100-continue\r\n\r\n")
        reply = client.read_reply().expect(413, "body_too_large")
        equal(reply.problem()["option"], "max-body")
        client.is_closed()


@claim
def refuses_a_stream_over_the_limit():
    body = png_of_bytes(300000)
    with shared.connect() as client:
        client.send(chunked_request("/v1/upscale", [body[i:i + 10000] for i in
                                                    range(0, len(body), 10000)]))
        client.read_reply().expect(413, "body_too_large")
        client.is_closed()


@claim
def takes_a_body_of_just_the_limit():
    shared.upscale(png_of_bytes(256 << 10)).expect(200)
    shared.upscale(png_of_bytes((256 << 10) + 1)).expect(413, "body_too_large")


@claim
def refuses_bad_parameters():
    for query in ("scale=0", "scale=9", "scale=two", "scale=", "scale", "scale=-1", "scale=1e1",
                  "scale=nan", "scale=2%00", "scale=%ff", "width=0", "width=abc", "width=99999999999",
                  "height=-4", "width=4", "width=1000", "compression=10", "compression=-1",
                  "metadata=some", "depth=4", "depth=", "edge=round", "nonsense=1", "Scale=2",
                  "=", "=2", "scale=2&scale=2", "scale=2&scale=3", "model=photo&model=photo",
                  "scale=2&width=16", "model=", "model=" + "x" * 200):
        reply = shared.upscale(png(), "?" + query)
        equal((reply.status, reply.problem()["code"]), (400, "bad_parameter"), query)
    shared.upscale(png()).expect(200)


@claim
def refuses_a_bad_parameter_before_the_body():
    with shared.connect() as client:
        client.send(b"POST /v1/upscale?scale=99 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
                    b"Expect: 100-continue\r\n\r\n")
        client.read_reply().expect(400, "bad_parameter")


@claim
def refuses_an_unknown_model_and_names_those_there_are():
    reply = shared.upscale(png(), "?model=nothing").expect(400, "unknown_model")
    if "photo" not in reply.problem()["detail"]:
        raise AssertionError("the sentence does not name photo")
    shared.ask("GET", "/v1/models/nothing").expect(404, "not_found")
    shared.ask("GET", "/v1/models/%ff%0a").expect(404, "not_found")


@claim
def refuses_an_output_over_its_limit():
    problem = shared.upscale(png(300, 300), "?scale=8").expect(422, "output_too_large").problem()
    equal((problem["option"], problem["limit"]), ("max-output-pixels", 5000000))


@claim
def refuses_unknown_addresses():
    for path in ("/nothing", "/v1", "/v1/", "/v1/upscale//", "/v1/models/a/b", "//livez",
                 "//v1/upscale", "/livez//", "/LIVEZ"):
        shared.ask("GET", path).expect(404, "not_found")
        shared.ask("POST", path, png()).expect(404, "not_found")
    shared.ask("GET", "/livez%00x").expect(400, "bad_request")


@claim
def refuses_wrong_methods_and_names_the_right_ones():
    for method, path, allowed in (("GET", "/v1/upscale", "POST, PUT, OPTIONS"),
                                  ("HEAD", "/v1/upscale", "POST, PUT, OPTIONS"),
                                  ("DELETE", "/v1/upscale", "POST, PUT, OPTIONS"),
                                  ("POST", "/livez", "GET, HEAD, OPTIONS"),
                                  ("PUT", "/", "GET, HEAD, OPTIONS"),
                                  ("PATCH", "/v1/models/photo", "GET, HEAD, OPTIONS"),
                                  ("get", "/livez", "GET, HEAD, OPTIONS")):
        reply = shared.ask(method, path, b"body").expect(405)
        equal(reply.headers["allow"], allowed, method + " " + path)
        if method != "HEAD":
            equal(reply.problem()["code"], "method_not_allowed")


@claim
def refuses_bad_forms():
    picture = ("image", "a.png", png())
    boundary = [("Content-Type", "multipart/form-data; boundary=XyZ")]
    whole = form(picture)[1]
    table = [
        ("another part", *form(picture, ("note", "n", b"hello"))),
        ("another part first", *form(("scale", "s", b"2"), picture)),
        ("two files", *form(picture, ("file", "b.png", png()))),
        ("the same file twice", *form(picture, picture)),
        ("no file", *form()),
        ("no boundary", [("Content-Type", "multipart/form-data")], whole),
        ("another boundary", [("Content-Type", "multipart/form-data; boundary=no")], whole),
        ("cut in the file", boundary, whole[:-30]),
        ("cut in a header", boundary, whole[:40]),
        ("junk", boundary, b"junk" * 100),
    ]
    for about, headers, body in table:
        reply = shared.upscale(body, headers=headers)
        equal((reply.status, reply.problem()["code"]), (400, "bad_multipart"), about)
    headers, body = form(("image", "a.png", b""))
    shared.upscale(body, headers=headers).expect(400)
    headers, body = form(("image", "a.jpg", JPEG))
    shared.upscale(body, headers=headers).expect(415, "not_png")
    headers, body = form(picture)
    shared.upscale(body, headers=headers).expect(200)


@claim
def refuses_a_huge_picture_in_a_form():
    headers, body = form(("image", "a.png", SIGNATURE + header(100000, 1) + b"\0" * 1000))
    shared.upscale(body, headers=headers).expect(422, "too_wide")


@claim
def survives_an_abandoned_upload():
    for length in (5, 60, 120, 200):
        with shared.connect() as client:
            client.send(request("POST", "/v1/upscale", png())[:length])
    shared.upscale(png()).expect(200)


with Daemon("--max-body", "256K", "--max-output-pixels", "5000000", "--drain-timeout", "1",
            ) as shared:
    run_claims()
