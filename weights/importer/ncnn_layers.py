"""Reads ncnn's layers with weights or windows: convolutions, pools, normalisation, resizes. They
take their weights from the .bin file in the order of the .param file."""
import numpy as np

from . import build, resample
from .errors import Refused
from .ncnn_points import hard_swish

SAME_UPPER, SAME_LOWER = -233, -234


def _activated(g, row, x):
    """Adds the activation that is part of a convolution."""
    kind, values = row.int(9), [float(v) for v in row.list(10)]
    values += [0.0] * (2 - len(values))
    if kind == 0:
        return x
    if kind == 6:
        return hard_swish(g, x, values[0], values[1], row.where)
    known = {1: ("relu", {}), 2: ("leaky_relu", {"negative_slope": values[0]}),
             3: ("clamp", {"min": values[0], "max": values[1]}), 4: ("sigmoid", {}),
             5: ("mish", {})}
    if kind not in known:
        raise Refused(f"{row.where}: an activation of the number {kind}")
    return g.add(known[kind][0], [x], row.where, **known[kind][1])


def _kernel(row):
    return row.pair(1, 11, 0), row.pair(3, 13, 1), row.pair(2, 12, 1)


def _sides(row, x, kernel, stride, dilation):
    """Returns the padding at the top, left, bottom and right."""
    left = row.int(4)
    if left in (SAME_UPPER, SAME_LOWER):
        out = []
        for a, size in enumerate((x.height, x.width)):
            total = max(0, (-(-size // stride[a]) - 1) * stride[a] + dilation[a] * (kernel[a] - 1)
                        + 1 - size)
            small, large = total // 2, total - total // 2
            out.append((small, large) if left == SAME_UPPER else (large, small))
        return out[0][0], out[1][0], out[0][1], out[1][1]
    top = row.int(14, left)
    return top, left, row.int(16, top), row.int(15, left)


def _conv_weights(row, x, kernel, weights, transposed):
    """Returns the weights as [out][in / groups][y][x], or [in][out / groups][y][x] for a transposed
    convolution."""
    outs, size, groups = row.int(0), row.int(6), row.int(7, 1)
    if row.int(8) or row.int(19):
        raise Refused(f"{row.where}: weights of 8 bits, or computed ones; constant floats are "
                      "needed")
    area = kernel[0] * kernel[1]
    if min(kernel) < 1 or area > 4096 or not 1 <= outs <= 4096 or groups < 1 \
            or x.channels % groups or outs % groups or size != outs * (x.channels // groups) * area:
        raise Refused(f"{row.where}: {size} weights do not fit {x.channels} channels, {outs} "
                      f"outputs, {groups} groups and a kernel of {kernel[0]} x {kernel[1]}")
    weight = weights.flagged(size, row.where)
    bias = weights.raw(outs, row.where) if row.int(5) else None
    weight = weight.reshape(groups, outs // groups, x.channels // groups, *kernel)
    if transposed:
        weight = weight.swapaxes(1, 2).reshape(x.channels, outs // groups, *kernel)
    else:
        weight = weight.reshape(outs, x.channels // groups, *kernel)
    return weight, bias, groups


def _convolution(g, row, inputs, weights):
    x = inputs[0]
    kernel, stride, dilation = _kernel(row)
    weight, bias, groups = _conv_weights(row, x, kernel, weights, False)
    if min(stride + dilation) < 1 or row.float(18):
        raise Refused(f"{row.where}: a stride or dilation of 0, or padding by other than zeros")
    y = build.convolution(g, x, weight, bias, row.where, stride,
                          _sides(row, x, kernel, stride, dilation), dilation, groups)
    return [_activated(g, row, y)]


def _deconvolution(g, row, inputs, weights):
    x = inputs[0]
    kernel, stride, dilation = _kernel(row)
    weight, bias, groups = _conv_weights(row, x, kernel, weights, True)
    right = row.int(18)
    extra = row.int(19, right), right
    if min(stride + dilation) < 1 or row.int(20) or row.int(21) or row.int(4) < 0 or min(extra) < 0:
        raise Refused(f"{row.where}: an output of a given size, which cannot be said")
    left = row.int(4)
    top = row.int(14, left)
    sides = top, left, row.int(16, top), row.int(15, left)
    y = build.transposed(g, x, weight, bias, row.where, stride, sides, dilation, groups, extra)
    return [_activated(g, row, y)]


def _batch_norm(g, row, inputs, weights):
    count = row.int(0)
    if count != inputs[0].channels:
        raise Refused(f"{row.where}: statistics of {count} channels for {inputs[0].channels}")
    slope, mean, variance, bias = (weights.raw(count, row.where).astype(np.float64)
                                   for _ in range(4))
    with np.errstate(all="ignore"):
        weight = slope / np.sqrt(variance + row.float(1))
    return [build.affine(g, inputs[0], weight, bias - mean * weight, row.where)]


def _scale(g, row, inputs, weights):
    count = row.int(0)
    if count == -233:
        raise Refused(f"{row.where}: scales channels by another layer; 'mul' of equal layers is "
                      "needed")
    scale = weights.raw(count, row.where)
    bias = weights.raw(count, row.where) if row.int(1) else np.zeros(1)
    return [build.affine(g, inputs[0], scale, bias, row.where)]


def _pooling(g, row, inputs, weights):
    x = inputs[0]
    if row.int(4) or row.int(7):
        raise Refused(f"{row.where}: a global pool, which depends on the whole picture, which is "
                      "worked on in pieces")
    kernel, stride = row.pair(1, 11, 0), row.pair(2, 12, 1)
    if min(kernel + stride) < 1 or max(kernel) > 64 or row.int(5) > 1:
        raise Refused(f"{row.where}: a pool of {kernel} by {stride}, padded by the number "
                      f"{row.int(5)}")
    sides = _sides(row, x, kernel, stride, (1, 1))
    ceil = row.int(5) == 0 and any((size + sides[a] + sides[a + 2] - kernel[a]) % stride[a]
                                   for a, size in enumerate((x.height, x.width)))
    if row.int(0) == 0:
        return [build.max_pool(g, x, kernel, stride, sides, (1, 1), ceil, row.where)]
    return [build.average_pool(g, x, kernel, stride, sides, ceil, row.int(6) == 1, row.where)]


def _interp(g, row, inputs, weights):
    x, kind = inputs[0], row.int(0)
    names = {1: "nearest", 2: "bilinear", 3: "bicubic"}
    if kind not in names or row.int(5) and len(inputs) < 2:
        raise Refused(f"{row.where}: a resize of the number {kind}")
    ratios = [row.float(1, 1.0), row.float(2, 1.0)]
    if len(inputs) > 1:
        ratios = [inputs[1].height / x.height, inputs[1].width / x.width]
    elif row.int(3) or row.int(4):
        raise Refused(f"{row.where}: resizes to {row.int(4)} x {row.int(3)} pixels, whatever the "
                      "picture; a factor is needed")
    factors = []
    for ratio in ratios:
        if not 1 / 64 <= ratio <= 64:
            raise Refused(f"{row.where}: resizes by {ratio:g}")
        up, down = round(ratio), round(1 / ratio)
        if up >= 1 and abs(ratio - up) < 1e-5 * up:
            factors.append((up, 1))
        elif down >= 1 and abs(1 / ratio - down) < 1e-5 * down:
            factors.append((1, down))
        else:
            raise Refused(f"{row.where}: resizes by {ratio:.6g}; the format has whole factors only")
    grid = "align_corners" if row.int(6) and kind != 1 else \
        "asymmetric" if kind == 1 else "half_pixel"
    return [resample.resize(g, x, factors, names[kind], row.where, grid)]


TABLE = {
    "Convolution": _convolution, "ConvolutionDepthWise": _convolution,
    "Deconvolution": _deconvolution, "DeconvolutionDepthWise": _deconvolution,
    "BatchNorm": _batch_norm, "Scale": _scale, "Pooling": _pooling, "Interp": _interp,
}
