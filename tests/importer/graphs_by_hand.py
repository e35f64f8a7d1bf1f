"""Functions that the tests of handmade ONNX graphs share: seeded weights, and the comparison with a
function."""
import tempfile

import numpy
import torch

import compare

FOLDER = tempfile.TemporaryDirectory()
PATH = f"{FOLDER.name}/net.onnx"
RANDOM = numpy.random.default_rng(7)


def random(*shape, gain=1.0):
    """Returns weights that float32 holds. Those of a convolution make its output about as large as
    its input."""
    values = RANDOM.standard_normal(shape)
    if len(shape) > 1:
        values *= gain / numpy.sqrt(numpy.prod(shape[1:]))
    return values.astype(numpy.float32)


def tensor(values):
    return torch.from_numpy(numpy.asarray(values, numpy.float64))


def imported_as(path, *options):
    """Returns the model that a file becomes; it may lose the edge."""
    status, _, complained = compare.imported(path, path + ".json", *options)
    assert status == 0, complained
    return compare.run_json.load(path + ".json")


def agrees(path, function, planes=3, size=(24, 32), options=(), bound=compare.CLOSE):
    """Compares the model of the file with function(picture), whatever is lost at the edges."""
    model = imported_as(path, *options)
    x = compare.picture(planes, *size)
    want, got = function(x), compare.run_json.run(model, x)
    assert got.shape == want.shape, (got.shape, want.shape)
    worst = (got - want).abs().max().item()
    assert want.std() > 1e-3 and worst <= bound * max(1, want.abs().max().item()), worst
    return model


def kinds(model):
    return [layer["type"] for layer in model["layers"]]
