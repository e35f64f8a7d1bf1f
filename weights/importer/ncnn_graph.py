"""An ncnn model as our graph: its layers in order, each by the function of its kind. A layer takes
its weights from the .bin file in the order of the .param file."""
import numpy as np

from . import build, resample
from .errors import Refused, shown
from .graph import Graph, MAX_NUMBERS
from .ncnn_file import Weights, rows

SIZE = 960, 1920
SAME_UPPER, SAME_LOWER = -233, -234



def _activated(g, row, x):
    """The activation that a convolution carries with it."""
    kind, values = row.int(9), [float(v) for v in row.list(10)]
    values += [0.0] * (2 - len(values))
    if kind == 0:
        return x
    if kind == 6:
        return _hard_swish(g, x, values[0], values[1], row.where)
    known = {1: ("relu", {}), 2: ("leaky_relu", {"negative_slope": values[0]}),
             3: ("clamp", {"min": values[0], "max": values[1]}), 4: ("sigmoid", {}),
             5: ("mish", {})}
    if kind not in known:
        raise Refused(f"{row.where}: an activation of the number {kind}")
    return g.add(known[kind][0], [x], row.where, **known[kind][1])


def _kernel(row):
    return row.pair(1, 11, 0), row.pair(3, 13, 1), row.pair(2, 12, 1)


def _sides(row, x, kernel, stride, dilation):
    """Padding at the top, left, bottom, right."""
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
    """The weights [out][in / groups][y][x], or [in][out / groups][y][x] of a transposed one."""
    outs, size, groups = row.int(0), row.int(6), row.int(7, 1)
    if row.int(8) or row.int(19):
        raise Refused(f"{row.where}: weights of 8 bits, or computed ones; constant floats are needed")
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


def _hard_swish(g, x, alpha, beta, where):
    gate = g.add("clamp", [build.affine(g, x, alpha, beta, where)], where, min=0.0, max=1.0)
    return g.add("mul", [x, gate], where)


def _gates(g, row, inputs, weights):
    alpha, beta = row.float(0, 0.2), row.float(1, 0.5)
    if row.kind == "HardSwish":
        return [_hard_swish(g, inputs[0], alpha, beta, row.where)]
    return [g.add("clamp", [build.affine(g, inputs[0], alpha, beta, row.where)], row.where,
                  min=0.0, max=1.0)]


def _plain(kind, **keys):
    return lambda g, row, inputs, weights: [g.add(kind, inputs[:1], row.where, **keys)]


def _same_channels(g, row, a, b):
    """Both with as many channels, where one has a single one."""
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
    """x op value, or value op x where the constant comes first."""
    one, zero = np.ones(1), np.zeros(1)
    if op in (7, 8):                       # reversed subtraction and division
        op, first = op - 6 if op == 7 else 3, not first
    if op == 3 and (first or (value == 0).any()) or op not in (0, 1, 2, 3, 4, 5, 6):
        raise Refused(f"{row.where}: divides by a layer or by zero; a layer kind 'div' would be needed")
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


def _concat(g, row, inputs, weights):
    if row.int(0) not in (0, -3):
        raise Refused(f"{row.where}: joins rows or columns; only channels can be joined")
    return [g.add("concat", inputs, row.where)] if len(inputs) > 1 else inputs


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
        raise Refused(f"{row.where}: scales channels by another layer; 'mul' of equal layers is needed")
    scale = weights.raw(count, row.where)
    bias = weights.raw(count, row.where) if row.int(1) else np.zeros(1)
    return [build.affine(g, inputs[0], scale, bias, row.where)]


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


def _cut(g, row, x, boxes):
    """The part of x from first to last along channels, rows and columns."""
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
            start, end = (0 if start == -233 else int(start)), (sizes[axis] if end == -233 else int(end))
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


def _pooling(g, row, inputs, weights):
    x = inputs[0]
    if row.int(4) or row.int(7):
        raise Refused(f"{row.where}: a global pool, which depends on the whole picture, which is "
                      "worked on in pieces")
    kernel, stride = row.pair(1, 11, 0), row.pair(2, 12, 1)
    if min(kernel + stride) < 1 or max(kernel) > 64 or row.int(5) > 1:
        raise Refused(f"{row.where}: a pool of {kernel} by {stride}, padded by the number {row.int(5)}")
    sides = _sides(row, x, kernel, stride, (1, 1))
    ceil = row.int(5) == 0 and any((size + sides[a] + sides[a + 2] - kernel[a]) % stride[a]
                                   for a, size in enumerate((x.height, x.width)))
    if row.int(0) == 0:
        return [build.max_pool(g, x, kernel, stride, sides, (1, 1), ceil, row.where)]
    return [build.average_pool(g, x, kernel, stride, sides, ceil, row.int(6) == 1, row.where)]


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
        raise Refused(f"{row.where}: an operation of the number {row.int(0)}; a layer kind would be "
                      "needed")
    return [build.affine(g, inputs[0], kinds[row.int(0)], 0.0, row.where)]


def _same(g, row, inputs, weights):
    return [inputs[0]] * max(1, len(row.gives))


TABLE = {
    "Convolution": _convolution, "ConvolutionDepthWise": _convolution,
    "Deconvolution": _deconvolution, "DeconvolutionDepthWise": _deconvolution,
    "PReLU": _prelu, "ReLU": _relu, "Sigmoid": _plain("sigmoid"), "TanH": _plain("tanh"),
    "Swish": _plain("silu"), "Mish": _plain("mish"), "GELU": _gelu, "HardSwish": _gates,
    "HardSigmoid": _gates, "Clip": _clip, "BinaryOp": _binary, "Eltwise": _eltwise,
    "Concat": _concat, "BatchNorm": _batch_norm, "Scale": _scale, "PixelShuffle": _shuffle,
    "Reorg": _reorg, "Interp": _interp, "Crop": _crop, "Padding": _padding, "Pooling": _pooling,
    "Slice": _slice, "ShuffleChannel": _shuffle_channel, "Power": _power, "UnaryOp": _unary,
    "Split": _same, "Noop": _same, "Dropout": _same, "Cast": _same,
}
REASONS = {
    "InnerProduct": "it is a fully connected layer; 1x1 convolutions are needed",
    "Reduction": "it depends on the whole picture, which is worked on in pieces",
    "InstanceNorm": "it depends on the whole picture, which is worked on in pieces",
    "GroupNorm": "it depends on the whole picture, which is worked on in pieces",
    "Softmax": "it is part of attention, which the format has no layer for",
    "MultiHeadAttention": "it is attention, which the format has no layer for",
    "MatMul": "it is part of attention, which the format has no layer for",
}


def _memory(row, weights):
    """A constant: MemoryData."""
    shape = [row.int(k) for k in (2, 11, 1, 0)]
    count = 1
    for d in shape:
        count *= max(1, d)
    if min(shape) < 0 or not 0 < count <= MAX_NUMBERS:
        raise Refused(f"{row.where}: a constant of the shape {shape}")
    return weights.raw(count, row.where).reshape([d for d in shape if d] or [1])


def _takes(layers):
    """How many channels the picture has: what the first convolution's weights are for."""
    for row in layers:
        area = row.pair(1, 11, 0) if row.kind == "Convolution" else (0, 0)
        outs = row.int(0)
        if row.kind == "Convolution" and min(area) > 0 and outs > 0:
            count = row.int(6) // (area[0] * area[1] * outs)
            return count if count in (1, 3) else 3
    return 3


def read(param, weights_file, output=None):
    """The graph of a .param file and its .bin file."""
    layers, weights = rows(param), Weights(weights_file)
    g = Graph(_takes(layers), *SIZE)
    blobs, read_by = {}, set()
    for row in layers:
        if row.kind == "Input":
            if any(x is g.input for x in blobs.values()):
                raise Refused(f"{row.where}: a second input; one, the picture, is needed")
            blobs[row.gives[0] if row.gives else row.name] = g.input
            continue
        if row.kind == "MemoryData":
            blobs[row.gives[0] if row.gives else row.name] = _memory(row, weights)
            continue
        missing = [name for name in row.reads if name not in blobs]
        if missing or not row.reads:
            raise Refused(f"{row.where}: reads {shown(missing[0]) if missing else 'nothing'}, which "
                          "no layer before it gives")
        if row.kind not in TABLE:
            raise Refused(f"{row.where}: " + REASONS.get(
                row.kind, "the format has no layer that does this"))
        inputs = [blobs[name] for name in row.reads]
        if row.kind != "BinaryOp" and any(isinstance(x, np.ndarray) for x in inputs):
            raise Refused(f"{row.where}: works on a constant")
        read_by.update(row.reads)
        for name, value in zip(row.gives, TABLE[row.kind](g, row, inputs, weights)):
            blobs[name] = value
    weights.done()
    ends = [n for n, x in blobs.items() if n not in read_by and not isinstance(x, np.ndarray)]
    if output is not None:
        ends = [output] if output in blobs and not isinstance(blobs[output], np.ndarray) else []
    if len(ends) != 1:
        raise Refused(f"{len(ends)} outputs ({', '.join(shown(n) for n in ends[:8])}); --output-name NAME "
                      "says which is the picture")
    g.output = blobs[ends[0]]
    return g
