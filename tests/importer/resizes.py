"""resizes.py - ONNX's Resize on every grid that it has, compared with its definition, sample by
sample. Skipped without PyTorch. TAP."""
import itertools

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
import numpy
import torch
from torch.nn import functional as F

import compare
from graphs_by_hand import PATH, agrees, kinds, random, tensor
from onnx_make import Graph


def place_of(grid, o, n, s):
    return {"half_pixel": (o + 0.5) / s - 0.5, "asymmetric": o / s,
            "align_corners": o * (n - 1) / (n * s - 1), "tf_half_pixel_for_nn": (o + 0.5) / s,
            "pytorch_half_pixel": (o + 0.5) / s - 0.5}[grid]


def resized(values, axis, s, mode, grid, rounding, cubic):
    """Computes ONNX's definition of Resize along one axis, sample by sample."""
    n = values.shape[axis]
    out = []
    for o in range(int(n * s)):
        at = place_of(grid, o, n, s)
        low = int(numpy.floor(at))
        if mode == "nearest":
            near = {"floor": numpy.floor(at), "ceil": numpy.ceil(at),
                    "round_prefer_floor": numpy.ceil(at - 0.5),
                    "round_prefer_ceil": numpy.floor(at + 0.5)}[rounding]
            taps = {int(near): 1.0}
        elif mode == "linear":
            taps = {low: low + 1 - at, low + 1: at - low}
        else:
            taps = {}
            for k in range(low - 1, low + 3):
                d = abs(at - k)
                taps[k] = (cubic + 2) * d**3 - (cubic + 3) * d**2 + 1 if d <= 1 else \
                    cubic * d**3 - 5 * cubic * d**2 + 8 * cubic * d - 4 * cubic
        row = sum(weight * numpy.take(values, min(max(k, 0), n - 1), axis)
                  for k, weight in taps.items())
        out.append(row)
    return numpy.stack(out, axis)


def resizes_on_every_grid():
    grids = ("half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn", "pytorch_half_pixel")
    roundings = ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
    done = 0
    for factor, grid in itertools.product((2, 3, 4), grids):
        for mode, rounding, cubic in [("nearest", r, -0.75) for r in roundings] + [
                ("linear", "floor", -0.75), ("cubic", "floor", -0.75), ("cubic", "floor", -0.5)]:
            g = Graph(13)
            x = g.node("Resize", "x", "", g.floats(1, 1, factor, factor), mode=mode,
                       coordinate_transformation_mode=grid, nearest_mode=rounding, cubic_coeff_a=cubic)
            path = g.save(PATH, x)
            if grid == "align_corners" and (mode == "nearest" or cubic == -0.5):
                status, _, complained = compare.imported(path, path + ".json")
                assert status == 1 and "align_corners" in complained
                continue

            def function(x):
                y = x.numpy()
                for axis in (2, 3):
                    y = resized(y, axis, factor, mode, grid, rounding, cubic)
                return torch.from_numpy(y)
            agrees(path, function, size=(12, 10))
            done += 1
    assert done == 3 * (5 * 7 - 5)


def shrunk_by_whole_factors():
    up = random(3, 3, 2, 2)
    for mode, grid in (("nearest", "asymmetric"), ("linear", "half_pixel"), ("cubic", "half_pixel")):
        g = Graph(13)
        x = g.node("Resize", "x", "", g.floats(1, 1, 0.5, 0.5), mode=mode, nearest_mode="floor",
                   coordinate_transformation_mode=grid)
        x = g.node("ConvTranspose", x, g.weight(up), strides=[2, 2])

        def function(x):
            y = x.numpy()
            for axis in (2, 3):
                y = resized(y, axis, 0.5, mode, grid, "floor", -0.75)
            return F.conv_transpose2d(torch.from_numpy(y), tensor(up), stride=2)
        agrees(g.save(PATH, x), function)


def repetition_by_expansion():
    """Nearest enlargement as Unsqueeze, Expand and Reshape."""
    g = Graph(13, ("n", 3, 24, 32))
    x = g.node("Reshape", "x", g.ints(1, 3, 24, 1, 32, 1))
    x = g.node("Expand", x, g.ints(1, 3, 24, 2, 32, 2))
    x = g.node("Reshape", x, g.ints(1, 3, 48, 64))
    model = agrees(g.save(PATH, x), lambda x: F.interpolate(x, scale_factor=2, mode="nearest"))
    assert kinds(model) == ["upsample"]


tap.run_claims([resizes_on_every_grid, shrunk_by_whole_factors, repetition_by_expansion])
