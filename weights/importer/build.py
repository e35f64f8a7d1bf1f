"""Expresses layers of other formats in the kinds of FORMAT.md: padding that differs from side to
side, averages, any resampling by a whole factor, arithmetic with constants."""
import numpy as np

from .errors import Refused
from .graph import MAX_NUMBERS, conv_size, pool_size


def convolution(g, x, weight, bias=None, where="", stride=(1, 1), sides=(0, 0, 0, 0),
                dilation=(1, 1), groups=1, mode="zeros"):
    """Adds a conv2d. `sides` are the padding at the top, left, bottom and right. If two sides
    differ, the kernel grows by zeros until they are equal. Padding that this cannot express becomes
    a pad of its own."""
    weight = np.asarray(weight)
    if weight.ndim != 4:
        raise Refused(f"{where}: weights of four dimensions expected, not {weight.shape}")
    sides = list(sides)
    uneven = [abs(sides[a] - sides[a + 2]) for a in (0, 1)]
    if min(sides) < 0:
        x = g.add("crop", [x], where, sides=tuple(max(0, -s) for s in sides))
        sides = [max(0, s) for s in sides]
        uneven = [abs(sides[a] - sides[a + 2]) for a in (0, 1)]
    grown = [k + u // d for u, d, k in zip(uneven, dilation, weight.shape[2:])]
    if any(u % d for u, d in zip(uneven, dilation)) or max(grown) > 64 or \
            too_many(weight.shape[:2], grown):
        x, sides, uneven = g.add("pad", [x], where, sides=tuple(sides), mode=mode), [0] * 4, [0, 0]
    if any(uneven):
        before = [max(0, sides[a + 2] - sides[a]) // dilation[a] for a in (0, 1)]
        after = [max(0, sides[a] - sides[a + 2]) // dilation[a] for a in (0, 1)]
        weight = np.pad(weight, [(0, 0), (0, 0), (before[0], after[0]), (before[1], after[1])])
    padding = (max(sides[0], sides[2]), max(sides[1], sides[3]))
    return g.add("conv2d", [x], where, weight=weight, bias=bias, stride=tuple(stride),
                 padding=padding, dilation=tuple(dilation), groups=groups, padding_mode=mode)


def transposed(g, x, weight, bias=None, where="", stride=(1, 1), sides=(0, 0, 0, 0),
               dilation=(1, 1), groups=1, extra=(0, 0)):
    """Adds a conv_transpose2d whose output loses `sides` (top, left, bottom, right) and has `extra`
    more rows and columns at its end."""
    weight = np.asarray(weight)
    if weight.ndim != 4:
        raise Refused(f"{where}: weights of four dimensions expected, not {weight.shape}")
    padding, more = [], []
    for a in (0, 1):
        begin, end, d = sides[a], sides[a + 2], dilation[a]
        # The lost rows at the end, less the extra ones, must be `padding` less `output_padding`.
        first = max(begin, end - extra[a], 0)
        first += -(first - begin) % d
        grow = first - begin
        rest = first - end + extra[a]        # the output_padding that is needed
        limit = max(stride[a], d)
        tail = 0 if rest < limit else -(-(rest - limit + 1) // d) * d
        if weight.shape[2 + a] + (grow + tail) // d > 64:
            raise Refused(f"{where}: padding by {sides} of a transposed convolution is beyond what "
                          "the format holds")
        if too_many(weight.shape, [1 + (grow + tail) // d]):
            raise Refused(f"{where}: a transposed convolution of too many weights")
        weight = np.pad(weight, [(0, 0), (0, 0)] + [(grow // d, tail // d) if b == a else (0, 0)
                                                     for b in (0, 1)])
        padding.append(first)
        more.append(rest - tail)
    return g.add("conv_transpose2d", [x], where, weight=weight, bias=bias, stride=tuple(stride),
                 padding=tuple(padding), dilation=tuple(dilation), groups=groups,
                 output_padding=tuple(more))


def too_many(*shapes):
    """Whether an array of these dimensions has more numbers than are allowed."""
    count = 1
    for n in (int(n) for shape in shapes for n in shape):
        count *= n
    return count > MAX_NUMBERS


def affine(g, x, weight, bias, where):
    """Adds x * weight + bias. Each of them is one number, or one for each channel."""
    weight, bias = (np.atleast_1d(np.asarray(v, np.float64)) for v in (weight, bias))
    for v in (weight, bias):
        if v.shape not in ((1,), (x.channels,)):
            raise Refused(f"{where}: {v.size} numbers for {x.channels} channels")
    return g.add("affine", [x], where, weight=weight, bias=bias)


def add(g, a, b, where, factor=1.0):
    """Adds a + factor * b."""
    return g.add("add", [a, b if factor == 1 else affine(g, b, factor, 0.0, where)], where)


def select(g, x, order, where):
    order = [int(c) for c in order]
    if not order or min(order) < 0 or max(order) >= x.channels:
        raise Refused(f"{where}: channels {order[:4]}... of {x.channels} do not exist")
    return x if order == list(range(x.channels)) else g.add("select", [x], where, order=order)


def crop(g, x, sides, where):
    return g.add("crop", [x], where, sides=tuple(sides)) if any(sides) else x


def pad(g, x, sides, mode, where):
    if min(sides) < 0:
        x = crop(g, x, [max(0, -s) for s in sides], where)
        sides = [max(0, s) for s in sides]
    return g.add("pad", [x], where, sides=tuple(sides), mode=mode) if any(sides) else x


def depthwise(channels, taps):
    """Returns the weights of a convolution that treats every channel in the same way."""
    return np.broadcast_to(np.asarray(taps, np.float64), (channels, 1) + np.shape(taps)).copy()


def max_pool(g, x, kernel, stride, sides, dilation, ceil, where):
    if min(sides) < 0:
        raise Refused(f"{where}: negative padding of a pool")
    padding = list(sides[:2])
    for a, size in enumerate((x.height, x.width)):
        want = (size + sides[a] + sides[a + 2] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1
        if ceil:
            want = pool_size(size, kernel[a], stride[a], padding[a], dilation[a], True)
        if sides[a] != sides[a + 2] or ceil:
            got = pool_size(size, kernel[a], stride[a], padding[a], dilation[a], True)
            if got != want:
                raise Refused(f"{where}: a max pool padded by {sides[a]} before and "
                              f"{sides[a + 2]} after cannot be said; equal padding is needed")
            ceil = True
        if padding[a] > kernel[a] // 2:
            raise Refused(f"{where}: a pool padded by more than half its kernel")
    return g.add("max_pool2d", [x], where, kernel_size=tuple(kernel), stride=tuple(stride),
                 padding=tuple(padding), dilation=tuple(dilation), ceil_mode=ceil)


def average_pool(g, x, kernel, stride, sides, ceil, counts_padding, where):
    """Adds an average pool. It is a convolution with equal weights, unless windows at the edge
    count fewer pixels."""
    if any(sides) and not counts_padding:
        raise Refused(f"{where}: an average pool whose windows count fewer pixels at the edge; "
                      "one with count_include_pad or without padding is needed")
    if ceil and any((size + sides[a] + sides[a + 2] - kernel[a]) % stride[a]
                    for a, size in enumerate((x.height, x.width))):
        raise Refused(f"{where}: an average pool with ceil_mode whose last window hangs over")
    taps = np.full(kernel, 1.0 / (kernel[0] * kernel[1]))
    return convolution(g, x, depthwise(x.channels, taps), None, where, stride, sides,
                       groups=x.channels)


def strided(g, x, stride, where):
    """Adds a layer that takes every stride-th pixel, from the first on."""
    return convolution(g, x, depthwise(x.channels, [[1.0]]), None, where, stride,
                       groups=x.channels)


def full_convolution(node):
    """Returns the weights of a conv2d as one group, for functions that change columns of them."""
    weight, groups = node["weight"], node["groups"]
    if groups == 1:
        return weight
    outs, ins = weight.shape[:2]
    full = np.zeros((outs, ins * groups) + weight.shape[2:])
    for group in range(groups):
        rows = slice(group * outs // groups, (group + 1) * outs // groups)
        full[rows, group * ins:(group + 1) * ins] = weight[rows]
    return full


__all__ = ["add", "affine", "average_pool", "convolution", "conv_size", "crop", "depthwise",
           "full_convolution", "max_pool", "pad", "select", "strided",
           "too_many", "transposed"]
