"""Reads ncnn's arithmetic on single samples: activations, sums and products."""
import numpy as np

from . import build
from .errors import Refused


def hard_swish(g, x, alpha, beta, where):
    gate = g.add("clamp", [build.affine(g, x, alpha, beta, where)], where, min=0.0, max=1.0)
    return g.add("mul", [x, gate], where)


def _prelu(g, row, inputs, weights):
    count = row.int(0)
    if count not in (1, inputs[0].channels):
        raise Refused(f"{row.where}: {count} slopes for {inputs[0].channels} channels")
    return [g.add("prelu", inputs, row.where, weight=weights.raw(count, row.where))]


def _relu(g, row, inputs, weights):
    slope = row.float(0)
    if slope == 0:
        return [g.add("relu", inputs, row.where)]
    return [g.add("leaky_relu", inputs, row.where, negative_slope=slope)]


def _clip(g, row, inputs, weights):
    low, high = row.float(0, -3.5e38), row.float(1, 3.5e38)
    return [g.add("clamp", inputs, row.where, min=low if low > -3e38 else -np.inf,
                  max=high if high < 3e38 else np.inf)]


def _gates(g, row, inputs, weights):
    alpha, beta = row.float(0, 0.2), row.float(1, 0.5)
    if row.kind == "HardSwish":
        return [hard_swish(g, inputs[0], alpha, beta, row.where)]
    return [g.add("clamp", [build.affine(g, inputs[0], alpha, beta, row.where)], row.where,
                  min=0.0, max=1.0)]


def _plain(kind, **keys):
    return lambda g, row, inputs, weights: [g.add(kind, inputs[:1], row.where, **keys)]


def _same_channels(g, row, a, b):
    """Returns both with the same number of channels. One of them may have a single channel."""
    wide = max(a.channels, b.channels)
    return [x if x.channels == wide else build.select(g, x, [0] * wide, row.where)
            if x.channels == 1 else _no_fit(row, a, b) for x in (a, b)]


def _no_fit(row, a, b):
    raise Refused(f"{row.where}: inputs of {a.channels} and {b.channels} channels do not fit")


def _per_channel(row, x, value):
    if value.size not in (1, x.channels) or value.size != max(value.shape):
        raise Refused(f"{row.where}: a constant of the shape {list(value.shape)} for "
                      f"{x.channels} channels")
    return value.ravel().astype(np.float64)


def _with_constant(g, row, x, value, op, first):
    """Adds x op value, or value op x if the constant comes first."""
    one, zero = np.ones(1), np.zeros(1)
    if op in (7, 8):                       # reversed subtraction and division
        op, first = op - 6 if op == 7 else 3, not first
    if op == 3 and (first or (value == 0).any()) or op not in (0, 1, 2, 3, 4, 5, 6):
        raise Refused(f"{row.where}: divides by a layer or by zero; a layer kind 'div' would be "
                      "needed")
    if op in (4, 5) and value.size == 1:
        low, high = (float(value[0]), np.inf) if op == 4 else (-np.inf, float(value[0]))
        return g.add("clamp", [x], row.where, min=low, max=high)
    if op == 6 and value.size == 1 and not first and value[0] in (1, 2, 3):
        return g.add("mul", [x] * int(value[0]), row.where) if value[0] > 1 else x
    if op > 3:
        raise Refused(f"{row.where}: an operation of the number {op} that cannot be said")
    weight, bias = {0: (one, value), 1: (one, -value), 2: (value, zero),
                    3: (1 / np.where(value == 0, 1, value), zero)}[op]
    if op == 1 and first:
        weight, bias = -one, value
    return build.affine(g, x, weight, bias, row.where)


def _binary(g, row, inputs, weights):
    op = row.int(0)
    if row.int(1) or len(inputs) == 1:
        return [_with_constant(g, row, inputs[0], np.array([row.float(2)]), op, False)]
    a, b = inputs[:2]
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        raise Refused(f"{row.where}: joins two constants")
    if isinstance(b, np.ndarray):
        return [_with_constant(g, row, a, _per_channel(row, a, b), op, False)]
    if isinstance(a, np.ndarray):
        return [_with_constant(g, row, b, _per_channel(row, b, a), op, True)]
    a, b = _same_channels(g, row, a, b)
    if op in (1, 7):
        a, b = (a, b) if op == 1 else (b, a)
        return [build.add(g, a, b, row.where, -1.0)]
    if op not in (0, 2):
        raise Refused(f"{row.where}: an operation of the number {op} of two layers; a layer kind "
                      "would be needed")
    return [g.add("mul" if op == 2 else "add", [a, b], row.where)]


def _eltwise(g, row, inputs, weights):
    op, factors = row.int(0), [float(v) for v in row.list(1)]
    if op == 0:
        return [g.add("mul", inputs, row.where)]
    if op != 1:
        raise Refused(f"{row.where}: the maximum of layers; a layer kind 'max' would be needed")
    if factors and len(factors) != len(inputs):
        raise Refused(f"{row.where}: {len(factors)} factors for {len(inputs)} inputs")
    parts = [x if f == 1 else build.affine(g, x, f, 0.0, row.where)
             for x, f in zip(inputs, factors or [1] * len(inputs))]
    return [g.add("add", parts, row.where)] if len(parts) > 1 else parts


def _power(g, row, inputs, weights):
    if row.float(0, 1.0) != 1:
        raise Refused(f"{row.where}: a power; a layer kind 'pow' would be needed")
    return [build.affine(g, inputs[0], row.float(1, 1.0), row.float(2), row.where)]


def _gelu(g, row, inputs, weights):
    return [g.add("gelu", inputs[:1], row.where, approximate="tanh" if row.int(0) else "none")]


def _unary(g, row, inputs, weights):
    kinds = {1: -1.0}
    if row.int(0) not in kinds:
        if row.int(0) == 16:
            return [g.add("tanh", inputs[:1], row.where)]
        raise Refused(f"{row.where}: an operation of the number {row.int(0)}; a layer kind "
                      "would be needed")
    return [build.affine(g, inputs[0], kinds[row.int(0)], 0.0, row.where)]


TABLE = {
    "PReLU": _prelu, "ReLU": _relu, "Sigmoid": _plain("sigmoid"), "TanH": _plain("tanh"),
    "Swish": _plain("silu"), "Mish": _plain("mish"), "GELU": _gelu, "HardSwish": _gates,
    "HardSigmoid": _gates, "Clip": _clip, "BinaryOp": _binary, "Eltwise": _eltwise, "Power": _power,
    "UnaryOp": _unary,
}
