"""Finds how many times as large a graph makes the picture, and how many rows and columns it loses
at the edges (FORMAT.md, "Sizes"). For sides that are multiples of all strides, a tensor has rate *
n + constant samples."""
from collections import namedtuple
from fractions import Fraction

from .errors import Refused
from .graph import MAX_RATE, conv_size, pool_size, transposed_size

Geometry = namedtuple("Geometry", "scale lost_y lost_x macs padded")



def _length(node, axis, lengths):
    """Returns the length of a node's output along one axis, from those of its inputs."""
    n, k = lengths[0], node.keys
    if node.kind == "conv2d":
        return conv_size(n, k["weight"].shape[2 + axis], k["stride"][axis], k["padding"][axis],
                         k["dilation"][axis])
    if node.kind == "conv_transpose2d":
        return transposed_size(n, k["weight"].shape[2 + axis], k["stride"][axis],
                               k["padding"][axis], k["dilation"][axis], k["output_padding"][axis])
    if node.kind == "max_pool2d":
        return pool_size(n, *(k[key][axis] for key in ("kernel_size", "stride", "padding",
                                                       "dilation")), k["ceil_mode"])
    if node.kind in ("add", "mul", "concat"):
        return min(lengths)
    if node.kind in ("pad", "crop"):
        both = k["sides"][axis] + k["sides"][axis + 2]
        return n + both if node.kind == "pad" else n - both
    if node.kind == "upsample":
        return n * k["scale_factor"][axis]
    if node.kind == "pixel_shuffle":
        return n * k["upscale_factor"]
    if node.kind == "pixel_unshuffle":
        return n // k["downscale_factor"]
    return n


def _rate(node, axis, rates):
    k, rate = node.keys, rates[0]
    if any(r != rate for r in rates):
        raise Refused(f"{node.where}: joins pictures of different sizes ({rates[0]} and "
                      f"{next(r for r in rates if r != rate)} samples a pixel)")
    if node.kind == "conv2d" or node.kind == "max_pool2d":
        rate = rate / k["stride"][axis]
    elif node.kind == "conv_transpose2d":
        rate = rate * k["stride"][axis]
    elif node.kind == "upsample":
        rate = rate * k["scale_factor"][axis]
    elif node.kind == "pixel_shuffle":
        rate = rate * k["upscale_factor"]
    elif node.kind == "pixel_unshuffle":
        rate = rate / k["downscale_factor"]
    if max(rate.numerator, rate.denominator) > MAX_RATE:
        raise Refused(f"{node.where}: makes the picture more than {MAX_RATE} times larger or "
                      "smaller")
    return rate


def _axis(g, axis):
    """Returns the rates of all nodes by id, the rate of the output, and the samples that it
    loses."""
    nodes, rates, align = g.order(), {id(g.input): Fraction(1)}, 1
    for node in nodes:
        rates[id(node)] = _rate(node, axis, [rates[id(x)] for x in node.inputs])
        align = align * rates[id(node)].denominator // _gcd(align, rates[id(node)].denominator)
        if align > 1 << 20:
            raise Refused(f"{node.where}: strides that do not fit each other")
    n = align << 17
    lengths = {id(g.input): n}
    for node in nodes:
        lengths[id(node)] = _length(node, axis, [lengths[id(x)] for x in node.inputs])
    rate = rates[id(g.output)]
    return rates, rate, rate * n - lengths[id(g.output)]


def _gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def _macs(node):
    """Returns the multiply-adds of a convolution per sample of the output."""
    if node.kind == "conv2d":
        return node["weight"].size
    if node.kind == "conv_transpose2d":
        return node["weight"].size / (node["stride"][0] * node["stride"][1])
    return 0


def find(g):
    rates_y, y, lost_y = _axis(g, 0)
    rates_x, x, lost_x = _axis(g, 1)
    if y != x or y.denominator != 1 or not 1 <= y <= 8:
        raise Refused(f"the network makes the picture {y} times as high and {x} times as wide; "
                      "a whole number from 1 to 8, the same for both, is needed")
    macs = sum(_macs(n) * float(rates_y[id(n)] * rates_x[id(n)]) for n in g.order())
    padded = any(any(n.keys.get("padding", ())) for n in g.order())
    return Geometry(int(y), int(lost_y), int(lost_x), macs, padded)
