"""Imports a file and compares the result with PyTorch's module: by a reader of the format
(run_json.py) and, if `served` is set, by the server's program too."""
import contextlib
import io
import os
import subprocess

import numpy
import torch
from PIL import Image

import place
import run_json
from importer import command

LEVEL = 1 / 255
CLOSE = 1e-4        # weights are rounded to 24 bits, and some of them multiplied before that


def imported(path, out, *options):
    """Runs the importer. Returns (status, output, messages)."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = command.main([str(path), "-o", str(out), "--no-check", *options])
    return status, said.getvalue(), complained.getvalue()


def picture(planes, height=24, width=32, seed=5):
    x = torch.rand((1, planes, height, width), generator=torch.Generator().manual_seed(seed))
    return torch.round(x * 255).double() / 255


def same(path, net, options=(), planes=3, size=(24, 32), bound=CLOSE, expect=None):
    """Imports `path` and compares it with net(picture). Returns the model, for further claims."""
    out = f"{path}.json"
    status, said, complained = imported(path, out, *options)
    assert status == 0, complained
    model = run_json.load(out)
    x = picture(planes, *size)
    with torch.no_grad():
        want = net(x)
        got = run_json.run(model, x)
    assert got.shape == want.shape, (got.shape, want.shape)
    worst = (got - want).abs().max().item()
    spread = want.std().item()
    assert spread > 1e-3, f"a test picture that says nothing: {spread}"
    assert worst <= bound * max(1.0, want.abs().max().item()), f"{worst} off"
    assert model["color"] == ("y" if planes == 1 else "rgb")
    assert model["scale"] == want.shape[2] / x.shape[2]
    if expect:
        assert expect in said, said
    return model


def served(path, net, folder, options=("--dtype", "float32"), planes=3, size=(24, 32)):
    """Does the same by `upscaled convert`: within one of 255 levels, wherever PyTorch's output is
    in range."""
    model = os.path.join(folder, "m.json")
    status, _, complained = imported(path, model, "--name", "m", *options)
    assert status == 0, complained
    x = picture(planes, *size)
    pixels = numpy.round(x[0].numpy() * 255).astype(numpy.uint8)
    small, large = os.path.join(folder, "in.png"), os.path.join(folder, "out.png")
    Image.fromarray(pixels[0] if planes == 1 else numpy.moveaxis(pixels, 0, 2)).save(small)
    with torch.no_grad():
        want = net(x)[0]
    scale = str(want.shape[1] // x.shape[2])
    done = subprocess.run([place.BINARY, "convert", "--models", folder, "--model", "m", "--scale",
                           scale, "--force", small, large], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    got = numpy.asarray(Image.open(large)).astype(float)
    want = numpy.clip(numpy.moveaxis(want.numpy(), 0, 2).squeeze() * 255, 0, 255)
    assert got.shape == want.shape, (got.shape, want.shape)
    assert want.std() > 1, f"a test picture that says nothing: {want.mean()} {want.std()}"
    worst = numpy.abs(got - want).max()
    assert worst <= 1, f"{worst} levels off"
