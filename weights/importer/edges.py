"""Merges padding and cropping into the layers beside them."""
from . import build
from .graph import POINTWISE


def _equal(sides):
    return sides[0] == sides[2] and sides[1] == sides[3]


def pad(g, node):
    """Merges a pad that only convolutions read into their padding."""
    x, sides, mode, users = node.inputs[0], node["sides"], node["mode"], list(node.users)
    if x.kind == "pad" and x["mode"] == mode:
        both = tuple(a + b for a, b in zip(x["sides"], sides))
        if mode != "reflect":
            g.replace(node, g.add("pad", [x.inputs[0]], node.where, sides=both, mode=mode))
            return True
    if node is g.output or not users:
        return False
    for user in users:
        if user.kind != "conv2d" or any(user["padding"]) and mode != "zeros" \
                or any(user["padding"]) and user["padding_mode"] != "zeros":
            return False
    for user in users:
        k = user.keys
        own = k["padding"]
        total = tuple(s + own[a % 2] for a, s in enumerate(sides))
        uneven = [abs(total[a] - total[a + 2]) for a in (0, 1)]
        d, weight = k["dilation"], k["weight"]
        grown = [weight.shape[2 + a] + uneven[a] // d[a] for a in (0, 1)]
        if max(total) > 256 or max(grown) > 64 or uneven[0] % d[0] or uneven[1] % d[1] \
                or build.too_many(weight.shape[:2], grown):
            return False
        new = build.convolution(g, x, k["weight"], k["bias"], user.where, k["stride"], total,
                                k["dilation"], k["groups"], mode)
        g.replace(user, new)
    return True


def crop(g, node):
    """Merges a crop into the layer before it, or removes one that a merge does by itself."""
    x, sides = node.inputs[0], node["sides"]
    if not any(sides):
        g.replace(node, x)
        return True
    if x.kind == "crop":
        both = tuple(a + b for a, b in zip(x["sides"], sides))
        g.replace(node, g.add("crop", [x.inputs[0]], node.where, sides=both))
        return True
    if x.only_user() is node and x is not g.input:
        if x.kind in POINTWISE:          # moves the crop before it, so that the next rules may apply
            inner = g.add("crop", x.inputs, node.where, sides=sides)
            g.replace(node, g.add(x.kind, [inner], x.where, **x.keys))
            return True
        if _into_convolution(g, node, x):
            return True
    return _into_merges(g, node)


def _into_convolution(g, node, x):
    k, sides = x.keys, node["sides"]
    if x.kind == "conv_transpose2d":
        total = tuple(s + k["padding"][a % 2] for a, s in enumerate(sides))
        if max(total) > 250:
            return False
        new = build.transposed(g, x.inputs[0], k["weight"], k["bias"], x.where, k["stride"], total,
                               k["dilation"], k["groups"], k["output_padding"])
    elif x.kind == "conv2d" and k["stride"] == (1, 1) and _equal(sides) \
            and k["padding_mode"] == "zeros" and all(p >= s for p, s in zip(k["padding"], sides)):
        new = g.add("conv2d", x.inputs, x.where,
                    **dict(k, padding=tuple(p - s for p, s in zip(k["padding"], sides))))
    else:
        return False
    if max(new["weight"].shape[2:]) > 64 or (new.height, new.width) != (node.height, node.width):
        return False
    g.replace(node, new)
    return True


def _into_merges(g, node):
    """Removes a crop that only merges read. Merges crop their larger inputs around the centre. So
    the crop is not needed if every such merge has another input of the cropped size, and the centre
    is the same."""
    x, (top, left, bottom, right) = node.inputs[0], node["sides"]
    centred = 0 <= bottom - top <= 1 and 0 <= right - left <= 1
    if node is g.output or not node.users or not centred:
        return False
    for user in node.users:
        if user.kind not in ("add", "mul", "concat"):
            return False
        others = [i for i in user.inputs if i is not node]
        if not any(i.height == node.height for i in others) or \
                not any(i.width == node.width for i in others):
            return False
        if user.height != node.height or user.width != node.width:
            return False
    g.replace(node, x)
    return True
