"""large.py - RRDBNet of 23 blocks of 64 channels, as it is published. The importer writes it, and
the server reads it within its default limits and runs every layer the fast way. The same for
Compact and SPAN. TAP."""
import json
import os
import subprocess
import tempfile

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "PIL")
import numpy
import torch
from PIL import Image

import compare
import networks

FOLDER = tempfile.TemporaryDirectory()
PATH = FOLDER.name


def imported(net, name, *options, half=True):
    state = {k: v.half() if half else v.float() for k, v in net.state_dict().items()}
    torch.save(state, f"{PATH}/{name}.pth")
    status, _, complained = compare.imported(f"{PATH}/{name}.pth", f"{PATH}/{name}.json", "--no-check", *options)
    assert status == 0, complained
    return f"{PATH}/{name}.json"


def large(factor=4, half=True):
    """Makes the model file, with seeded weights that keep the output around the middle of the
    range."""
    net = networks.seeded(networks.RrdbNet(factor, 23, 64, 32), gain=0.7)
    with torch.no_grad():
        net.conv_last.bias.add_(0.5)
    name = f"rrdb-x{factor}" + ("" if half else "-32")
    path = f"{PATH}/{name}.json"
    return path if os.path.exists(path) else imported(net, name, half=half)


def run(*arguments):
    done = subprocess.run([place.BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def it_has_the_size_that_the_docs_name():
    """In float16 the file has 45 MB and 1,093 layers, in float32 89 MB and 1,024."""
    for half, megabytes, layers in ((True, 45, 1093), (False, 89, 1024)):
        path = large(half=half)
        with open(path) as file:
            assert len(json.load(file)["layers"]) == layers
        assert abs(os.path.getsize(path) / 1e6 - megabytes) < 1, os.path.getsize(path)


def the_server_lists_it_within_its_default_limits():
    large()
    listed = run("models", "--models", PATH)
    row = next(line for line in listed.splitlines() if line.startswith("rrdb-x4 "))
    assert "x4" in row and "17926848 MAC/px" in row, row


def what_it_computes_is_what_its_layers_say():
    """Compares a picture much smaller than the halo, of which every edge counts, with PyTorch."""
    path = large(4)
    pixels = numpy.random.default_rng(5).integers(0, 256, (9, 11, 3)).astype(numpy.uint8)
    Image.fromarray(pixels).save(f"{PATH}/in.png")
    run("convert", "--quiet", "--models", PATH, "--model", "rrdb-x4", "--scale", "4", f"{PATH}/in.png",
        f"{PATH}/out.png")
    got = numpy.asarray(Image.open(f"{PATH}/out.png")).astype(float)
    with torch.no_grad():
        x = torch.from_numpy(numpy.moveaxis(pixels, 2, 0)[None] / 255)
        want = compare.run_json.run(compare.run_json.load(path), x)[0]
    want = numpy.clip(numpy.moveaxis(want.numpy(), 0, 2) * 255, 0, 255)
    assert want.std() > 1, "a picture that says nothing"
    assert numpy.abs(got - want).max() <= 1, numpy.abs(got - want).max()


def no_layer_leaves_the_fast_path():
    """Checks with `models check`, which prints the path of every layer, and the reason if one is
    slow."""
    small = [imported(networks.seeded(net), name, half=False) for net, name in (
        (networks.Compact(64, 4, 4), "compact"), (networks.Span(4, 2, norm=False), "span"),
        (networks.RrdbNet(4), "rrdb4"), (networks.RrdbNet(2), "rrdb2"), (networks.RrdbNet(1), "rrdb1"))]
    for path in small:
        rows = [line for line in run("models", "check", path).splitlines() if line.startswith("  layer ")]
        assert rows and not any("reference" in row for row in rows), rows


tap.run_claims([it_has_the_size_that_the_docs_name, the_server_lists_it_within_its_default_limits,
         what_it_computes_is_what_its_layers_say, no_layer_leaves_the_fast_path])
