"""progress.py - /v1/requests/{id}: which clients see the progress of a request, as JSON and as
events, and which may cancel it."""
import hashlib
import json
import os
import sys
import tempfile
import threading

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, equal, flat_png, png, request, run_claims, wait_until  # noqa: E402

ID = "0123456789abcdef" * 2
STATES = ["receiving", "waiting", "working", "done", "failed", "cancelled"]
LARGE = flat_png(1200, 1200)


class Upload:
    """A long request on a thread of its own, which is in progress when `with` is entered."""

    def __init__(self, daemon, name=ID, body=LARGE, headers=()):
        self.daemon = daemon
        self.arguments = (body, "?scale=8&model=photo-hq", [("X-Request-ID", name), *headers])
        self.thread = threading.Thread(target=self.run)
        self.reply = None

    def run(self):
        self.reply = self.daemon.upscale(*self.arguments)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *why):
        self.thread.join()


class Held:
    """A request that lacks its end until go_on(): what is tested in between, no speed can overtake."""

    def __init__(self, daemon, client, name=ID):
        whole = request("POST", "/v1/upscale", flat_png(200, 200), [("X-Request-ID", name)])
        self.client, self.end = client, whole[-50:]
        client.send(whole[:-50])
        wait_until(lambda: daemon.health()["memory"]["bodies"], "the body comes")

    def go_on(self):
        self.client.send(self.end)
        return self.client.read_reply("POST")


def look(d, name=ID, headers=()):
    reply = d.ask("GET", "/v1/requests/" + name, headers=headers)
    return json.loads(reply.body) if reply.status == 200 else None


def code(reply):
    return reply.status, json.loads(reply.body)["code"]


def cancel(d, name=ID, headers=()):
    equal(d.ask("DELETE", "/v1/requests/" + name, headers=headers).status, 204, "DELETE")


def open_stream(client):
    """Asks for the events of the request, and reads the head of the answer. No event is read yet."""
    client.send(request("GET", "/v1/requests/" + ID, headers=[("Accept", "text/event-stream")]))
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += client.socket.recv(1)
    equal(b"text/event-stream" in head, True, head)


def read_events(client):
    """Returns the data of each event until the chunked body ends."""
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        piece = client.socket.recv(65536)
        equal(bool(piece), True, "a stream that was cut off: %r" % data[-200:])
        data += piece
    lines = [line for line in data.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line[6:]) for line in lines]


@claim
def a_request_tells_how_far_it_is():
    with Daemon() as d, Upload(d) as upload:
        first = wait_until(lambda: look(d), "the request is found")
        equal(sorted(first), sorted(["id", "state", "position", "fraction", "elapsed_seconds",
                                     "expected_seconds"]), "keys")
        equal(first["id"], ID, "id")
        moved = wait_until(lambda: (look(d) or {"fraction": 1})["fraction"], "it moves")
        equal(0 < moved <= 1, True, moved)
        cancel(d)
        upload.thread.join()
        equal(look(d), None, "afterwards")


@claim
def delete_cancels_and_its_own_answer_says_so():
    with Daemon() as d, Upload(d) as upload:
        wait_until(lambda: (look(d) or {}).get("state") == "working", "it works")
        cancel(d)
        upload.thread.join()
        equal(code(upload.reply), (409, "cancelled"), "the upload")
        equal(upload.reply.headers.get("retry-after"), None, "Retry-After")
        equal(d.upscale(png()).status, 200, "the next one")


@claim
def delete_cancels_what_waits_and_what_still_comes():
    with Daemon("--max-running", "1", "--threads", "1") as d, Upload(d, "w" * 22) as first:
        wait_until(lambda: (look(d, "w" * 22) or {}).get("state") == "working", "the first works")
        with Upload(d) as second:
            wait_until(lambda: (look(d) or {}).get("state") == "waiting", "the second waits")
            equal(look(d)["position"], 1, "its place")
            cancel(d)
            second.thread.join()
            equal(code(second.reply), (409, "cancelled"), "the second")
        with d.connect() as client:
            third = Held(d, client)
            wait_until(lambda: (look(d) or {}).get("state") == "receiving", "the third comes")
            cancel(d)
            equal(code(third.go_on()), (409, "cancelled"), "the third")
        cancel(d, "w" * 22)
        first.thread.join()


@claim
def delete_ends_an_upload_that_has_stalled():
    """Its answer comes at once, not with the next piece or at the body's deadline."""
    with Daemon("--threads", "1", "--body-timeout", "600", "--drain-timeout", "600") as d, d.connect() as client:
        held = Held(d, client)
        equal(look(d)["state"], "receiving")
        with d.connect() as listener:
            open_stream(listener)
            cancel(d)
            reply = client.read_reply("POST")
            equal(code(reply), (409, "cancelled"))
            client.socket.close()
            equal(read_events(listener)[-1]["state"], "cancelled")
        line = wait_until(lambda: [json.loads(x) for x in d.lines if ID in x and "upscale" in x], "it is logged")[0]
        equal((line["status"], line["code"]), (409, "cancelled"))
        equal(held.end != b"", True)


@claim
def events_come_until_the_end():
    for stop in (False, True):
        with Daemon() as d, d.connect() as uploader, d.connect() as client:
            upload = Held(d, uploader)
            open_stream(client)
            if stop:
                cancel(d)
            equal(upload.go_on().status, 409 if stop else 200, "the upload")
            events = read_events(client)
            equal(events[-1]["state"], "cancelled" if stop else "done", "the last state")
            order = [STATES.index(event["state"]) for event in events]
            equal(order, sorted(order), "states go forwards")
            fractions = [event["fraction"] for event in events]
            equal(fractions, sorted(fractions), "fractions grow")
            if not stop:
                equal(events[-1]["fraction"], 1.0, "the whole")


@claim
def a_stream_whose_reader_left_harms_nobody():
    with Daemon() as d, Upload(d) as upload:
        wait_until(lambda: look(d), "it is found")
        for _ in range(20):
            with d.connect() as client:
                open_stream(client)
        cancel(d)
        upload.thread.join()
        equal(d.upscale(png()).status, 200, "the next one")


@claim
def a_daemon_that_ends_ends_its_streams():
    with Daemon("--shutdown-timeout", "1") as d, Upload(d) as upload:
        wait_until(lambda: look(d), "it is found")
        with d.connect() as client:
            open_stream(client)
            equal(d.stop(), 0, "status")
        upload.thread.join()


@claim
def nobody_is_told_of_what_is_not_there():
    with Daemon() as d:
        for name in (ID, "short", "x" * 64):
            for method in ("GET", "DELETE"):
                equal(code(d.ask(method, "/v1/requests/" + name)), (404, "not_found"), name)
        equal(code(d.ask("POST", "/v1/requests/" + ID)), (405, "method_not_allowed"), "POST")


@claim
def without_a_key_short_ids_are_not_shown():
    name = "x" * 21
    with Daemon() as d, d.connect() as client:
        upload = Held(d, client, name)
        equal(look(d, name), None, "a short id")
        equal(d.ask("DELETE", "/v1/requests/" + name).status, 404, "DELETE")
        equal(upload.go_on().status, 200, "the upload")


@claim
def a_request_is_its_keys_alone():
    lines = "".join("%s:%s\n" % (name, hashlib.sha256(name.encode()).hexdigest())
                    for name in ("ann", "bob"))
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:
        file.write(lines)
        file.flush()
        ann, bob = [("X-API-Key", "ann")], [("X-API-Key", "bob")]
        with Daemon("--api-keys", file.name) as d, Upload(d, "7", headers=ann) as upload:
            wait_until(lambda: look(d, "7", ann), "ann sees it, however short its id")
            equal(code(d.ask("GET", "/v1/requests/7")), (401, "no_key"), "nobody")
            equal(code(d.ask("GET", "/v1/requests/7", headers=bob)), (404, "not_found"), "bob")
            equal(d.ask("DELETE", "/v1/requests/7", headers=bob).status, 404, "bob cancels")
            cancel(d, "7", ann)
            upload.thread.join()
            equal(code(upload.reply), (409, "cancelled"), "ann's")


run_claims()
