"""Finds activations that files express as several nodes: SiLU, GELU, Mish, hard swish."""
import math


def _is(value, number):
    return abs(value - number) <= 1e-4 * abs(number)


def _affine_of(node):
    """Returns (weight, bias, input) of an affine of one number; for any other node 1, 0 and the
    node."""
    if node.kind == "affine" and node["weight"].size == 1 and node["bias"].size == 1:
        return float(node["weight"][0]), float(node["bias"][0]), node.inputs[0]
    return 1.0, 0.0, node


def _match(x, gate):
    """Returns what x * gate(x) is: (kind, keys, factor). `gate` is a function of x."""
    if gate.kind == "sigmoid" and gate.inputs[0] is x:
        return "silu", {}, 1.0
    if gate.kind == "tanh" and gate.inputs[0].kind == "softplus" and gate.inputs[0].inputs[0] is x:
        return "mish", {}, 1.0
    if gate.kind == "clamp" and _is(1 + gate["min"], 1):
        w, b, inner = _affine_of(gate.inputs[0])
        top = gate["max"]
        if inner is x and top > 0 and _is(w / top, 1 / 6) and _is(b / top, 0.5):
            return "hardswish", {}, top
    w, b, inner = _affine_of(gate)
    if inner.kind == "erf" and w > 0 and _is(b, w):
        inside, shift, at = _affine_of(inner.inputs[0])
        if at is x and shift == 0 and _is(inside, math.sqrt(0.5)):
            return "gelu", {"approximate": "none"}, 2 * w
    return None


def _scaled_match(a, b):
    """Does the same if x was scaled before it was multiplied: (x * f) * gate(x)."""
    f, shift, x = _affine_of(a)
    if shift == 0:
        for inner, factor in ((a, 1.0), (x, f)):
            found = _match(inner, b)
            if found:
                return inner, found[0], found[1], found[2] * factor
    return None


def find(g):
    """Replaces every such product. The remaining factor goes into an affine."""
    for node in g.order():
        if node.kind != "mul" or len(node.inputs) != 2:
            continue
        a, b = node.inputs
        found = _scaled_match(a, b) or _scaled_match(b, a)
        if not found:
            continue
        x, kind, keys, factor = found
        new = g.add(kind, [x], node.where, **keys)
        if factor != 1:
            from .build import affine
            new = affine(g, new, factor, 0.0, node.where)
        g.replace(node, new)
