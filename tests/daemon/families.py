"""families.py - files that share a family are one model to requests: the files that run for a
factor are those in the table of docs/models.md, and answers name them. Models that keep the
size."""
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, Daemon, claim, equal, png, run_claims, wait_until  # noqa: E402

TOP = os.environ.get("top_srcdir", ".")
WIDTHS = {1: 25, 2: 20, 3: 14, 4: 12}  # of a network of factor s: width * (1 + s * s) multiply-adds
FOLDER = tempfile.TemporaryDirectory()


def network(factor, name, **more):
    """Returns a model that repeats the luma of the picture by two convolutions, exactly."""
    width, out = WIDTHS[factor], factor * factor
    one = [1] + [0] * (width - 1)
    layers = [{"type": "conv2d", "in_channels": 1, "out_channels": width, "kernel_size": 1,
               "weight": one},
              {"type": "conv2d", "in_channels": width, "out_channels": out, "kernel_size": 1,
               "weight": one * out},
              {"type": "pixel_shuffle", "upscale_factor": factor}]
    return {"format": "upscaled-model/1", "name": name, "scale": factor, "color": "y", **more,
            "layers": layers}


def put(folder, model):
    with open(os.path.join(folder, model["name"] + ".json"), "w") as file:
        json.dump(model, file)


def families():
    """Makes a folder with three families, one for each column of the table."""
    folder = os.path.join(FOLDER.name, "families")
    if not os.path.isdir(folder):
        os.mkdir(folder)
        for family, factors in (("one", (2,)), ("two", (2, 4)), ("three", (2, 3, 4))):
            for factor in factors:
                put(folder, network(factor, "%s-%d" % (family, factor), family=family))
    return folder


def table():
    """Returns {(family, factor): ([factors of the files], whether the result is reduced)} of the
    docs."""
    with open(os.path.join(TOP, "docs", "models.md")) as file:
        text = file.read()
    rows = text[text.index("| factor | a file of 2 |"):].split("\n\n")[0].splitlines()[2:]
    found = {}
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        for family, cell in zip(("one", "two", "three"), cells[1:]):
            found[family, int(cells[0])] = [int(n) for n in re.findall(r"\d", cell)], "reduced" in cell
    return found


def sides(body):
    return struct.unpack(">II", body[16:24])


def estimated(d, query):
    return json.loads(d.ask("POST", "/v1/estimate" + query, png()).expect(200).body)["models"]


def ran(reply):
    return [one.split("@")[0] for one in reply.expect(200).headers["x-upscaled-model"].split(", ")]


@claim
def the_table_of_the_docs_holds():
    rows = table()
    equal(sorted({factor for _, factor in rows}), [2, 3, 4, 5, 6, 8])
    with Daemon("--models", families()) as d:
        listed = json.loads(d.ask("GET", "/v1/models").expect(200).body)["families"]
        listed = {f["name"]: f for f in listed}
        for (family, factor), (files, reduced) in rows.items():
            names = ["%s-%d" % (family, n) for n in files]
            query = "?model=%s&scale=%d" % (family, factor)
            equal(estimated(d, query), names, query)
            equal(listed[family]["chains"][str(factor)], names, query)
            equal(factor in listed[family]["scales"], not reduced, query)
            reply = d.upscale(png(), query)
            equal(ran(reply), [n for i, n in enumerate(names) if i == 0 or n != names[i - 1]], query)
            equal(sides(reply.body), (8 * factor, 6 * factor), query)


@claim
def a_files_own_name_asks_for_that_file():
    with Daemon("--models", families()) as d:
        equal(estimated(d, "?model=three-2&scale=4"), ["three-2", "three-2"])
        reply = d.upscale(png(), "?model=two-4")
        equal(ran(reply), ["two-4"])
        equal(sides(reply.body), (16, 12), "reduced to the default factor")
        detail = d.upscale(png(), "?model=four").expect(400, "unknown_model").problem()["detail"]
        equal("three" in detail and "three-2" in detail, True, detail)


@claim
def sides_that_grow_differently_count_by_the_larger_factor():
    with Daemon("--models", families()) as d:
        for query, names in (("width=16&height=24", ["three-4"]), ("width=8&height=12", ["three-2"]),
                             ("width=24&height=18", ["three-3"]),
                             ("width=8&height=48", ["three-2", "three-4"])):
            query = "?model=three&" + query
            equal(estimated(d, query), names, query)
            equal(ran(d.upscale(png(), query)), names, query)


@claim
def a_file_joins_the_model_inside_whose_name_its_family_is():
    with tempfile.TemporaryDirectory() as folder:
        put(folder, network(4, "psnr-m5-x4", family="psnr-m5"))
        with Daemon("--models", folder) as d:
            for query, name in (("&scale=4", "psnr-m5-x4"), ("", "psnr-m5"), ("&scale=3", "psnr-m5-x4")):
                equal(ran(d.upscale(png(), "?model=psnr-m5" + query)), [name], query)
            listed = json.loads(d.ask("GET", "/v1/models").expect(200).body)
            equal(listed["default"], "photo")
            equal({m["name"]: m["family"] for m in listed["models"]}["psnr-m5-x4"], "psnr-m5")


@claim
def a_model_of_factor_1_keeps_the_size():
    with tempfile.TemporaryDirectory() as folder:
        put(folder, network(1, "clean"))
        with Daemon("--models", folder) as d:
            for query in ("?model=clean", "?model=clean&scale=1", "?model=clean&width=8"):
                reply = d.upscale(png(), query)
                equal(ran(reply), ["clean"], query)
                equal(sides(reply.body), (8, 6), query)
            detail = d.upscale(png(), "?model=clean&scale=2").expect(400, "bad_parameter").problem()["detail"]
            equal("clean" in detail, True, detail)
            equal(estimated(d, "?model=clean"), ["clean"])
            equal(estimated(d, "?scale=1"), [], "no model, and the pixels stay")
            equal(estimated(d, "?model=photo&scale=1"), ["photo"], "reduced")


@claim
def commands_know_families_too():
    with tempfile.TemporaryDirectory() as folder:
        small, large = os.path.join(folder, "in.png"), os.path.join(folder, "out.png")
        with open(small, "wb") as file:
            file.write(png())
        for factor in (1, 2, 3, 5):
            subprocess.run([os.path.abspath(BINARY), "convert", "--quiet", "--models", families(),
                            "--model", "three", "--scale", str(factor), small, large], check=True)
            with open(large, "rb") as file:
                equal(sides(file.read()), (8 * factor, 6 * factor), factor)
        listed = subprocess.run([os.path.abspath(BINARY), "models", "--models", families()], check=True,
                                stdout=subprocess.PIPE).stdout.decode()
        equal("family three" in listed, True, listed)


@claim
def a_reload_changes_a_family():
    with tempfile.TemporaryDirectory() as folder:
        put(folder, network(2, "a-2", family="a"))
        with Daemon("--models", folder) as d:
            equal(estimated(d, "?model=a&scale=4"), ["a-2", "a-2"])
            put(folder, network(4, "a-4", family="a"))
            d.signal(signal.SIGHUP)
            wait_until(lambda: estimated(d, "?model=a&scale=4") == ["a-4"], "the reload")


run_claims()
