"""clients.py - clients that do more than send a plain request: they end their side of the
connection early, read for a long time, or write addresses a little differently."""
import gzip
import json
import os
import random
import socket
import subprocess
import sys
import time
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (SIGNATURE, Daemon, chunk, chunked_request, claim, equal, flat_png, form, header, png,
                    request, run_claims, wait_until)  # noqa: E402

DUMP = os.path.join(os.environ.get("top_builddir", "."), "tests/lib/png_dump")
shared = None
SLOW = flat_png(1500, 1000)  # takes seconds in a sanitized build, and some hundred ms in others


def noise(width, height):
    """Returns a PNG whose body takes more than one read, and whose answer more than one write."""
    rows = b"".join(b"\0" + random.Random(y).randbytes(3 * width) for y in range(height))
    return SIGNATURE + header(width, height) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@claim
def one_slash_at_the_end_is_forgiven():
    shared.ask("POST", "/v1/upscale/", png()).expect(200)
    shared.ask("POST", "/v1/upscale/?scale=3", png()).expect(200)
    shared.ask("GET", "/v1/models/photo/").expect(200)
    for path in ("//v1/upscale", "/v1/upscale//", "/v1//upscale", "//"):
        shared.ask("POST", path, png()).expect(404)


@claim
def the_server_as_a_whole_has_options():
    with shared.connect() as client:
        allow = client.ask("OPTIONS", "*").expect(204).headers["allow"]
        equal(allow, "GET, HEAD, POST, PUT, DELETE, OPTIONS")
        client.ask("GET", "/livez").expect(200)
    shared.ask("GET", "*").expect(400)


@claim
def a_part_of_a_body_is_not_taken_for_the_whole():
    for method in ("PUT", "POST"):
        shared.ask(method, "/v1/upscale", png(), [("Content-Range", "bytes 0-9/20")]).expect(400)


@claim
def a_coded_body_is_refused_by_its_head():
    """Whatever the body is: some clients send the header with a body that they did not compress."""
    for target in ("/v1/upscale", "/v1/estimate"):
        for values, named in ((["gzip"], "gzip"), (["br"], "br"), (["x-unheard-of"], "x-unheard-of"),
                              (["identity, Deflate"], "Deflate"), (["identity", "zstd"], "zstd")):
            headers = [("Content-Encoding", value) for value in values]
            for body in (png(), gzip.compress(png())):
                reply = shared.ask("POST", target, body, headers).expect(415, "content_coding")
                equal(reply.headers["accept-encoding"], "identity")
                equal(" %s;" % named in reply.problem()["detail"], True, reply.body)
        for value in ("identity", "Identity, identity", "", ","):
            shared.ask("POST", target, png(), [("Content-Encoding", value)]).expect(200)
    reply = shared.upscale(gzip.compress(png())).expect(415, "not_png")
    equal("gzip" in reply.problem()["detail"], True, reply.body)
    with shared.connect() as client:
        client.send(request("POST", "/v1/upscale", png(), [("Content-Encoding", "br"),
                                                           ("Expect", "100-continue")])[:-len(png())])
        client.read_reply().expect(415, "content_coding")


def dumped(data):
    """Returns the size and the pixels, as libpng decodes them."""
    raw = subprocess.run([DUMP], input=data, stdout=subprocess.PIPE, check=True).stdout
    return raw.split(b"\n", 1)


@claim
def a_model_acts_with_a_factor_of_1_too():
    """The model enlarges, and the result is reduced again. Without a model the pixels stay the
    same."""
    picture = png(40, 30)
    kept = shared.upscale(picture, "?scale=1").expect(200)
    acted = shared.upscale(picture, "?model=photo&scale=1").expect(200)
    equal(dumped(kept.body), dumped(picture))
    equal([reply.headers.get("x-upscaled-model", "").split("@")[0] for reply in (kept, acted)], ["", "photo"])
    equal(dumped(acted.body)[0], dumped(picture)[0], "the size")
    equal(dumped(acted.body)[1] == dumped(picture)[1], False, "the model ran")
    by_sides = shared.upscale(picture, "?model=photo&width=40&height=30").expect(200)
    equal(dumped(by_sides.body), dumped(acted.body))


@claim
def edge_and_alpha_act_where_a_model_runs():
    rows = b"".join(b"\0" + bytes((x * 6, y * 7, 90, 255 * (x > 20))[c] for x in range(40) for c in range(4))
                    for y in range(30))
    picture = (SIGNATURE + header(40, 30, 6) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))

    def answer(query):
        return shared.upscale(picture, query).expect(200).body

    for option in ("edge=wrap", "alpha=separate"):
        for query in ("?scale=1", "?width=40", "?width=40&height=30"):
            equal(answer(query + "&" + option), answer("?scale=1"), query)
        for query in ("?scale=2", "?model=photo&scale=1", "?width=50"):
            equal(answer(query + "&" + option) == answer(query), False, query + option)


def final(client):
    """Returns the next reply that is not an interim one."""
    while (reply := client.read_reply()).status == 100:
        pass
    return reply


@claim
def a_client_that_ends_its_side_gets_its_answer():
    headers, body = form(("image", "a.png", SLOW))
    kinds = {"length": request("POST", "/v1/upscale", SLOW),
             "close": request("POST", "/v1/upscale", SLOW, [("Connection", "close")]),
             "chunks": chunked_request("/v1/upscale", [SLOW]),
             "form": request("POST", "/v1/upscale", body, headers),
             "small": request("POST", "/v1/upscale", png()),
             "1.0": request("POST", "/v1/upscale", SLOW).replace(b"HTTP/1.1", b"HTTP/1.0"),
             "get": request("GET", "/livez")}
    for about, data in kinds.items():
        for apart in (False, True):
            with shared.connect() as client:
                client.send(data)
                if apart:
                    time.sleep(0.05)  # so that the end may come in a packet of its own; both must work
                client.socket.shutdown(socket.SHUT_WR)
                equal(final(client).status, 200, about)
                client.is_closed()


@claim
def clients_that_end_their_sides_together_get_their_answers():
    message = request("POST", "/v1/upscale?scale=4&compression=1", noise(100, 100))
    with Daemon("--threads", "1") as d:
        for kind, data in (("1.1", message), ("1.0", message.replace(b"HTTP/1.1", b"HTTP/1.0", 1))):
            for _ in range(8):
                clients = [d.connect() for _ in range(8)]
                for client in clients:
                    client.send(data)
                for client in clients:
                    client.socket.shutdown(socket.SHUT_WR)
                for client in clients:
                    equal(final(client).status, 200, kind)
                    client.is_closed()
                    client.socket.close()


@claim
def a_refusal_is_sent_although_the_body_is_cut_off():
    with Daemon("--max-body", "100K") as d:
        large, jpeg = b"x" * 200000, b"\xff\xd8\xff\xe0" + b"x" * 5000
        kinds = [(request("POST", "/v1/upscale?scale=99", png()), 400), (request("POST", "/nothing", png()), 404),
                 (request("POST", "/v1/upscale", large), 413), (request("POST", "/v1/upscale", jpeg), 415),
                 (chunked_request("/v1/upscale?scale=99", [png()]), 400),
                 (chunked_request("/v1/upscale", [jpeg]), 415)]
        for data, status in kinds:
            for before in (b"", request("GET", "/livez")):
                for apart in (False, False, False, True):
                    with d.connect() as client:
                        client.send(before + data[:-20])
                        if apart:
                            time.sleep(0.02)  # the end comes by itself, perhaps; both must be right
                        client.socket.shutdown(socket.SHUT_WR)
                        if before:
                            client.read_reply().expect(200)
                        client.read_reply().expect(status)
                        client.is_closed()
        with d.connect() as client:  # what is not refused has no answer
            client.send(request("POST", "/v1/upscale", png(), [("X-Request-ID", "cut")])[:-20])
            client.socket.shutdown(socket.SHUT_WR)
            client.is_closed()
        line = wait_until(lambda: [json.loads(x) for x in d.lines if '"cut"' in x], "it is logged")[0]
        equal((line["status"], line["code"]), (499, "client_left"))


@claim
def a_client_that_is_gone_is_noticed():
    """Whether its picture was computed or waited: it did not cancel it, so this is not a 409."""
    with Daemon("--threads", "1", "--max-running", "1") as d:
        with d.connect() as client:
            client.send(request("POST", "/v1/upscale?scale=8&model=photo-hq", flat_png(2000, 2000)))
            wait_until(lambda: d.health()["running"] == 1, "it runs")
            with d.connect() as waiting:
                waiting.send(request("POST", "/v1/upscale", png()))
                wait_until(lambda: d.health()["waiting"] == 1, "another one waits")
            wait_until(lambda: d.health()["waiting"] == 0, "it was dropped")
        wait_until(lambda: d.health()["running"] == 0, "it was cancelled")
        lines = wait_until(lambda: [json.loads(line) for line in d.lines if "/v1/upscale" in line][1:] and
                           [json.loads(line) for line in d.lines if "/v1/upscale" in line], "the log has both")
        equal([(line["status"], line["code"], line["bytes_out"]) for line in lines], 2 * [(499, "client_left", 0)])
        equal(d.ask("GET", "/metrics").body.count(b'upscaled_requests_total{status="499",code="client_left"} 2'), 1)


@claim
def events_outlive_the_write_timeout():
    name = "a-client-that-listens-for-long"
    with Daemon("--write-timeout", "1", "--threads", "1", "--body-timeout", "600") as d:
        data = request("POST", "/v1/upscale", flat_png(60, 60), [("X-Request-ID", name)])
        with d.connect() as sender, d.connect() as listener:
            sender.send(data[:-5])
            wait_until(lambda: d.ask("GET", "/v1/requests/" + name).status == 200, "it is found")
            listener.send(request("GET", "/v1/requests/" + name, headers=[("Accept", "text/event-stream")]))
            begun = time.monotonic()
            stream = b""
            while time.monotonic() < begun + 4 and b'"done"' not in stream:
                listener.socket.settimeout(0.5)
                try:
                    piece = listener.socket.recv(4096)
                except socket.timeout:
                    continue
                equal(piece != b"", True, "the stream lives on")
                stream += piece
            sender.send(data[-5:])
            sender.read_reply().expect(200)
            listener.socket.settimeout(60)
            while b'"done"' not in stream and (piece := listener.socket.recv(4096)):
                stream += piece
            equal(b'"done"' in stream, True, "the last event")


@claim
def a_listener_that_reads_nothing_is_closed():
    name = "a-client-that-does-not-read"
    with Daemon("--write-timeout", "1", "--threads", "1", "--max-body", "64M") as d:
        with d.connect() as sender, socket.socket() as listener:
            sender.send(request("POST", "/v1/upscale?scale=8&model=photo-hq", flat_png(2000, 2000),
                                [("X-Request-ID", name)]))
            wait_until(lambda: d.health()["running"] == 1, "it runs")
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least that the system allows
            listener.connect(d.addresses[0][1])
            listener.sendall(request("GET", "/v1/requests/" + name, headers=[("Accept", "text/event-stream")]))
            wait_until(lambda: any("/v1/requests/" in line for line in d.lines), "the log says that it ended")
            equal(d.health()["running"], 1, "the work goes on")


with Daemon() as shared:
    run_claims()
