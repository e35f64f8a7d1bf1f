"""estimate.py - /v1/estimate computes what a picture would need, from the whole file or from its
first 33 bytes. The errors are those of the picture itself."""
import json
import os
import random
import struct
import sys
import zlib

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import (Daemon, chunk, claim, equal, png, png_of_bytes, request,  # noqa: E402
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
        equal(0 < whole["expected_seconds"] < 60, True)
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
    picture, took = png(400, 300), {}
    for threads in (len(os.sched_getaffinity(0)), 64):
        with Daemon("--threads", str(threads)) as d:
            took[threads] = json.loads(estimate(d, picture).expect(200).body)["expected_seconds"]
    equal(took[64] > max(took.values()) / 4, True, took)


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
    wide = png(30, 20)[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 300, 8, 6, 0, 0, 0))
    with Daemon() as d:
        small = json.loads(estimate(d, png(30, 20)).expect(200).body)
        equal(small["worker_memory_bytes"], 0, "the models' buffers are there from the start")
        large = json.loads(estimate(d, wide).expect(200).body)
        equal(large["worker_memory_bytes"] >= 0, True)


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
