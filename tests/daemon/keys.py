"""keys.py - --api-keys: which requests a key allows, and how often."""
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, Daemon, claim, equal, png, png_of_bytes, request, run_claims, wait_until  # noqa: E402
from held_clock import daemon_with_held_clock  # noqa: E402

folder = tempfile.TemporaryDirectory()
MODEL = {"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
         "border": "replicate",
         "layers": [{"type": "upsample", "scale_factor": 2, "mode": "nearest"}]}
PATH = os.path.join(folder.name, "keys")


def line(name, key, rest=""):
    done = subprocess.run([BINARY, "hash-key", name], input=key.encode() + b"\n",
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().strip() + rest + "\n"


def write(*lines):
    with open(PATH + ".part", "w") as file:
        file.writelines(lines)
    os.rename(PATH + ".part", PATH)


def bearer(key):
    return [("Authorization", "Bearer " + key)]


@claim
def without_a_key_nothing_is_done():
    write(line("ann", "secret-a"))
    with Daemon("--api-keys", PATH) as d:
        for reply in (d.upscale(png()), d.ask("GET", "/v1/models"), d.ask("GET", "/v1/limits"),
                      d.upscale(png(), headers=[("Authorization", "Basic c2VjcmV0LWE=")])):
            reply.expect(401, "no_key")
            equal(reply.headers["www-authenticate"], 'Bearer realm="upscaled"')


@claim
def a_pipe_is_no_file_of_keys():
    pipe = folder.name + "/pipe"
    os.mkfifo(pipe)
    done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--api-keys", pipe],
                          capture_output=True, timeout=120)
    equal((done.returncode, b"not a regular file" in done.stderr), (1, True), done.stderr)
    write(line("ann", "secret-a"))
    with Daemon("--api-keys", PATH) as d:
        os.rename(pipe, PATH)
        d.signal(signal.SIGHUP)
        wait_until(lambda: "not a regular file" in d.log(), "the reload fails")
        d.upscale(png(), headers=bearer("secret-a")).expect(200)


@claim
def a_wrong_key_is_refused():
    write(line("ann", "secret-a"))
    with Daemon("--api-keys", PATH) as d:
        hashed = line("ann", "secret-a").split(":")[1].strip()
        for key in ("secret-b", "secret-", "secret-aa", "ann", hashed):
            d.upscale(png(), headers=bearer(key)).expect(403, "key_refused")
            d.upscale(png(), headers=[("X-API-Key", key)]).expect(403, "key_refused")
        d.upscale(png(), headers=bearer("")).expect(401, "no_key")  # a scheme without a key


@claim
def a_right_key_is_let_in_by_either_header():
    write(line("ann", "secret-a"), "# a comment\n", line("bob", "secret-b"))
    with Daemon("--api-keys", PATH) as d:
        for headers in (bearer("secret-a"), [("X-API-Key", "secret-a")],
                        [("authorization", "bearer secret-b")], [("x-api-key", "secret-b")],
                        [("Authorization", "Bearer   secret-a")]):
            d.upscale(png(), headers=headers).expect(200)
            d.ask("GET", "/v1/models", headers=headers).expect(200)


@claim
def probes_the_page_and_preflights_need_none():
    write(line("ann", "secret-a"))
    with Daemon("--api-keys", PATH) as d:
        for path in ("/", "/livez", "/readyz", "/health", "/errors", "/openapi.json"):
            d.ask("GET", path).expect(200)
            d.ask("HEAD", path).expect(200)
        d.ask("OPTIONS", "/v1/upscale").expect(204)


@claim
def a_body_without_a_key_is_not_asked_for():
    write(line("ann", "secret-a"))
    with Daemon("--api-keys", PATH) as d, d.connect() as client:
        client.send(request("POST", "/v1/upscale", png(), [("Expect", "100-continue")])[:-len(png())])
        client.read_reply().expect(401, "no_key")


@claim
def a_rate_is_kept_and_told_when_to_come_again():
    write(line("ann", "secret-a", ":3"), line("bob", "secret-b"))
    with daemon_with_held_clock("--api-keys", PATH) as (d, clock):
        def refused(seconds):
            reply = d.upscale(png(), headers=bearer("secret-a")).expect(429, "rate_limited")
            equal(int(reply.headers["retry-after"]), seconds)
        for _ in range(3):
            d.upscale(png(), headers=bearer("secret-a")).expect(200)
        refused(20)
        d.ask("GET", "/v1/models", headers=bearer("secret-a")).expect(200)
        for _ in range(10):
            d.upscale(png(), headers=bearer("secret-b")).expect(200)
        clock.advance(15)
        refused(5)
        clock.advance(5)
        d.upscale(png(), headers=bearer("secret-a")).expect(200)
        refused(20)


@claim
def concurrency_is_kept_until_the_answer_is_out():
    write(line("ann", "secret-a", "::1"))
    with Daemon("--api-keys", PATH) as d:
        with d.connect() as slow:
            slow.send(request("POST", "/v1/upscale", png(),
                              bearer("secret-a") + [("Expect", "100-continue")])[:-len(png())])
            equal(slow.read_reply().status, 100)  # so the request was counted
            reply = d.upscale(png(), headers=bearer("secret-a")).expect(429, "rate_limited")
            equal("retry-after" in reply.headers, True)
            slow.send(png())
            slow.read_reply().expect(200)
        wait_until(lambda: d.upscale(png(), headers=bearer("secret-a")).status == 200,
                   "the first is forgotten")


@claim
def an_estimate_of_a_whole_picture_takes_a_place_but_is_none_of_the_rate():
    write(line("ann", "secret-a", ":1:1"))
    large = png_of_bytes(9000)
    with daemon_with_held_clock("--api-keys", PATH) as (d, _):
        def estimate(body):
            return d.ask("POST", "/v1/estimate", body, bearer("secret-a"))

        def promise(body):
            said = json.loads(estimate(body).expect(200).body)
            return said["admitted"], said.get("code")
        with d.connect() as slow:
            slow.send(request("POST", "/v1/estimate", large,
                              bearer("secret-a") + [("Expect", "100-continue")])[:-len(large)])
            equal(slow.read_reply().status, 100)
            estimate(large).expect(429, "rate_limited")
            equal(promise(large[:33]), (False, "rate_limited"), "the place is taken")
            slow.send(large)
            equal(json.loads(slow.read_reply().expect(200).body)["admitted"], True, "by itself alone")
        wait_until(lambda: estimate(large).status == 200, "the first is forgotten")
        wait_until(lambda: d.upscale(png(), headers=bearer("secret-a")).status == 200,
                   "the rate is whole")
        d.upscale(png(), headers=bearer("secret-a")).expect(429, "rate_limited")
        equal((promise(large), promise(large[:33])), 2 * ((False, "rate_limited"),))


@claim
def an_admin_may_reload_and_others_may_not():
    write(line("ann", "secret-a"), line("ops", "secret-o", ":::admin"))
    with Daemon("--api-keys", PATH) as d:
        d.ask("POST", "/v1/reload").expect(401, "no_key")
        d.ask("POST", "/v1/reload", headers=bearer("secret-a")).expect(403, "key_refused")
        reply = d.ask("POST", "/v1/reload", headers=bearer("secret-o")).expect(200)
        equal(json.loads(reply.body)["keys"], 2)
        d.ask("POST", "/v1/reload", b"body", bearer("secret-o")).expect(400, "bad_request")
        d.ask("GET", "/v1/reload", headers=bearer("secret-o")).expect(405)
    with Daemon() as d:
        d.ask("POST", "/v1/reload").expect(403, "key_refused")


@claim
def a_reload_changes_who_may():
    write(line("ops", "secret-o", ":::admin"))
    with Daemon("--api-keys", PATH) as d:
        d.upscale(png(), headers=bearer("secret-a")).expect(403)
        write(line("ops", "secret-o", ":::admin"), line("ann", "secret-a"))
        d.upscale(png(), headers=bearer("secret-a")).expect(403)
        d.ask("POST", "/v1/reload", headers=bearer("secret-o")).expect(200)
        d.upscale(png(), headers=bearer("secret-a")).expect(200)
        write(line("ops", "secret-o", ":::admin"))
        d.signal(signal.SIGHUP)
        wait_until(lambda: d.upscale(png(), headers=bearer("secret-a")).status == 403, "it is out")


@claim
def a_bad_file_leaves_all_as_it_was_and_says_why():
    write(line("ops", "secret-o", ":::admin"))
    with tempfile.TemporaryDirectory() as models:
        with Daemon("--api-keys", PATH, "--models", models) as d:
            def reload():
                return d.ask("POST", "/v1/reload", headers=bearer("secret-o"))

            with open(os.path.join(models, "double.json"), "w") as file:
                json.dump(MODEL, file)
            write("ops:junk\n")  # a good model with bad keys: neither is accepted
            equal("keys:1" in reload().expect(500, "keys_file").problem()["detail"], True, "the line")
            equal(json.loads(d.ask("GET", "/health").body)["status"], "ready")
            d.ask("GET", "/v1/models/double", headers=bearer("secret-o")).expect(404)
            write(line("ops", "secret-o", ":::admin"), line("ann", "secret-a"))
            with open(os.path.join(models, "double.json"), "w") as file:
                file.write("{")  # the reverse
            equal("double.json" in reload().expect(500).problem()["detail"], True)
            d.upscale(png(), headers=bearer("secret-a")).expect(403)
            with open(os.path.join(models, "double.json"), "w") as file:
                json.dump(MODEL, file)
            counts = json.loads(reload().expect(200).body)
            offered = json.loads(d.ask("GET", "/v1/models", headers=bearer("secret-a")).body)["models"]
            equal(counts, {"models": len(offered), "keys": 2})
            equal("double" in [m["name"] for m in offered], True, "the one that was mended")
            d.upscale(png(), "?model=double", bearer("secret-a")).expect(200)


@claim
def many_reloads_at_once_are_all_answered():
    write(line("ops", "secret-o", ":::admin"))
    with Daemon("--api-keys", PATH) as d:
        clients = [d.connect() for _ in range(20)]
        for client in clients:
            client.send(request("POST", "/v1/reload", headers=bearer("secret-o")))
        for client in clients:
            client.read_reply().expect(200)
            client.socket.close()


@claim
def a_bad_file_is_named_at_the_start():
    for text, word in (("ann\n", "keys:1"), ("", "no key")):
        write(text)
        done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--api-keys", PATH],
                              stderr=subprocess.PIPE, timeout=120)
        equal((done.returncode != 0, word.encode() in done.stderr), (True, True), done.stderr)


@claim
def hash_key_refuses_what_is_no_key():
    for text, arguments, status in ((b"", (), 1), (b"\n", (), 1), (b"x" * 400, (), 1),
                                    (b"x", ("a", "b"), 2)):
        done = subprocess.run([BINARY, "hash-key", *arguments], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        equal((done.returncode, done.stdout), (status, b""))


run_claims()
