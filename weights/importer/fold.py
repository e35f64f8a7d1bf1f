"""Simplifies a graph without changing what it computes, and expresses internal kinds in those of
the format. Arithmetic is in double precision. A fold is not made if it would change what padding
shows at the edge of a picture."""
import numpy as np

from . import absorb, edges, geometry, patterns
from .build import depthwise
from .errors import Refused
from .graph import as_half

MAX_SWEEPS = 40     # networks need a few; the rest is then written without folding

def _would_widen(g, x, w, b):
    """Whether a factor for all channels would turn weights of 16 bits into weights of 32 bits. The
    server multiplies while it stores the result of a layer, which costs less than a file of twice
    the size."""
    return g.keep_half and x.kind in absorb.CONVOLUTIONS and w.size == 1 and not b.any() and \
        as_half(x["weight"]) is not None and as_half(x["weight"] * w) is None


def _affine(g, node):
    """Folds an affine: removes it, or merges it with the affine before, or with the layers before
    or after."""
    w, b, x = node["weight"], node["bias"], node.inputs[0]
    if (np.float32(w) == 1).all() and (b == 0).all():
        g.replace(node, x)
        return True
    if x.kind == "affine":
        new = g.add("affine", [x.inputs[0]], node.where, weight=x["weight"] * w,
                    bias=x["bias"] * w + b)
        g.replace(node, new)
        return True
    if x is not g.input and x.only_user() is node and absorb.can(x, w, b) and \
            not _would_widen(g, x, w, b):
        absorb.do(g, x, w, b)
        g.replace(node, x)
        return True
    return absorb.forward(g, node)


def _select(g, node):
    """Folds a select: removes it, or merges it with the select before, or with the rows of the
    convolution before."""
    order, x = node["order"], node.inputs[0]
    if order == list(range(x.channels)):
        g.replace(node, x)
        return True
    if x.kind == "select":
        new = g.add("select", [x.inputs[0]], node.where, order=[x["order"][c] for c in order])
        g.replace(node, new)
        return True
    if x is not g.input and x.only_user() is node and absorb.can_select(x, len(order)):
        absorb.do_select(g, x, order)
        g.replace(node, x)
        return True
    return absorb.select_forward(g, node)


def _concat(g, node):
    """Turns a concat of channels of one layer into a select."""
    sources = {id(x.inputs[0] if x.kind == "select" else x) for x in node.inputs}
    if len(sources) != 1:
        return False
    first = node.inputs[0]
    source = first.inputs[0] if first.kind == "select" else first
    order = [c for x in node.inputs
             for c in (x["order"] if x.kind == "select" else range(x.channels))]
    g.replace(node, g.add("select", [source], node.where, order=order))
    return True


def _is_nearest(x, factor):
    """Whether a shuffle of x would repeat pixels: x has every channel as often as the shuffle takes
    it."""
    return x.kind == "select" and x["order"] == [
        c for c in range(x.inputs[0].channels) for _ in range(factor * factor)]


def _shuffle(g, node):
    """Turns a pixel_shuffle of repeated channels, alone or added to others, into an upsample."""
    r, x = node["upscale_factor"], node.inputs[0]
    if _is_nearest(x, r):
        g.replace(node, g.add("upsample", x.inputs, node.where, scale_factor=(r, r), mode="nearest",
                              align_corners=False))
        return True
    if x.kind != "add" or x.only_user() is not node or not any(_is_nearest(i, r) for i in x.inputs):
        return False
    parts = [g.add("pixel_shuffle", [i], node.where, upscale_factor=r) for i in x.inputs]
    g.replace(node, g.add("add", parts, x.where))
    return True


RULES = {"affine": _affine, "select": _select, "pad": edges.pad, "crop": edges.crop,
         "concat": _concat, "pixel_shuffle": _shuffle}


def _sweep(g, rules):
    changed = False
    for node in g.order():
        rule = rules.get(node.kind)
        if rule and (node.users or node is g.output):
            changed |= rule(g, node)
    return changed


def _lower(g, node):
    """Replaces a node that could not be folded by a depthwise or 1x1 convolution that computes the
    same."""
    x, keys = node.inputs[0], dict(bias=None, stride=(1, 1), dilation=(1, 1))
    if node.kind == "select":
        weight = np.zeros((len(node["order"]), x.channels, 1, 1))
        weight[range(len(node["order"])), node["order"]] = 1
        return g.add("conv2d", [x], node.where, weight=weight, padding=(0, 0), groups=1,
                     padding_mode="zeros", **keys)
    top, left, bottom, right = node["sides"]
    keys["groups"] = x.channels
    if node.kind == "crop":
        for a, (before, after) in enumerate(((top, bottom), (left, right))):
            while before or after:
                cut = min(before, 31), min(after, 31)
                taps = np.zeros((sum(cut) + 1, 1) if a == 0 else (1, sum(cut) + 1))
                taps[(cut[0], 0) if a == 0 else (0, cut[0])] = 1
                x = g.add("conv2d", [x], node.where, weight=depthwise(x.channels, taps),
                          padding=(0, 0), padding_mode="zeros", **keys)
                before, after = before - cut[0], after - cut[1]
        return x
    most = max(top, bottom), max(left, right)
    if abs(top - bottom) > 62 or abs(left - right) > 62 or max(most) > 256:
        raise Refused(f"{node.where}: padding by {node['sides']} is beyond what the format holds")
    taps = np.zeros((abs(top - bottom) + 1, abs(left - right) + 1))
    taps[max(0, bottom - top), max(0, right - left)] = 1
    return g.add("conv2d", [x], node.where, weight=depthwise(x.channels, taps), padding=most,
                 padding_mode=node["mode"], **keys)


def _drop_last_crop(g):
    """Drops a crop at the end, because the server itself finds the middle of an output that is too
    large. An output of exactly the right size must stay so, because the server then takes its edge
    from the padding of the layers."""
    out = g.output
    top, left, bottom, right = out["sides"]
    size = geometry.find(g)
    if (top, left) == (bottom, right) and out.inputs[0] is not g.input and \
            (size.lost_y != 0 or size.lost_x != 0):
        g.replace(out, out.inputs[0])


def simplify(g):
    """Makes all folds until nothing changes. Only the kinds of the format are then left."""
    g.prune()
    for _ in range(2):
        patterns.find(g)
        for _ in range(MAX_SWEEPS):
            if not _sweep(g, RULES):
                break
    if g.output.kind == "crop":
        _drop_last_crop(g)
    for node in g.order():
        if node.kind in ("select", "pad", "crop"):
            g.replace(node, _lower(g, node))
        elif node.kind in ("erf", "softplus"):
            raise Refused(f"{node.where}: {node.kind} outside of GELU or Mish; a layer kind "
                          f"'{node.kind}' would be needed")
    out = g.output
    if out.kind == "clamp" and out["min"] <= 0 and out["max"] >= 1 and out.inputs[0] is not g.input:
        g.replace(out, out.inputs[0])      # what the server does at the end anyway
    if g.output is g.input:
        raise Refused("the network changes nothing: its output is the picture")
