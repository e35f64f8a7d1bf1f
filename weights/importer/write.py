"""Writes a graph as `upscaled-model/1` (FORMAT.md), completely or not at all."""
import base64
import json
import os
import tempfile

import numpy as np

from .errors import Refused
from .graph import MERGES, as_half

MOST_WITH = 8   # the most names in `with`
INLINE = 4      # tensors with at most so many numbers are written as numbers

DEFAULTS = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "output_padding": (0, 0),
            "groups": 1, "padding_mode": "zeros", "align_corners": False, "ceil_mode": False,
            "bias": None}


def float32(values, where):
    with np.errstate(over="ignore"):
        out = np.ascontiguousarray(values, "<f4")
    if not np.isfinite(out).all():
        raise Refused(f"{where}: weights that are infinite or not a number")
    return out


def tensor(values, where, dtype):
    """Returns a tensor: a few numbers as a list, more as base64, in float16 if that loses nothing
    (`auto`)."""
    values = float32(values, where)
    if values.size <= INLINE and values.ndim == 1:
        return [float(str(v)) for v in values]
    half = None
    if dtype == "float16":
        with np.errstate(over="ignore"):
            half = values.astype("<f2")
        if not np.isfinite(half).all():
            raise Refused(f"{where}: weights beyond what float16 holds; use --dtype float32")
    elif dtype == "auto":
        half = as_half(values)
    name, data = ("float32", values) if half is None else ("float16", half)
    return {"shape": list(values.shape), "dtype": name,
            "base64": base64.b64encode(data.tobytes()).decode("ascii")}


def _split_merges(g):
    """Splits merges with more inputs than the format allows into a chain."""
    for node in g.order():
        if node.kind in MERGES and len(node.inputs) > MOST_WITH + 1:
            x = node.inputs[0]
            for at in range(1, len(node.inputs), MOST_WITH):
                x = g.add(node.kind, [x] + node.inputs[at:at + MOST_WITH], node.where)
            g.replace(node, x)


def _keys(node, dtype):
    """Returns the keys of a layer except type, name, input and with, and except those with default
    values."""
    out = {}
    if node.kind in ("conv2d", "conv_transpose2d"):
        out.update(in_channels=node.inputs[0].channels, out_channels=node.channels,
                   kernel_size=list(node["weight"].shape[2:]))
    for key, value in node.keys.items():
        if key in DEFAULTS and not isinstance(value, np.ndarray) and value == DEFAULTS[key]:
            continue
        if key in ("min", "max") and not np.isfinite(value):
            continue
        if isinstance(value, np.ndarray):
            value = tensor(value, node.where, dtype)
        elif isinstance(value, tuple):
            value = list(value)
        out[key] = value
    if node.kind == "affine" and (node["bias"] == 0).all():
        del out["bias"]
    return out


def layers(g, dtype="auto"):
    """Returns the layers of the format, as dicts."""
    _split_merges(g)
    nodes, names, before, out = g.order(), {id(g.input): "input"}, g.input, []
    for node in nodes:          # finds the nodes that others name
        called = list(node.inputs[1:])
        if node.inputs[0] is not before:
            called.append(node.inputs[0])
        for x in called:
            names.setdefault(id(x), None)
        before = node
    for number, node in enumerate(nodes):
        if id(node) in names:
            names[id(node)] = f"l{number}"
    before = g.input
    for node in nodes:
        layer = {"type": node.kind, **_keys(node, dtype)}
        if node.inputs[0] is not before:
            layer["input"] = names[id(node.inputs[0])]
        if len(node.inputs) > 1:
            others = [names[id(x)] for x in node.inputs[1:]]
            layer["with"] = others[0] if len(others) == 1 else others
        if id(node) in names:
            layer["name"] = names[id(node)]
        out.append(layer)
        before = node
    return out


def text(head, rows):
    lines = ['{', '"format": "upscaled-model/1",']
    lines += [f"{json.dumps(k)}: {json.dumps(v)}," for k, v in head.items()]
    return "\n".join(lines + ['"layers": [', ",\n".join(json.dumps(r) for r in rows), "]", "}", ""])


def write(path, content):
    """Replaces the file in one step, so that it is complete or unchanged. `path` may be a pipe."""
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "w", encoding="ascii") as f:
            f.write(content)
        return
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, part = tempfile.mkstemp(prefix=".import-", suffix=".json", dir=folder)
    except OSError as e:
        raise OSError(e.errno, e.strerror, path) from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as f:
            f.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, 0o666 & ~mask)
        os.replace(part, path)
    except OSError as e:
        os.unlink(part)
        raise OSError(e.errno, e.strerror, path) from None
    except BaseException:
        os.unlink(part)
        raise
