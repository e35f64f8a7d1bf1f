"""estimate.py - /v1/estimate: what a picture would need, by all of it or by its first 33 bytes; the
errors are those of the picture itself."""
import json
import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import Daemon, claim, equal, png, png_of_bytes, request, run_claims  # noqa: E402


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
