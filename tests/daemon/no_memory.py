"""no_memory.py - allocations of requests fail in turn, in our code and in the libraries
(fail_malloc.c): for each route, with and without keys, a folder of models and trusted proxies. The
answer is whole or absent or says that memory is out, the next one is good, and no memory is lost.

  tests/daemon/no_memory.py        some 50 allocations of each request
  tests/daemon/no_memory.py all    each of them; half an hour
"""
import contextlib
import hashlib
import itertools
import json
import os
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (Reply, chunk, chunked_request, claim, equal, flat_png, form, png, png_of_bytes,
                    request, run_claims, wait_until)  # noqa: E402
from failing import (answer_or_none, budget_is_whole, fail_each, read_answer, running,
                     settle)  # noqa: E402

TEXT = chunk(b"tEXt", b"Comment\0" + b"x" * 100)
WITH_TEXT = (lambda p: p[:33] + TEXT + p[33:])(png(24, 16))
WARNED = png(9, 7)[:-12]  # it lacks IEND, which an answer says
FORM_HEADERS, FORM_BODY = form(("image", "a.png", png(9, 7)))
PIECES = [png_of_bytes(9000)[at:at + 1000] for at in range(0, 9000, 1000)]
FORM_PIECES = [FORM_BODY[at:at + 50] for at in range(0, len(FORM_BODY), 50)]
MODEL = ('{"format": "upscaled-model/1", "scale": 2, "color": "y", "border": "replicate", '
         '"description": "%06d", "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}')
ORIGIN = [("Origin", "https://a.example")]
TRIED = 50
numbers = itertools.count()


# ---------------------------------------------------------------- cases: see fail_each

def plain(*words, headers=(), **more):
    """A request by itself."""
    def case(_, trial):
        return trial(lambda client: read_answer(
            client, request(*words, headers=headers, **more), words[0]))
    return case


def sent(message, method="POST"):
    return lambda _, trial: trial(lambda client: read_answer(client, message, method))


class Upload:
    """A request whose body does not come before go_on()."""

    def __init__(self, d, headers=()):
        wait_until(lambda: self.begin(d, headers), "its key may have one more")

    def begin(self, d, headers):
        """Sends the head of one. Returns whether the body is asked for."""
        name, self.client = "%032d" % next(numbers), d.connect()
        self.path = "/v1/requests/" + name
        whole = request("POST", "/v1/upscale", png(),
                        [("X-Request-ID", name), ("Expect", "100-continue"), *headers])
        self.client.send(whole[:-len(png())])
        if self.client.read_reply().status == 100:
            return True
        self.client.socket.close()
        return False

    def go_on(self):
        self.client.send(png())
        return self.client.read_reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.socket.close()


def progress(method, headers=()):
    """Asks how far an upload is, which then goes on."""
    def case(d, trial):
        with Upload(d, headers) as upload:
            reply = trial(lambda client: read_answer(
                client, request(method, upload.path, headers=headers), method))
            upload.go_on().expect(200)
            return reply
    return case


def cancel(headers=()):
    """Cancels an upload. If the answer says so, the upload is cancelled."""
    def case(d, trial):
        with Upload(d, headers) as upload:
            reply = trial(lambda client: read_answer(
                client, request("DELETE", upload.path, headers=headers)))
            status = upload.go_on().status
            equal(status in ((409,) if reply and reply.status == 204 else (200, 409)), True, status)
            return reply
    return case


def open_events(client, path, headers=()):
    """Asks for the events of an upload. Returns the answer; its body is the first event."""
    client.send(request("GET", path, headers=[("Accept", "text/event-stream"), *headers]))
    status, fields = client.read_head()
    if "content-length" in fields:
        return Reply(status, fields, client.read_bytes(int(fields["content-length"])))
    return Reply(status, {**fields, "content-type": "json"}, client.read_chunk().split(b"data: ")[1])


def events(headers=()):
    """Opens the stream of events of an upload."""
    def case(d, trial):
        with Upload(d, headers) as upload:
            reply = trial(lambda client: open_events(client, upload.path, headers))
            upload.go_on().expect(200)
            return reply
    return case


def last_event(d, trial):
    """An upload fails while its events are read. The last one says so."""
    with Upload(d) as upload, d.connect() as reader:
        open_events(reader, upload.path)

        def leave(_):
            upload.client.socket.close()
            said = list(iter(reader.read_chunk, b""))
            return Reply(200, {"content-type": "json"}, said[-1].split(b"data: ")[1])
        reply = trial(leave)
        equal(reply is None or json.loads(reply.body)["state"], "failed", "the last state")
        return reply


# ---------------------------------------------------------------- a daemon that lets all in

READ = ("/v1/models", "/v1/models/photo", "/v1/limits", "/", "/errors", "/openapi.json")
PREFLIGHT = [*ORIGIN, ("Access-Control-Request-Method", "POST")]
OPEN = [
    ("a picture", 200, plain("POST", "/v1/upscale", WITH_TEXT)),
    ("a picture with a warning", 200, plain("PUT", "/v1/upscale", WARNED)),
    ("one by a form", 200, plain("POST", "/v1/upscale", FORM_BODY, headers=FORM_HEADERS)),
    ("one in chunks", 200, sent(chunked_request("/v1/upscale", PIECES))),
    ("a form in chunks", 200, sent(chunked_request("/v1/upscale", FORM_PIECES, FORM_HEADERS))),
    ("one that was asked for", 200, plain("POST", "/v1/upscale", png(9, 7),
                                          headers=[("Expect", "100-continue")])),
    ("other sizes", 200, plain("POST", "/v1/upscale?scale=3&depth=16&edge=wrap", png(11, 5))),
    ("an estimate", 200, plain("POST", "/v1/estimate", png(24, 16))),
    ("no picture", 415, plain("POST", "/v1/upscale", b"GIF89a" + bytes(40))),
    *[(path, 200, plain("GET", path)) for path in READ],
    *[("HEAD " + path, 200, plain("HEAD", path)) for path in READ],
    *[(path + ", unchanged", 304, plain("GET", path, headers=[("If-None-Match", "*")]))
      for path in READ],
    *[(path, 200, plain("GET", path)) for path in ("/metrics", "/livez", "/readyz", "/health")],
    ("a preflight", 204, plain("OPTIONS", "/v1/upscale", headers=PREFLIGHT)),
    ("another origin", 200, plain("GET", "/livez", headers=ORIGIN)),
    ("OPTIONS *", 204, plain("OPTIONS", "*")),
    ("nothing", 404, plain("GET", "/nothing")),
    ("another method", 405, plain("DELETE", "/livez")),
    ("no such model", 404, plain("GET", "/v1/models/none")),
    ("no such request", 404, plain("GET", "/v1/requests/" + "x" * 32)),
    ("a head that is refused", 400, sent(b"GET / HTTP/1.1\r\n\r\n")),
    ("progress", 200, progress("GET")),
    ("HEAD of progress", 200, progress("HEAD")),
    ("a cancellation", 204, cancel()),
]


def fail_all(d, order, cases):
    """Fails allocations of the cases, and checks that nothing is lost."""
    def whole(exchange):
        return answer_or_none(d, exchange)

    for _, wanted, case in cases * 3:
        case(d, whole).expect(wanted)
    before, total = settle(d, order), 0
    for about, _, case in cases:
        count, seen = fail_each(d, order, case, TRIED)
        print("# %s: %d allocations, %s" % (about, count, seen))
        equal(count >= 5, True, "allocations of " + about)
        wait_until(lambda: budget_is_whole(d) and order.live() <= before + 8,
                   "nothing is lost: %d blocks before" % before)
        total += sum(seen.values())
    print("# %d allocations failed" % total)


@claim
def any_allocation_of_a_request_may_fail():
    with running("--log-format", "json", "--cors-origin", "*") as (d, order):
        fail_all(d, order, OPEN)
        d.upscale(flat_png(300, 200)).expect(200)


@claim
def an_event_that_found_no_memory_is_sent_all_the_same():
    """The clock stands still: a stream that waited for its next event would wait for ever."""
    with running(held=True) as (d, order):
        fail_all(d, order, [("events", 200, events()), ("the last event", 200, last_event)])


# ---------------------------------------------------------------- keys, a folder, proxies

def key(name):
    return [("Authorization", "Bearer " + name), ("X-Forwarded-For", "192.0.2.1, 192.0.2.2")]


def beyond(d, trial):
    """A picture while another one of the same key is on its way, which may have one at a time."""
    with Upload(d, ONE) as upload:
        reply = trial(lambda client: read_answer(
            client, request("POST", "/v1/upscale", png(24, 16), headers=ONE)))
        upload.go_on().expect(200)
        return reply


ANN, OPS, ONE = key("ann"), key("ops"), key("one")
KEYED = [
    ("a picture, with a key", 200, plain("POST", "/v1/upscale?model=mine", png(24, 16), headers=ANN)),
    ("a picture without a key", 401, plain("POST", "/v1/upscale", png(24, 16))),
    ("a wrong key", 403, plain("GET", "/v1/models", headers=key("bob"))),
    ("one too many at a time", 429, beyond),
    ("models, with a key", 200, plain("GET", "/v1/models", headers=ANN)),
    ("a model of the folder", 200, plain("GET", "/v1/models/mine", headers=ANN)),
    ("a reload by another", 403, plain("POST", "/v1/reload", headers=ANN)),
    ("progress, with a key", 200, progress("GET", ANN)),
    ("events, with a key", 200, events(ANN)),
    ("a cancellation, with a key", 204, cancel(ANN)),
]


def line(name, limits):
    return "%s:%s%s\n" % (name, hashlib.sha256(name.encode()).hexdigest(), limits)


class Files:
    """A folder of models and a file of keys, which change together."""

    def __init__(self, folder):
        self.folder, self.keys, self.loaded = folder + "/models", folder + "/keys", 0
        os.mkdir(self.folder)
        self.write(0)

    def write(self, number):
        with open(self.folder + "/mine.json", "w") as file:
            file.write(MODEL % number)
        with open(self.keys, "w") as file:
            file.write(line("ann", "") + line("one", "::1") + line("ops", ":::admin") +
                       line("n%d" % number, ""))

    @staticmethod
    def in_force(d, number):
        """Whether models and keys are those of that number: both or neither."""
        model = json.loads(d.ask("GET", "/v1/models/mine", headers=ANN).expect(200).body)
        known = d.ask("GET", "/v1/models", headers=key("n%d" % number)).status == 200
        equal(int(model["description"]) == number, known, "models and keys belong together")
        return known

    def reload(self, d, trial):
        """Reloads other models and keys: all are new then, or all as they were."""
        number = next(numbers)
        self.write(number)
        reply = trial(lambda client: read_answer(client, request("POST", "/v1/reload", headers=OPS)))
        if self.in_force(d, number):
            self.loaded = number
        else:
            equal(self.in_force(d, self.loaded), True, "the old models and keys are in force")
            equal(reply is None or reply.status == 503, True, "what was said of it")
        return reply


@claim
def any_allocation_may_fail_with_keys_and_a_folder_of_models_and_proxies():
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        with running("--api-keys", files.keys, "--models", files.folder,
                     "--trusted-proxies", "127.0.0.1, 192.0.2.0/24") as (d, order):
            fail_all(d, order, [*KEYED, ("a reload", 200, files.reload)])


run_claims()
