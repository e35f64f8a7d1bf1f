"""limits.py - every --max-* limit: a request that exceeds it is refused with an error that names
the option, and a request that just meets it is accepted."""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (BINARY, Daemon, chunk, claim, equal, png, png_of_bytes, request,
                    run_claims, wait_until)  # noqa: E402


def refused(reply, status, code, option, limit):
    problem = reply.expect(status, code).problem()
    equal((problem["option"], problem["limit"]), (option, limit))
    equal("--" + option in problem["detail"], True, "the option in: " + problem["detail"])


def picture_limit(option, value, status, code, within, over, query=""):
    def check():
        with Daemon("--" + option, str(value)) as d:
            d.upscale(within, query).expect(200)
            refused(d.upscale(over, query), status, code, option, value)
            rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
            equal([row["value"] for row in rows if row["option"] == option], [value])
    check.__name__ = option.replace("-", "_") + "_is_named"
    claim(check)


TEXT = chunk(b"tEXt", b"a\0b")
picture_limit("max-body", 300, 413, "body_too_large", png_of_bytes(300), png_of_bytes(301))
picture_limit("max-side", 10, 422, "too_wide", png(10, 10), png(11, 1))
picture_limit("max-pixels", 100, 422, "too_many_pixels", png(10, 10), png(11, 10))
picture_limit("max-output-pixels", 400, 422, "output_too_large", png(10, 10), png(11, 10))
picture_limit("max-output-bytes", 1024, 422, "output_too_large", png(2, 2), png(20, 20),
              "?compression=0")
picture_limit("max-chunks", 4, 422, "png_limit", png(4, 4, extra=TEXT), png(4, 4, extra=TEXT * 9))
picture_limit("max-chunk-bytes", 100, 422, "png_limit", png(4, 4, extra=TEXT),
              png(4, 4, extra=chunk(b"tEXt", b"a\0" + b"b" * 200)))

LAYER = {"type": "upsample", "scale_factor": 2, "mode": "nearest"}
# Padding that wraps around needs the whole picture at once.
CIRCULAR = {"type": "conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 3, "padding": 1,
            "padding_mode": "circular", "weight": [0, 0, 0, 0, 1, 0, 0, 0, 0], "bias": None}
# 2500 weights and as many multiply-accumulates a pixel.
LARGE = {"type": "conv2d", "in_channels": 1, "out_channels": 1, "kernel_size": 50, "padding": 0,
         "weight": [0] * 2500, "bias": None}


def model(*layers, border="replicate"):
    return json.dumps({"format": "upscaled-model/1", "name": "double", "scale": 2, "color": "y",
                       "border": border, "layers": list(layers)})


@claim
def max_whole_bytes_is_named():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "double.json"), "w") as file:
            file.write(model(CIRCULAR, LAYER, border="model"))
        with Daemon("--models", folder, "--max-whole-bytes", "100000") as d:
            d.upscale(png(8, 8), "?model=double").expect(200)
            reply = d.upscale(png(200, 200), "?model=double")
            problem = reply.problem()
            equal((reply.status // 100, problem["option"], problem["limit"]),
                  (4, "max-whole-bytes", 100000))


def model_limit(option, value, text):
    def check():
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "double.json"), "w") as file:
                file.write(text)
            done = subprocess.run([BINARY, "serve", "--listen", "127.0.0.1:0", "--models", folder,
                                   "--" + option, str(value)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=120)
            equal(done.returncode, 1, "status")
            for word in ("double", "--" + option, "model_limit"):
                equal(word.encode() in done.stderr, True, "%s in %r" % (word, done.stderr))
    check.__name__ = option.replace("-", "_") + "_is_named"
    claim(check)


model_limit("max-model-bytes", 1000000, model(LAYER) + " " * 1000000)
model_limit("max-model-layers", 100, model(LAYER, *[{"type": "relu"}] * 110))  # more than any model inside has
model_limit("max-model-parameters", 200000, model(*[LARGE] * 90, LAYER))
model_limit("max-model-macs", 200000, model(*[LARGE] * 90, LAYER))


@claim
def what_is_told_is_in_force():
    with Daemon("--threads", "3") as d:
        rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
        values = {row["option"]: row["value"] for row in rows}
        equal(values["max-running"], 12)
        equal([name for name in values if values[name] <= 0], ["drain-delay"])
    with Daemon("--max-running", "5") as d:
        rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
        equal([row["value"] for row in rows if row["option"] == "max-running"], [5])


@claim
def every_address_has_connections_of_its_own():
    with Daemon("--connections", "2", listen=("127.0.0.1:0",) * 2) as d:
        with d.connect() as first, d.connect() as second, d.connect() as third:
            for client in (first, second):
                client.send(b"GET /livez HTTP/1.1\r\n")  # a connection whose head is arriving stays open
            time.sleep(0.2)
            third.send(request("GET", "/livez"))
            d.ask("GET", "/livez", which=1).expect(200)
            equal(third.pending, b"")
            first.socket.close()
            third.read_reply().expect(200)


@claim
def the_longest_idle_connection_makes_room():
    with Daemon("--connections", "3", "--idle-timeout", "600") as d:
        with d.connect() as oldest, d.connect() as middle, d.connect() as busy, d.connect() as new:
            busy.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
            for client in (oldest, middle):
                client.ask("GET", "/livez").expect(200)
                time.sleep(0.2)  # so that it is clear which of them became idle first
            new.ask("GET", "/livez").expect(200)
            equal(oldest.is_closed(), True)
            middle.ask("GET", "/livez").expect(200)
            busy.send(b"\r\n")
            busy.read_reply().expect(200)
            for _ in range(20):  # each of them takes the place of an idle connection
                with d.connect() as another:
                    another.ask("GET", "/livez").expect(200)


@claim
def the_limit_of_open_files_bounds_connections():
    few = ("prlimit", "--nofile=128:128")
    with Daemon("--connections", "5000", "--http-threads", "2", before=few) as d:
        wait_until(lambda: "because of the limit of open files (ulimit -n)" in d.log(), "it is said")
        rows = json.loads(d.ask("GET", "/v1/limits").body)["limits"]
        most = [row["value"] for row in rows if row["option"] == "connections"][0]
        equal(20 <= most < 128, True, most)
        crowd = [d.connect() for _ in range(most + 10)]
        for client in crowd:
            client.send(b"GET /livez HTTP/1.1\r\n")  # none of them is idle
        for client in crowd[:most] + crowd[most:]:  # the last ones wait until the first ones leave
            client.send(b"Host: a\r\n\r\n")
            client.read_reply().expect(200)
            client.socket.close()


@claim
def few_open_files_leave_most_of_them_to_connections():
    for files, addresses, least in ((64, 1, 24), (128, 2, 40)):
        few = ("prlimit", "--nofile=%d:%d" % (files, files))
        with Daemon("--connections", "5000", "--http-threads", "2", "--header-timeout", "600",
                    listen=("127.0.0.1:0",) * addresses, before=few) as d:
            rows = json.loads(d.ask("GET", "/v1/limits", which=addresses - 1).body)["limits"]
            most = [row["value"] for row in rows if row["option"] == "connections"][0]
            equal(least <= most < files, True, most)
            crowd = [d.connect() for _ in range(most)]
            for client in crowd:
                client.send(b"GET /livez HTTP/1.1\r\n")  # none of them is idle
            if addresses > 1:  # an address of its own for probes keeps its share
                d.ask("GET", "/livez", which=1).expect(200)
            for client in crowd:
                client.send(b"Host: a\r\n\r\n")
                client.read_reply().expect(200)
                client.socket.close()


@claim
def silent_connections_make_room():
    with Daemon("--connections", "4", "--header-timeout", "600") as d:
        silent = [d.connect() for _ in range(12)]
        with d.connect() as client:
            client.ask("GET", "/livez").expect(200)
        for each in silent:
            each.socket.close()


@claim
def bad_values_of_options_are_refused():
    for arguments in (["--max-body", "0"], ["--max-body", "x"], ["--max-body"], ["--queue", "-1"],
                      ["--nonsense", "1"], ["stray"]):
        done = subprocess.run([BINARY, "serve"] + arguments, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120)
        equal(done.returncode, 2, arguments)
        equal(arguments[0].lstrip("-").encode() in done.stderr, True, done.stderr)


run_claims()
