"""Merges scaling, shifting and the selection of channels into the weights of neighbouring
layers."""
import numpy as np

from .build import full_convolution, too_many

CONVOLUTIONS = ("conv2d", "conv_transpose2d")


def one(values):
    """Returns the number that all values are, or None."""
    return float(values[0]) if (values == values[0]).all() else None


def can(node, w, b, depth=0):
    """Whether `node` can compute node * w + b instead, by a change of weights alone."""
    positive, pure = (w > 0).all(), (b == 0).all()
    if depth > 50:
        return False
    if node.kind in CONVOLUTIONS + ("affine",):
        return True
    if node.kind in ("relu", "leaky_relu", "prelu"):
        return positive and pure and _inward(node, w, b, depth)
    if node.kind == "clamp":
        return positive and one(w) is not None and one(b) is not None and _inward(node, w, b, depth)
    if node.kind == "max_pool2d":
        return positive and _inward(node, w, b, depth)
    if node.kind == "upsample":
        return _inward(node, w, b, depth)
    if node.kind == "pixel_shuffle":
        repeat = node["upscale_factor"]**2
        return _inward(node, np.repeat(w, repeat) if len(w) > 1 else w,
                       np.repeat(b, repeat) if len(b) > 1 else b, depth)
    if node.kind == "concat":
        return all(x.kind != "input" and x.only_user() is node and can(x, *part, depth + 1)
                   for x, part in _parts(node, w, b))
    return False


def _inward(node, w, b, depth):
    x = node.inputs[0]
    return x.kind != "input" and x.only_user() is node and can(x, w, b, depth + 1)


def _parts(node, w, b):
    """Yields the inputs of a concat, each with its part of w and b."""
    at = 0
    for x in node.inputs:
        cut = slice(at, at + x.channels)
        yield x, (w[cut] if len(w) > 1 else w, b[cut] if len(b) > 1 else b)
        at += x.channels


def do(g, node, w, b):
    """Changes the weights so that `node` computes node * w + b. Only after can()."""
    keys = node.keys
    if node.kind == "affine":
        keys["bias"] = keys["bias"] * w + b
        keys["weight"] = keys["weight"] * w
    elif node.kind in CONVOLUTIONS:
        _scale_rows(node, w, b)
    elif node.kind == "pixel_shuffle":
        repeat = keys["upscale_factor"]**2
        do(g, node.inputs[0], np.repeat(w, repeat) if len(w) > 1 else w,
           np.repeat(b, repeat) if len(b) > 1 else b)
    elif node.kind == "concat":
        for x, part in list(_parts(node, w, b)):
            do(g, x, *part)
    else:
        if node.kind == "clamp":
            keys["min"], keys["max"] = (keys[k] * one(w) + one(b) for k in ("min", "max"))
        do(g, node.inputs[0], w, b)


def _scale_rows(node, w, b):
    keys, outs = node.keys, node.channels
    full = np.broadcast_to(w, outs)
    if node.kind == "conv2d":
        keys["weight"] = keys["weight"] * full[:, None, None, None]
    else:
        groups, inner = keys["groups"], keys["weight"].shape[1]
        by_group = full.reshape(groups, 1, inner)
        weight = keys["weight"].reshape((groups, -1) + keys["weight"].shape[1:])
        keys["weight"] = (weight * by_group[..., None, None]).reshape(keys["weight"].shape)
    bias = keys["bias"]
    if bias is not None or (b != 0).any():
        keys["bias"] = (0 if bias is None else bias) * full + np.broadcast_to(b, outs)


def forward(g, node):
    """Merges an affine into the convolutions that read it. Their padding must not show the
    shift."""
    w, b, users = node["weight"], node["bias"], list(node.users)
    if node is g.output or not users:
        return False
    for user in users:
        if user.kind not in CONVOLUTIONS:
            return False
        if node.channels > 1 and user["groups"] not in (1, node.channels):
            return False
        if (b != 0).any() and (user.kind != "conv2d" or
                               any(user["padding"]) and user["padding_mode"] == "zeros"):
            return False
    for user in users:
        _scale_columns(user, w, b)
        g.rewire(user, [node.inputs[0]])
    return True


def _scale_columns(user, w, b):
    keys, groups = user.keys, user["groups"]
    weight = keys["weight"]
    wide = weight.shape[0] if user.kind == "conv_transpose2d" else weight.shape[1] * groups
    w, b = np.broadcast_to(w, wide), np.broadcast_to(b, wide)
    if user.kind == "conv_transpose2d":
        keys["weight"] = weight * w[:, None, None, None]
        return
    if groups == 1:
        scaled = weight * w[None, :, None, None]
        shift = np.einsum("oiyx,i->o", weight, b)
    else:  # one input channel per group
        repeat = weight.shape[0] // groups
        scaled = weight * np.repeat(w, repeat)[:, None, None, None]
        shift = weight.sum((1, 2, 3)) * np.repeat(b, repeat)
    keys["weight"] = scaled
    if (b != 0).any():
        keys["bias"] = shift + (0 if keys["bias"] is None else keys["bias"])


# Channels


def can_select(node, count, depth=0):
    """Whether `node` can output `count` channels: its own in another order, or some of them."""
    if node.kind in ("relu", "leaky_relu", "prelu", "sigmoid", "tanh", "clamp", "silu", "gelu",
                     "mish", "hardswish", "affine", "erf", "softplus", "pad", "crop", "upsample"):
        x = node.inputs[0]
        return x.kind != "input" and x.only_user() is node and depth < 50 and \
            can_select(x, count, depth + 1)
    return node.kind in CONVOLUTIONS and node["groups"] == 1 and \
        not too_many(node["weight"].shape, [1 + count // node.channels])


def do_select(g, node, order):
    keys = node.keys
    if node.kind == "conv2d":
        keys["weight"] = keys["weight"][order]
        keys["bias"] = None if keys["bias"] is None else keys["bias"][order]
    elif node.kind == "conv_transpose2d":
        keys["weight"] = keys["weight"][:, order]
        keys["bias"] = None if keys["bias"] is None else keys["bias"][order]
    else:
        for key in ("weight", "bias"):
            if isinstance(keys.get(key), np.ndarray) and keys[key].size > 1:
                keys[key] = keys[key][order]
        do_select(g, node.inputs[0], order)
    g.measure(node)


def select_forward(g, node):
    """Merges a select into the columns of the convolutions that read it."""
    users, order, x = list(node.users), node["order"], node.inputs[0]
    if node is g.output or not users:
        return False
    if any(u.kind != "conv2d" or u["groups"] != 1 or
           too_many(u["weight"].shape, [1 + x.channels // node.channels]) for u in users):
        return False
    for user in users:
        weight = full_convolution(user)
        columns = np.zeros((weight.shape[0], x.channels) + weight.shape[2:], weight.dtype)
        np.add.at(columns, (slice(None), order), weight)
        user.keys["weight"] = columns
        g.rewire(user, [x])
    return True
