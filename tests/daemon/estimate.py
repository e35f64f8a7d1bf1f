"""estimate.py - /v1/estimate computes what a picture would need, from the whole file or from its
first 33 bytes. The errors are those of the picture itself."""
import json
import os
import random
import struct
import sys
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (SIGNATURE, Daemon, chunk, claim, equal, header, png, png_of_bytes,  # noqa: E402
                    run_claims)


def estimate(d, body, query="", headers=()):
    return d.ask("POST", "/v1/estimate" + query, body, headers)


def code(reply):
    return reply.status, reply.problem()["code"]


@claim
def says_what_the_picture_would_need():
    with Daemon() as d:
        whole = json.loads(estimate(d, png(300, 200)).expect(200).body)
        equal((whole["width"], whole["height"], whole["admitted"]), (600, 400, True))
        equal(whole["file_bytes"], len(png(300, 200)), "the file")
        answer = d.upscale(png(300, 200)).expect(200)
        equal(len(answer.body) <= whole["answer_bytes_most"] < whole["peak_memory_bytes"], True)
        equal(whole["expected_seconds"] > 0, True)
        equal("code" in whole, False, "no reason not to")


def noise(side, values, seed=1):
    """Returns a gray picture of noise with that many values."""
    numbers = random.Random(seed)
    rows = b"".join(b"\0" + bytes(255 // (values - 1) * numbers.randrange(values)
                                  for _ in range(side)) for _ in range(side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) + \
        chunk(b"IDAT", zlib.compress(rows, 6)) + chunk(b"IEND", b"")


@claim
def compression_and_content_count():
    picture, photo = noise(500, 2), noise(500, 256)
    with Daemon() as d:
        def seconds(body, compression):
            query = "?scale=1&compression=%d" % compression
            return json.loads(estimate(d, body, query).expect(200).body)["expected_seconds"]
        equal(seconds(picture, 9) > 5 * seconds(picture, 6), True, "compression")
        equal(seconds(picture, 9) > 3 * seconds(photo, 9), True, "content")


@claim
def threads_beyond_the_processors_do_not_shorten_it():
    """A picture that no model enlarges is estimated by constants, which are the same in each daemon."""
    usable, took = len(os.sched_getaffinity(0)), []
    for threads in (usable, 2 * usable):
        with Daemon("--threads", str(threads)) as d:
            reply = estimate(d, png(400, 300), "?scale=1").expect(200)
            took.append(json.loads(reply.body)["expected_seconds"])
    equal(took[1], took[0])


@claim
def nobody_is_talked_out_of_a_place():
    """Noise at compression=9, which takes very long for its size, does not change the estimates of
    others."""
    head = png(30, 20)[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 7000, 7000, 8, 2, 0, 0, 0))
    with Daemon() as d:
        before = json.loads(estimate(d, head).expect(200).body)
        for i in range(10):
            d.upscale(noise(400, 2, i), "?scale=1&compression=9").expect(200)
        after = json.loads(estimate(d, head).expect(200).body)
        equal(after["expected_seconds"], before["expected_seconds"])
        equal(after["admitted"], True)


@claim
def what_the_workers_keep_is_told_apart():
    """Lines of some MiB need more of each worker than the models do. The workers keep that."""
    query, each = "?scale=1&depth=16", set()
    wide = SIGNATURE + header(600000, 2, 6) + chunk(b"IDAT", zlib.compress(bytes(2 * 2400001))) + \
        chunk(b"IEND", b"")

    def worker_memory(d, picture, query=""):
        return json.loads(estimate(d, picture, query).expect(200).body)["worker_memory_bytes"]
    for threads in (1, 3):
        with Daemon("--threads", str(threads), "--max-side", "600000") as d:
            equal(worker_memory(d, png(30, 20)), 0, "the models' buffers are there from the start")
            more = worker_memory(d, wide, query)
            each.add(more / threads)
            equal((more > 0, d.health()["memory"]["scratch"]), (True, 0))
            d.upscale(wide, query).expect(200)
            equal(d.health()["memory"]["scratch"], more, "what they keep is what was said")
            equal(worker_memory(d, wide, query), 0, "what they have, they need not get")
    equal(len(each), 1, "the same for each worker: %s" % each)


@claim
def an_answer_is_no_larger_than_the_limit():
    with Daemon() as d, Daemon("--max-output-bytes", "100K") as small:
        free, bound = (json.loads(estimate(x, png(300, 200)).expect(200).body) for x in (d, small))
        equal(bound["answer_bytes_most"], 100 << 10)
        equal(free["peak_memory_bytes"] - bound["peak_memory_bytes"] <=
              free["answer_bytes_most"] - bound["answer_bytes_most"], True)
        equal(bound["peak_memory_bytes"] < free["peak_memory_bytes"], True)
        small.upscale(png_of_bytes(120000)).expect(422, "output_too_large")


@claim
def the_first_33_bytes_are_enough():
    with Daemon() as d:
        for query, size in (("", (600, 400)), ("?scale=3", (900, 600)), ("?width=450", (450, 300))):
            head = json.loads(estimate(d, png(300, 200)[:33], query).expect(200).body)
            equal((head["width"], head["height"]), size)
        whole = json.loads(estimate(d, png(300, 200)).expect(200).body)
        equal(head["peak_memory_bytes"] > 300 * 200, True)
        equal(whole["peak_memory_bytes"] > 600 * 400, True)


@claim
def the_errors_are_those_of_the_picture():
    with Daemon("--max-pixels", "50000") as d:
        equal(code(estimate(d, png(300, 200)[:33])), (422, "too_many_pixels"))
        equal(code(estimate(d, b"")), (400, "empty_body"))
        equal(code(estimate(d, png(30, 20)[:32])), (422, "png_truncated"))
        equal(code(estimate(d, b"\xff\xd8\xff\xe0" + bytes(60))), (415, "not_png"))
        equal(code(estimate(d, png(30, 20), "?scale=9")), (400, "bad_parameter"))
        equal(code(estimate(d, png(30, 20), "?model=none")), (400, "unknown_model"))
        equal(code(d.ask("GET", "/v1/estimate")), (405, "method_not_allowed"))


run_claims()
