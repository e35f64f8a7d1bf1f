"""bench.py - the output of `upscaled bench` for programs and for people, and its refusals."""
import json
import os
import re
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from command import MODEL, upscaled, expect, write, Folder  # noqa: E402
from daemon import claim, equal, run_claims  # noqa: E402


def bench(*arguments):
    return json.loads(expect(0, upscaled("bench", "--json", *arguments)).stdout)


@claim
def bench_tells_programs_what_the_network_takes():
    listed = re.search(r"photo .* (\d+) MAC/px", upscaled("models").stdout.decode())
    o = bench("--size", "40x30", "--threads", "1")
    equal((o["model"], o["width"], o["height"], o["threads"]), ("photo", 40, 30, 1))
    equal([s["name"] for s in o["stages"]], ["network", "network and colour"])
    equal("%.0f" % o["macs_per_pixel"], listed.group(1))
    equal(0 < o["ms_least"] <= o["ms"] < 1000, True, "%r" % o)
    equal(o["peak_gflops"] > 1, True, "%r" % o)
    equal(1 << 20 < o["peak_rss_bytes"] < 1 << 30, True, "%r" % o)
    gflops = 2e-6 * o["macs_per_pixel"] * 40 * 30 / o["ms"]
    equal(abs(o["gflops"] / gflops - 1) < 1e-6, True, "%r" % o)
    equal(abs(o["percent_of_peak"] / (100 * gflops / o["peak_gflops"]) - 1) < 1e-6, True, "%r" % o)


@claim
def bench_takes_a_model_by_file_or_name():
    model = dict(MODEL, color="rgb")
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(model).encode())
        for words in (("--model", folder + "/double.json"),
                      ("--model", "double", "--models", folder)):
            o = bench("--size", "9x7", *words)
            equal((o["model"], [s["name"] for s in o["stages"]]), ("double", ["network"]))


@claim
def bench_says_where_the_time_goes():
    pool = {"type": "max_pool2d", "kernel_size": 3, "stride": 1, "padding": 1}
    by_layer = dict(MODEL, layers=[pool, *MODEL["layers"]])
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(by_layer).encode())
        for words in ((), ("--model", folder + "/double.json")):
            o = bench("--size", "70x50", *words)
            rows = o["layers"]
            equal([r["name"] for r in rows[-3:]], ["picture in", "rows out", "rest"])
            equal(all(r["layer"] is not None and r["thread_ms"] > 0 for r in rows[:-3]), True,
                  "%r" % rows)
            equal(len(rows) >= 5, True, "%r" % rows)
            for key, whole in (("percent", 100), ("macs_per_pixel", o["macs_per_pixel"])):
                total = sum(r[key] for r in rows)
                equal(abs(total - whole) <= 1e-6 * whole, True, "%s: %r" % (key, rows))
        equal(rows[0]["path"], "reference")


@claim
def bench_has_a_thread_for_each_cpu_it_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        equal(bench("--size", "16x16")["threads"], 1)
    finally:
        os.sched_setaffinity(0, before)


@claim
def bench_prints_for_people():
    out = expect(0, upscaled("bench", "--size", "16x16")).stdout.decode()
    for words in ("photo, 16x16 luma", "multiply-add peak", "% of peak", "picture in", "peak memory"):
        equal(words in out, True, out)
    with Folder() as folder:
        write(folder + "/double.json", json.dumps(dict(MODEL, color="rgb")).encode())
        out = expect(0, upscaled("bench", "--size", "16x16", "--threads", "1", "--model",
                                 folder + "/double.json")).stdout.decode()
        equal("double, 16x16 RGB, 1 thread\n" in out, True, out)


@claim
def bench_png_measures_files_against_libpng():
    sample = os.path.join(os.environ["top_srcdir"], "docs/pictures/sample.png")
    rows = bench("--png", "--compression", "1", "--threads", "2", sample, sample)
    equal([r["file"] for r in rows], [sample, sample])
    for r in rows:
        equal((r["compression"], r["threads"], r["depth"]), (1, 2, 8))
        equal(sorted(r["ms"]), ["decode", "encode", "libpng_1", "libpng_6", "libpng_decode"])
        equal(all(ms > 0 for ms in r["ms"].values()), True, "%r" % r)
        equal(r["bytes"]["encode"] < 1.1 * r["bytes"]["libpng_6"], True, "%r" % r)
    with Folder() as folder:
        write(folder + "/bad.png", b"no picture")
        done = expect(1, upscaled("bench", "--png", folder + "/bad.png", sample), "bad.png")
        equal("encode 6" in done.stdout.decode(), True)


@claim
def bench_refuses_what_it_cannot_measure():
    for words, word in ((("--size", "16"), "WIDTHxHEIGHT"), (("--size", "0x5"), "--size"),
                        (("--size", "5x0"), "--size"), (("--size", "1x40000"), "--max-side"),
                        (("--size", "16x16k"), "--size"), (("--size", "40000x1"), "--max-side"),
                        (("--size", "32000x32000"), "--max-pixels"), (("a.png",), "usage"),
                        (("--model", "nobody"), "unknown_model"), (("--png",), "usage"),
                        (("--png", "--compression", "10", "a.png"), "compression"), (("--json=maybe",), "json")):
        expect(2, upscaled("bench", *words), word)
    expect(1, upscaled("bench", "--model", "/nowhere.json"), "/nowhere.json")


run_claims()
