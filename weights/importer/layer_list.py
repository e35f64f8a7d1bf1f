"""`--layers`: reads a list of layers, for tensors whose names do not show the network.

A JSON list of layers as FORMAT.md has them, but with `"tensors": "first_part.0"` in place of
weights: the layer takes `first_part.0.weight` and, if there is one, `first_part.0.bias`.
Channels and kernel sizes come from the tensors.
"""
import json

import numpy as np

from . import build
from .errors import Refused, shown
from .graph import Graph
from .state import SIZE

MAX_TEXT = 1 << 24
MODES = ("zeros", "replicate", "reflect", "circular")
# kind: its keys, with the values that they have if they are left out (... is required).
KINDS = {
    "conv2d": {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1,
               "padding_mode": "zeros"},
    "conv_transpose2d": {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1,
                         "output_padding": (0, 0)},
    "relu": {}, "sigmoid": {}, "tanh": {}, "silu": {}, "mish": {}, "hardswish": {},
    "leaky_relu": {"negative_slope": 0.01}, "gelu": {"approximate": "none"},
    "prelu": {}, "affine": {"weight": ..., "bias": 0.0},
    "clamp": {"min": -np.inf, "max": np.inf},
    "add": {"with": ...}, "mul": {"with": ...}, "concat": {"with": ...},
    "pixel_shuffle": {"upscale_factor": ...}, "pixel_unshuffle": {"downscale_factor": ...},
    "upsample": {"scale_factor": ..., "mode": "nearest", "align_corners": False},
    "max_pool2d": {"kernel_size": ..., "stride": None, "padding": (0, 0), "dilation": (1, 1),
                   "ceil_mode": False},
}
WEIGHTED = ("conv2d", "conv_transpose2d", "prelu")


def _whole(where, key, value, least=0):
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 4096:
        raise Refused(f"{where}: {key} is no whole number that fits")
    return value


def _value(where, key, value):
    """Returns the value of a key, after the checks that no later step makes."""
    if key in ("stride", "padding", "dilation", "output_padding", "kernel_size", "scale_factor"):
        pair = value if isinstance(value, (list, tuple)) and len(value) == 2 else [value, value]
        least = 0 if key in ("padding", "output_padding") else 1
        return tuple(_whole(where, key, v, least) for v in pair)
    if key in ("groups", "upscale_factor", "downscale_factor"):
        return _whole(where, key, value, 1)
    if key in ("negative_slope", "min", "max"):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise Refused(f"{where}: {key} is no number")
        return float(value)
    words = {"padding_mode": MODES, "mode": ("nearest", "bilinear", "bicubic"),
             "approximate": ("none", "tanh"), "align_corners": (False, True),
             "ceil_mode": (False, True)}.get(key)
    if words and value not in words:
        raise Refused(f"{where}: {key} is one of {', '.join(map(str, words))}")
    return value


def _find(where, name, known):
    if not isinstance(name, str) or name not in known:
        raise Refused(f"{where}: {shown(name)} is the name of no earlier layer")
    return known[name]


def _numbers(where, key, value):
    try:
        out = np.atleast_1d(np.array(value, np.float64))
    except (TypeError, ValueError):
        out = np.zeros((0, 0))
    if out.ndim != 1 or out.size == 0:
        raise Refused(f"{where}: {key} is no number and no list of numbers")
    return out


def _weighted(state, g, where, kind, x, keys, name):
    if not isinstance(name, str):
        raise Refused(f"{where}: {kind} needs the name of its tensors, \"tensors\": ...")
    weight = state.get(f"{name}.weight")
    if kind == "prelu":
        if weight.size not in (1, x.channels):
            raise Refused(f"{where}: {weight.size} slopes for {x.channels} channels")
        return g.add("prelu", [x], where, weight=weight.ravel())
    bias = state.get(f"{name}.bias") if f"{name}.bias" in state else None
    return g.add(kind, [x], where, weight=weight, bias=bias, **keys)


def _layer(state, g, where, layer, x, known):
    if not isinstance(layer, dict) or not isinstance(layer.get("type"), str) \
            or layer["type"] not in KINDS:
        raise Refused(f"{where}: a layer with one of the types {', '.join(KINDS)} is needed")
    kind, rules = layer["type"], KINDS[layer["type"]]
    for key in layer:
        if key not in rules and key not in ("type", "name", "input") + \
                (("tensors",) if kind in WEIGHTED else ()):
            raise Refused(f"{where}: {kind} has no key {shown(key)}")
    keys = {}
    for key, default in rules.items():
        if key not in layer and default is ...:
            raise Refused(f"{where}: {kind} needs {key}")
        keys[key] = _value(where, key, layer[key]) if key in layer else default
    if "input" in layer:
        x = _find(where, layer["input"], known)
    if kind in WEIGHTED:
        return _weighted(state, g, where, kind, x, keys, layer.get("tensors"))
    if kind == "affine":
        return build.affine(g, x, *(_numbers(where, k, keys[k]) for k in ("weight", "bias")), where)
    if kind in ("add", "mul", "concat"):
        names = keys["with"] if isinstance(keys["with"], list) else [keys["with"]]
        if not names:
            raise Refused(f"{where}: {kind} needs the name of another layer")
        return g.add(kind, [x] + [_find(where, n, known) for n in names], where)
    if kind == "max_pool2d" and keys["stride"] is None:
        keys["stride"] = keys["kernel_size"]
    return g.add(kind, [x], where, **keys)


def load(path):
    try:
        with open(path, encoding="utf-8") as f:        # which may be a pipe
            text = f.read(MAX_TEXT + 1)
        if len(text) > MAX_TEXT:
            raise Refused(f"the list of layers {shown(path)} has more than {MAX_TEXT} characters")
        rows = json.loads(text)
    except OSError as e:
        raise Refused(f"the list of layers {shown(path)} cannot be read: {e.strerror}") from None
    except (ValueError, RecursionError):
        raise Refused(f"the list of layers {shown(path)} is not JSON") from None
    if not isinstance(rows, list) or not rows:
        raise Refused(f"the list of layers {shown(path)} is not a list of at least one")
    return rows


def fitting(dictionaries, rows):
    """Returns the first dictionary with a tensor that the list names, or else the largest one."""
    names = {f"{row['tensors']}.weight" for row in rows if isinstance(row, dict) and "tensors" in row}
    return next((d for d in dictionaries if not names.isdisjoint(d)), max(dictionaries, key=len))


def _channels(state, rows):
    """Returns the number of channels of the picture, which is the number that the first weights
    take."""
    for row in rows:
        name = row.get("tensors") if isinstance(row, dict) else None
        if row.get("type") == "conv2d" if isinstance(row, dict) else False:
            if isinstance(name, str) and f"{name}.weight" in state:
                shape = state.shape(f"{name}.weight")
                if len(shape) == 4 and shape[1] in (1, 3):
                    return shape[1]
    return 3


def network(state, rows):
    """Returns the graph of a list of layers with the tensors of a state."""
    g = Graph(_channels(state, rows), *SIZE)
    x, known = g.input, {"input": g.input}
    for k, row in enumerate(rows):
        x = _layer(state, g, f"layer {k} of the list", row, x, known)
        name = row.get("name")
        if name is not None:
            if not isinstance(name, str) or name in known:
                raise Refused(f"layer {k} of the list: a name of its own expected")
            known[name] = x
    g.output = x
    return g
