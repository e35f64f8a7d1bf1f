"""Reads `upscaled-model/1` and runs it in PyTorch, layer by layer as weights/FORMAT.md defines it.
Tests compare imported models with PyTorch's modules in this way, independently of the server's
engine. In double precision, on the bare picture (border model)."""
import base64
import json

import numpy
import torch
from torch.nn import functional as F


def tensor(value, shape):
    """Returns a tensor in any of its forms. Checks its shape unless `shape` is None."""
    if isinstance(value, dict):
        assert set(value) == {"shape", "dtype", "base64"}, value.keys()
        raw = base64.b64decode(value["base64"], validate=True)
        out = numpy.frombuffer(raw, {"float32": "<f4", "float16": "<f2"}[value["dtype"]])
        out = out.astype(numpy.float64).reshape(value["shape"])
    else:
        out = numpy.array(value, numpy.float32).astype(numpy.float64)
        out = out.reshape(shape) if shape else out.ravel()
    assert shape is None or list(out.shape) == list(shape), (out.shape, shape)
    assert numpy.isfinite(out).all()
    return torch.from_numpy(out.copy())


def pair(value):
    return tuple(value) if isinstance(value, list) else (value, value)


def keys(layer, **defaults):
    """Returns the keys of the layer with their defaults. A key that the kind does not have is an
    error."""
    extra = set(layer) - set(defaults) - {"type", "name", "input"}
    assert not extra, (layer["type"], extra)
    out = {k: layer.get(k, v) for k, v in defaults.items()}
    assert ... not in out.values(), (layer["type"], out.keys())
    return out


def conv2d(x, layer):
    k = keys(layer, in_channels=..., out_channels=..., kernel_size=..., stride=1, padding=0,
             dilation=1, groups=1, padding_mode="zeros", weight=..., bias=None)
    weight = tensor(k["weight"], [k["out_channels"], k["in_channels"] // k["groups"],
                                  *pair(k["kernel_size"])])
    bias = None if k["bias"] is None else tensor(k["bias"], [k["out_channels"]])
    (y, z), mode = pair(k["padding"]), k["padding_mode"]
    assert x.shape[1] == k["in_channels"]
    if mode != "zeros" and (y or z):
        x, y, z = F.pad(x, (z, z, y, y), mode=mode), 0, 0
    return F.conv2d(x, weight, bias, pair(k["stride"]), (y, z), pair(k["dilation"]), k["groups"])


def conv_transpose2d(x, layer):
    k = keys(layer, in_channels=..., out_channels=..., kernel_size=..., stride=1, padding=0,
             dilation=1, groups=1, output_padding=0, weight=..., bias=None)
    weight = tensor(k["weight"], [k["in_channels"], k["out_channels"] // k["groups"],
                                  *pair(k["kernel_size"])])
    bias = None if k["bias"] is None else tensor(k["bias"], [k["out_channels"]])
    assert x.shape[1] == k["in_channels"]
    return F.conv_transpose2d(x, weight, bias, pair(k["stride"]), pair(k["padding"]),
                              pair(k["output_padding"]), k["groups"], pair(k["dilation"]))


def affine(x, layer):
    k = keys(layer, weight=..., bias=None)
    weight = tensor(k["weight"], None)
    bias = torch.zeros(1, dtype=torch.float64) if k["bias"] is None else tensor(k["bias"], None)
    assert len(weight) in (1, x.shape[1]) and len(bias) in (1, x.shape[1])
    return x * weight[:, None, None] + bias[:, None, None]


def prelu(x, layer):
    return F.prelu(x, tensor(keys(layer, weight=...)["weight"], None))


def clamp(x, layer):
    k = keys(layer, min=None, max=None)
    return x if k["min"] is None and k["max"] is None else torch.clamp(x, k["min"], k["max"])


def upsample(x, layer):
    k = keys(layer, scale_factor=..., mode="nearest", align_corners=False)
    corners = None if k["mode"] == "nearest" else k["align_corners"]
    return F.interpolate(x, scale_factor=tuple(map(float, pair(k["scale_factor"]))), mode=k["mode"],
                         align_corners=corners)


def max_pool2d(x, layer):
    k = keys(layer, kernel_size=..., stride=None, padding=0, dilation=1, ceil_mode=False)
    stride = k["kernel_size"] if k["stride"] is None else k["stride"]
    return F.max_pool2d(x, pair(k["kernel_size"]), pair(stride), pair(k["padding"]),
                        pair(k["dilation"]), k["ceil_mode"])


def merge(kind, inputs):
    """Crops the inputs to the smallest, around their centres."""
    height, width = (min(x.shape[axis] for x in inputs) for axis in (2, 3))
    cut = []
    for x in inputs:
        top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
        cut.append(x[:, :, top:top + height, left:left + width])
    if kind == "concat":
        return torch.cat(cut, 1)
    out = cut[0]
    for x in cut[1:]:
        assert x.shape == out.shape
        out = out + x if kind == "add" else out * x
    return out


def word(layer, key, known, default):
    value = keys(layer, **{key: default})[key]
    assert value in known
    return value


KINDS = {
    "conv2d": conv2d, "conv_transpose2d": conv_transpose2d, "affine": affine, "prelu": prelu,
    "clamp": clamp, "upsample": upsample, "max_pool2d": max_pool2d,
    "relu": lambda x, l: F.relu(x, **keys(l)), "sigmoid": lambda x, l: torch.sigmoid(x, **keys(l)),
    "tanh": lambda x, l: torch.tanh(x, **keys(l)), "silu": lambda x, l: F.silu(x, **keys(l)),
    "mish": lambda x, l: F.mish(x, **keys(l)), "hardswish": lambda x, l: F.hardswish(x, **keys(l)),
    "gelu": lambda x, l: F.gelu(x, approximate=word(l, "approximate", ("none", "tanh"), "none")),
    "leaky_relu": lambda x, l: F.leaky_relu(x, keys(l, negative_slope=0.01)["negative_slope"]),
    "pixel_shuffle": lambda x, l: F.pixel_shuffle(x, keys(l, upscale_factor=...)["upscale_factor"]),
    "pixel_unshuffle": lambda x, l: F.pixel_unshuffle(
        x, keys(l, downscale_factor=...)["downscale_factor"]),
}


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def run(model, picture):
    """Returns the output of the model for a picture [1][c][h][w], not clipped."""
    assert set(model) <= {"format", "name", "scale", "color", "border", "license", "description",
                          "layers"} and model["format"] == "upscaled-model/1"
    x = picture.double()
    known = {"input": x}
    for layer in model["layers"]:
        x = known[layer["input"]] if "input" in layer else x
        if layer["type"] in ("add", "mul", "concat"):
            names = layer["with"] if isinstance(layer["with"], list) else [layer["with"]]
            assert 1 <= len(names) <= 8
            x = merge(layer["type"], [x] + [known[n] for n in names])
        else:
            x = KINDS[layer["type"]](x, layer)
        if "name" in layer:
            assert layer["name"] not in known
            known[layer["name"]] = x
    return x
