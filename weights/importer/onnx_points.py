"""Reads ONNX's arithmetic on single samples: activations, sums and products, with constants or
layers."""
import numpy as np

from . import build
from .errors import Refused
from .onnx_const import broadcast
from .onnx_layers import constant
from .onnx_views import Feature, picture


def per_channel(at, x, value, what):
    """Returns a constant as one number or one per channel, whatever shape it has."""
    value = np.asarray(value, np.float64)
    if value.size == 1:
        return value.ravel()
    shape, rank = list(value.shape), len(x.axes)
    while len(shape) > rank and shape[0] == 1:
        shape.pop(0)
    shape = [1] * (rank - len(shape)) + shape
    wide = [k for k, d in enumerate(shape) if d != 1]
    letters = x.letters()
    if len(shape) == rank and len(wide) == 1 and letters and letters[wide[0]] == "c" \
            and value.size == x.node.channels:
        return value.ravel()
    first = value.ravel()[0]
    if (value == first).all() and broadcast(tuple(shape), tuple(x.shape)) == tuple(x.shape):
        return np.array([first])
    raise Refused(f"{at.where}: {what} of the shape {list(value.shape)}, which differs from place "
                  "to place; one number, or one a channel, is needed")


def _pointwise(ctx, at, x, kind, **keys):
    return [x.like(ctx.graph.add(kind, [x.node], at.where, **keys))]


def _affine(ctx, at, x, weight, bias):
    weight, bias = (v if v.size == 1 or v.size == x.node.channels else None for v in (weight, bias))
    return [x.like(build.affine(ctx.graph, x.node, weight, bias, at.where))]


ONE, ZERO = np.ones(1), np.zeros(1)


def _aligned(ctx, at, features):
    """Returns nodes of one layout with equal numbers of channels, and the first feature, for a
    merge."""
    features = list(features)
    if any(x.axes != features[0].axes for x in features):
        letters = {x.letters() for x in features}
        if len(letters) > 1 or None in letters:
            features = [Feature(picture(ctx.graph, x, at.where)) for x in features]
    nodes = [x.node for x in features]
    sizes = {(n.height, n.width) for n in nodes}
    if len(sizes) > 1:
        raise Refused(f"{at.where}: joins pictures of different sizes {sorted(sizes)}")
    wide = max(n.channels for n in nodes)
    lead = next(x for x in features if x.node.channels == wide)
    if any(n.channels not in (1, wide) for n in nodes):
        raise Refused(f"{at.where}: joins {sorted({n.channels for n in nodes})} channels")
    nodes = [n if n.channels == wide else build.select(ctx.graph, n, [0] * wide, at.where)
             for n in nodes]
    return nodes, lead


def _merge(ctx, at, kind, features):
    nodes, lead = _aligned(ctx, at, features)
    return [lead.like(ctx.graph.add(kind, nodes, at.where))]


def _arithmetic(ctx, at, inputs):
    """Reads Add, Sub, Mul and Div of two inputs."""
    if len(inputs) != 2 or any(x is None for x in inputs):
        raise Refused(f"{at.where}: two inputs expected")
    a, b = inputs
    kind = at.kind
    if isinstance(a, Feature) and isinstance(b, Feature):
        if kind == "Div":
            raise Refused(f"{at.where}: divides one layer by another; a layer kind 'div' would be "
                          "needed")
        if kind == "Sub":
            b = _affine(ctx, at, b, -ONE, ZERO)[0]
        return _merge(ctx, at, "mul" if kind == "Mul" else "add", [a, b])
    if isinstance(a, Feature):
        v = per_channel(at, a, b, "a constant")
        if kind == "Div":
            if (v == 0).any():
                raise Refused(f"{at.where}: divides by zero")
            return _affine(ctx, at, a, 1 / v, ZERO)
        weight, bias = {"Add": (ONE, v), "Sub": (ONE, -v), "Mul": (v, ZERO)}[kind]
        return _affine(ctx, at, a, weight, bias)
    v = per_channel(at, b, a, "a constant")
    if kind == "Div":
        raise Refused(f"{at.where}: divides by a layer; a layer kind 'div' would be needed")
    weight, bias = {"Add": (ONE, v), "Sub": (-ONE, v), "Mul": (v, ZERO)}[kind]
    return _affine(ctx, at, b, weight, bias)


def _sum(ctx, at, inputs):
    features = [x for x in inputs if isinstance(x, Feature)]
    out = _merge(ctx, at, "add", features) if len(features) > 1 else [features[0]]
    for value in inputs:
        if not isinstance(value, Feature):
            out = _affine(ctx, at, out[0], ONE, per_channel(at, out[0], value, "a constant"))
    if at.kind == "Mean":
        out = _affine(ctx, at, out[0], ONE / len(inputs), ZERO)
    return out


def _clip(ctx, at, inputs):
    bounds = []
    for place, name, default in ((1, "min", -np.inf), (2, "max", np.inf)):
        if len(inputs) > place and inputs[place] is not None:
            value = constant(at, inputs[place], name).ravel()
            if value.size != 1:
                raise Refused(f"{at.where}: a {name} of {value.size} numbers; one is needed")
            bounds.append(float(value[0]))
        else:
            bounds.append(at.float(name, default))
    low, high = (b if abs(b) < 3e38 else np.inf * np.sign(b) for b in bounds)
    if low > high or np.isnan(low) or np.isnan(high):
        raise Refused(f"{at.where}: clips to {low:g}..{high:g}")
    return _pointwise(ctx, at, inputs[0], "clamp", min=low, max=high)


def _leaky(ctx, at, x, scaled):
    """Reads Max(x, a * x) of slopes up to 1, and Min of slopes from 1: what prelu computes."""
    node = scaled.node
    if node.kind != "affine" or node.inputs[0] is not x.node or node["bias"].any() \
            or scaled.axes != x.axes:
        return None
    slopes = node["weight"]
    if not ((slopes <= 1).all() if at.kind == "Max" else (slopes >= 1).all()):
        return None
    if slopes.size == 1 and slopes[0] >= 0:
        return _pointwise(ctx, at, x, "leaky_relu", negative_slope=float(slopes[0]))
    return _pointwise(ctx, at, x, "prelu", weight=slopes)


def _extreme(ctx, at, inputs):
    """Reads Max and Min with a number, and those that are a leaky relu."""
    features = [x for x in inputs if isinstance(x, Feature)]
    values = [v for v in inputs if isinstance(v, np.ndarray) and v.size == 1]
    if len(inputs) == len(features) == 2:
        found = _leaky(ctx, at, *features) or _leaky(ctx, at, *features[::-1])
        if found:
            return found
    if len(inputs) != 2 or len(features) != 1 or len(values) != 1:
        raise Refused(f"{at.where}: the {at.kind} of two layers; a layer kind would be needed")
    value = float(values[0].ravel()[0])
    keys = dict(min=value, max=np.inf) if at.kind == "Max" else dict(min=-np.inf, max=value)
    return _pointwise(ctx, at, features[0], "clamp", **keys)


def _prelu(ctx, at, inputs):
    if len(inputs) != 2:
        raise Refused(f"{at.where}: slopes expected")
    slopes = per_channel(at, inputs[0], constant(at, inputs[1], "slope"), "slopes")
    return _pointwise(ctx, at, inputs[0], "prelu", weight=slopes)


def _leaky_relu(ctx, at, inputs):
    return _pointwise(ctx, at, inputs[0], "leaky_relu", negative_slope=at.float("alpha", 0.01))


def _hard_sigmoid(ctx, at, inputs):
    x = _affine(ctx, at, inputs[0], ONE * at.float("alpha", 0.2), ONE * at.float("beta", 0.5))[0]
    return _pointwise(ctx, at, x, "clamp", min=0.0, max=1.0)


def _gelu(ctx, at, inputs):
    form = at.text("approximate", "none")
    if form not in ("none", "tanh"):
        raise Refused(f"{at.where}: a GELU approximated by {form}")
    return _pointwise(ctx, at, inputs[0], "gelu", approximate=form)


def _power(ctx, at, inputs):
    x, exponent = inputs
    single = isinstance(exponent, np.ndarray) and exponent.size == 1
    value = float(exponent.ravel()[0]) if single else None
    if not isinstance(x, Feature) or value not in (1.0, 2.0, 3.0):
        raise Refused(f"{at.where}: a power other than 1, 2 or 3; a layer kind 'pow' would be "
                      "needed")
    return [x] if value == 1 else _merge(ctx, at, "mul", [x] * int(value))


def _reduce(ctx, at, inputs):
    """Reads Mean and Sum over the channels of each pixel: a 1x1 convolution with equal weights."""
    axes = at.ints("axes") if len(inputs) < 2 else \
        [int(a) for a in np.ravel(constant(at, inputs[1], "axes"))]
    letters = inputs[0].letters()
    over = {letters[a] for a in axes} if axes and letters else set()
    if over != {"c"} or at.int("keepdims", 1) != 1:
        raise Refused(f"{at.where}: it depends on the whole picture, which is worked on in pieces")
    x = inputs[0].node
    share = 1 / x.channels if at.kind == "ReduceMean" else 1.0
    node = build.convolution(ctx.graph, x, np.full((1, x.channels, 1, 1), share), None, at.where)
    return [inputs[0].like(node)]


def _plain(kind, **keys):
    return lambda ctx, at, inputs: _pointwise(ctx, at, inputs[0], kind, **keys)


TABLE = {
    "Relu": _plain("relu"), "Sigmoid": _plain("sigmoid"), "Tanh": _plain("tanh"),
    "Mish": _plain("mish"), "HardSwish": _plain("hardswish"), "Erf": _plain("erf"),
    "Softplus": _plain("softplus"), "Swish": _plain("silu"), "PRelu": _prelu,
    "LeakyRelu": _leaky_relu, "Clip": _clip, "HardSigmoid": _hard_sigmoid, "Gelu": _gelu,
    "Add": _arithmetic, "Sub": _arithmetic, "Mul": _arithmetic, "Div": _arithmetic, "Sum": _sum,
    "Mean": _sum, "ReduceMean": _reduce, "ReduceSum": _reduce, "Max": _extreme, "Min": _extreme, "Pow": _power,
    "Neg": lambda ctx, at, inputs: _affine(ctx, at, inputs[0], -ONE, ZERO),
}
