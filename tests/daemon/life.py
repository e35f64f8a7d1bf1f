"""life.py - the running daemon: many clients, a full queue, reloads, slow clients, addresses.
ends.py tests its end."""
import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from busy import PATIENT, begin, block, busy  # noqa: E402
from daemon import (BINARY, Client, Daemon, Skip, claim, equal, png, request, run_claims, shape,
                    wait_until)  # noqa: E402


@claim
def answers_32_clients_at_once():
    with Daemon() as d:
        wanted = d.upscale(png(40, 30)).expect(200).body
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            replies = list(pool.map(lambda _: d.upscale(png(40, 30)), range(96)))
        for reply in replies:
            equal(reply.expect(200).body == wanted, True, "the same bytes under load")


@claim
def refuses_what_does_not_fit_into_the_queue():
    with Daemon(*PATIENT, "--max-running", "1", "--queue", "1") as d:
        blocker = block(d)
        queued = begin(d)
        busy(d, 1, 1)
        reply = d.upscale(png()).expect(503, "busy")
        equal(reply.problem()["option"], "queue")
        equal(int(reply.headers["retry-after"]) > 0, True)
        d.ask("GET", "/livez").expect(200)
        d.ask("GET", "/readyz").expect(200)
        blocker.socket.close()
        queued.read_reply().expect(200)


@claim
def refuses_at_once_what_would_wait_too_long():
    with Daemon("--work-timeout", "86400", "--max-running", "1", "--queue-timeout", "1") as d:
        blocker = block(d)
        reply = d.upscale(png()).expect(503, "busy")
        equal(reply.problem()["option"], "queue-timeout")
        equal(int(reply.headers["retry-after"]) > 1, True, reply.headers["retry-after"])
        blocker.socket.close()


@claim
def forgets_a_client_that_left():
    with Daemon(*PATIENT, "--max-running", "1") as d:
        blocker = block(d)
        queued = begin(d)
        busy(d, 1, 1)
        queued.socket.close()
        busy(d, 1, 0)
        blocker.socket.close()
        busy(d, 0, 0)
        d.upscale(png()).expect(200)


MODEL = {"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
         "border": "replicate",
         "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}


@claim
def reloads_models_on_sighup_and_keeps_the_old_when_one_is_bad():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "double.json")
        with Daemon("--models", folder) as d:
            d.upscale(png(), "?model=double").expect(400, "unknown_model")
            write(path, json.dumps(MODEL))
            d.signal(signal.SIGHUP)
            wait_until(lambda: "models were reloaded" in d.log(), "it has reloaded")
            equal(shape(d.upscale(png(), "?model=double").expect(200).body)[:2], (16, 12))
            d.ask("GET", "/v1/models/double").expect(200)
            write(path, "{\"format\": \"upscaled-model/1\", ")
            d.signal(signal.SIGHUP)
            wait_until(lambda: "nothing was reloaded" in d.log(), "it has refused")
            equal("double" in d.log(), True, "the log names the file")
            d.upscale(png(), "?model=double").expect(200)


def write(path, text):
    with open(path + ".part", "w") as file:
        file.write(text)
    os.rename(path + ".part", path)


@claim
def works_on_through_a_reload():
    with tempfile.TemporaryDirectory() as folder:
        write(os.path.join(folder, "double.json"), json.dumps(MODEL))
        with Daemon("--models", folder) as d:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                replies = [pool.submit(d.upscale, png(40, 30), "?model=double")
                           for _ in range(40)]
                for _ in range(5):
                    d.signal(signal.SIGHUP)
                for reply in replies:
                    reply.result().expect(200)


@claim
def ends_slow_headers():
    with Daemon("--header-timeout", "1") as d, d.connect() as client:
        start = time.monotonic()
        try:
            for byte in b"GET /livez HTTP/1.1\r\nX-Slow: " + b"a" * 10000:
                client.send(bytes([byte]))
                time.sleep(0.02)
            raise AssertionError("never ended")
        except (BrokenPipeError, ConnectionResetError):
            pass
        equal(time.monotonic() - start < 60, True)


@claim
def a_slow_client_is_told_its_request_id():
    with Daemon("--header-timeout", "1") as d, d.connect() as client:
        client.send(b"GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        reply = client.read_reply().expect(408, "timeout")
        equal(len(reply.headers["x-request-id"]), 16)


@claim
def answers_slow_bodies_with_408():
    with Daemon("--body-timeout", "1") as d, d.connect() as client:
        client.send(request("POST", "/v1/upscale", png())[:-5])
        client.read_reply().expect(408, "timeout")
        client.is_closed()


@claim
def closes_idle_connections():
    with Daemon("--idle-timeout", "1", "--header-timeout", "1", "--body-timeout", "1") as d:
        with d.connect() as silent, d.connect() as idle:
            idle.ask("GET", "/livez").expect(200)
            idle.is_closed()
            silent.is_closed()


@claim
def listens_on_several_addresses():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        with Daemon(listen=("127.0.0.1:0", "unix:" + path)) as d:
            for which in (0, 1):
                d.ask("POST", "/v1/upscale", png(), which=which).expect(200)
        equal(os.path.exists(path), False, "the socket is removed at the end")


@claim
def listens_on_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        raise Skip("no IPv6 here")
    with Daemon(listen=("[::1]:0",)) as d:
        equal(d.urls[0].startswith("http://[::1]:"), True, d.urls[0])
        d.upscale(png()).expect(200)


@claim
def serves_a_socket_that_it_was_given():
    with socket.create_server(("127.0.0.1", 0)) as given:
        url = "http://127.0.0.1:%d" % given.getsockname()[1]
        with Daemon(inherit=given) as d:
            equal(d.urls, [url])
            d.upscale(png()).expect(200)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as given:
        path = os.path.join(folder, "s")
        given.bind(path)
        given.listen()
        with Daemon(inherit=given) as d:
            equal(d.urls, ["unix:" + path])
            d.upscale(png()).expect(200)
        equal(os.path.exists(path), True, "the socket is still there, since it is not ours")


@claim
def leaves_a_socket_that_it_was_given_to_others():
    with socket.create_server(("127.0.0.1", 0)) as given:
        with Daemon(inherit=given) as old:
            old.upscale(png()).expect(200)
            with Daemon(inherit=given) as new:
                old.signal(signal.SIGTERM)
                equal(old.wait(), 0, "status")
                for _ in range(20):
                    new.upscale(png()).expect(200)
            with Client(new.addresses[0]) as waiting:  # no process accepts now
                waiting.send(request("POST", "/v1/upscale", png()))
                with Daemon(inherit=given):
                    waiting.read_reply().expect(200)


@claim
def refuses_what_is_no_listening_socket():
    with socket.socket() as given, open(os.devnull) as file:
        for what in (given, file):
            try:
                with Daemon(inherit=what):
                    raise AssertionError("it has started")
            except AssertionError as why:
                equal("descriptor 3 is not a listening stream socket" in str(why), True, str(why))


@claim
def replaces_a_stale_socket_and_nothing_else():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        with Daemon(listen=("unix:" + path,)) as d:
            d.upscale(png()).expect(200)
            fails_to_listen("unix:" + path)  # another process listens there
            d.upscale(png()).expect(200)
        write(path, "a file")
        fails_to_listen("unix:" + path)
        with open(path) as file:
            equal(file.read(), "a file")


def fails_to_listen(address, status=1):
    done = subprocess.run([BINARY, "serve", "--listen", address], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    equal(done.returncode, status, "status")
    equal(address[:100].encode() in done.stderr, True, "the address is named")


@claim
def names_an_address_it_cannot_have():
    with Daemon() as d:
        fails_to_listen(d.urls[0][len("http://"):])
    for address in ("nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "::1:80", "unix:",
                    "127.0.0.1:65536", "127.0.0.1:99999", "unix:/" + "x" * 200):
        fails_to_listen(address, 2)


run_claims()
