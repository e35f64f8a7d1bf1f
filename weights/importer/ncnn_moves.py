"""Reads ncnn's layers that move samples and compute nothing: joins, cuts, pads, shuffles."""
import numpy as np

from . import build
from .errors import Refused


def _concat(g, row, inputs, weights):
    if row.int(0) not in (0, -3):
        raise Refused(f"{row.where}: joins rows or columns; only channels can be joined")
    return [g.add("concat", inputs, row.where)] if len(inputs) > 1 else inputs


def _shuffle(g, row, inputs, weights):
    x, r = inputs[0], row.int(0, 1)
    if not 1 <= r <= 16 or x.channels % (r * r):
        raise Refused(f"{row.where}: {x.channels} channels cannot be shuffled to {r} x {r} pixels")
    if row.int(1):
        planes = x.channels // (r * r)
        x = build.select(g, x, np.arange(x.channels).reshape(r * r, planes).T.ravel(), row.where)
    return [x if r == 1 else g.add("pixel_shuffle", [x], row.where, upscale_factor=r)]


def _reorg(g, row, inputs, weights):
    x, r = inputs[0], row.int(0, 1)
    if not 1 <= r <= 16:
        raise Refused(f"{row.where}: pieces of {r}")
    y = x if r == 1 else g.add("pixel_unshuffle", [x], row.where, downscale_factor=r)
    if row.int(1):
        y = build.select(g, y, np.arange(y.channels).reshape(x.channels, r * r).T.ravel(), row.where)
    return [y]


def _cut(g, row, x, boxes):
    """Returns the part of x from first to last along channels, rows and columns."""
    (c0, c1), (h0, h1), (w0, w1) = boxes
    if not (0 <= c0 < c1 <= x.channels and 0 <= h0 < h1 <= x.height and 0 <= w0 < w1 <= x.width):
        raise Refused(f"{row.where}: crops beyond its input")
    x = build.select(g, x, range(c0, c1), row.where)
    return build.crop(g, x, (h0, w0, x.height - h1, x.width - w1), row.where)


def _crop(g, row, inputs, weights):
    x = inputs[0]
    sizes = [x.channels, x.height, x.width]
    starts, ends, axes = row.list(9), row.list(10), row.list(11)
    if starts:
        boxes = [[0, n] for n in sizes]
        axes = [int(a) % 3 for a in axes] if axes else range(len(starts))
        if len(starts) > 3 or len(starts) != len(ends) or len(list(axes)) != len(starts):
            raise Refused(f"{row.where}: a crop whose starts and ends do not fit")
        for axis, start, end in zip(axes, starts, ends):
            start = 0 if start == -233 else int(start)
            end = sizes[axis] if end == -233 else int(end)
            start += sizes[axis] if start < 0 else 0
            boxes[axis] = [start, min(end if end > 0 else sizes[axis] + end, sizes[axis])]
        return [_cut(g, row, x, boxes)]
    first = [row.int(2), row.int(1), row.int(0)]
    if len(inputs) > 1:
        lengths = [inputs[1].channels, inputs[1].height, inputs[1].width]
    else:
        lengths = []
        for size, begin, length, end in zip(sizes, first, (5, 4, 3), (8, 7, 6)):
            want = row.int(length)
            if want > 0 and length != 5:
                raise Refused(f"{row.where}: crops to {want} pixels, whatever the picture")
            lengths.append(size - begin - row.int(end) if want in (0, -233) else want)
    return [_cut(g, row, x, [(b, b + n) for b, n in zip(first, lengths)])]


def _padding(g, row, inputs, weights):
    modes = {0: "zeros", 1: "replicate", 2: "reflect"}
    kind = row.int(4)
    if kind not in modes or row.float(5) or row.int(6) or row.int(7) or row.int(8):
        raise Refused(f"{row.where}: pads channels or by other than zeros, the edge or its mirror")
    top, bottom, left, right = (row.int(k) for k in range(4))
    if max(top, bottom, left, right) > 4096 or min(top, bottom, left, right) < 0:
        raise Refused(f"{row.where}: pads by {top}, {bottom}, {left}, {right}")
    return [build.pad(g, inputs[0], (top, left, bottom, right), modes[kind], row.where)]


def _slice(g, row, inputs, weights):
    if row.int(1) not in (0, -3):
        raise Refused(f"{row.where}: splits rows or columns; only channels can be split")
    x, lengths, start, out = inputs[0], [int(v) for v in row.list(0)], 0, []
    for k, length in enumerate(lengths):
        left = len(lengths) - k
        length = (x.channels - start) // left if length == -233 else length
        if length < 1 or start + length > x.channels:
            raise Refused(f"{row.where}: splits {x.channels} channels into {lengths[:8]}")
        out.append(build.select(g, x, range(start, start + length), row.where))
        start += length
    return out


def _shuffle_channel(g, row, inputs, weights):
    x, groups = inputs[0], row.int(0, 1)
    if groups < 1 or x.channels % groups:
        raise Refused(f"{row.where}: {groups} groups of {x.channels} channels")
    shape = (x.channels // groups, groups) if row.int(1) else (groups, x.channels // groups)
    return [build.select(g, x, np.arange(x.channels).reshape(shape).T.ravel(), row.where)]


def _same(g, row, inputs, weights):
    return [inputs[0]] * max(1, len(row.gives))


TABLE = {
    "Concat": _concat, "PixelShuffle": _shuffle, "Reorg": _reorg, "Crop": _crop,
    "Padding": _padding, "Slice": _slice, "ShuffleChannel": _shuffle_channel,
    "Split": _same, "Noop": _same, "Dropout": _same, "Cast": _same,
}
