"""Reads ONNX's layers with weights or windows: convolutions, pools, normalisation, resampling."""
import numpy as np

from . import build, resample
from .errors import Refused
from .onnx_views import Feature, picture


def pair(at, name, default):
    values = at.ints(name)
    if values is None:
        return tuple(default)
    if len(values) != 2 or min(values) < 0:
        raise Refused(f"{at.where}: {name} {values} of a layer on pictures; two numbers are needed")
    return tuple(values)


def constant(at, value, what):
    if not isinstance(value, np.ndarray):
        raise Refused(f"{at.where}: its {what} is computed from the picture; a constant is needed")
    return value


def vector(at, value, what):
    if value is None:
        return None
    return constant(at, value, what).astype(np.float64, copy=False).ravel()


def sides(at, kernel, stride, dilation, sizes):
    """Returns the padding at the top, left, bottom and right."""
    auto = at.text("auto_pad", "NOTSET")
    if auto in ("NOTSET", ""):
        pads = at.ints("pads") or [0, 0, 0, 0]
        if len(pads) != 4:
            raise Refused(f"{at.where}: pads {pads} of a layer on pictures; four are needed")
        return tuple(pads)
    if auto == "VALID":
        return 0, 0, 0, 0
    begins, ends = [], []
    for k, s, d, size in zip(kernel, stride, dilation, sizes):
        total = max(0, (-(-size // s) - 1) * s + d * (k - 1) + 1 - size)
        small, large = total // 2, total - total // 2
        begins.append(small if auto == "SAME_UPPER" else large)
        ends.append(large if auto == "SAME_UPPER" else small)
    return tuple(begins + ends)


def convolution(ctx, at, inputs):
    x = picture(ctx.graph, inputs[0], at.where)
    weight = constant(at, inputs[1], "weight")
    if weight.ndim != 4:
        raise Refused(f"{at.where}: a convolution of {weight.ndim - 2} dimensions; two are needed")
    bias = vector(at, inputs[2] if len(inputs) > 2 else None, "bias")
    stride, dilation = pair(at, "strides", (1, 1)), pair(at, "dilations", (1, 1))
    if min(stride + dilation) < 1:
        raise Refused(f"{at.where}: a stride or dilation of 0")
    around = sides(at, weight.shape[2:], stride, dilation, (x.height, x.width))
    ctx.pads[at.where] = around, "zeros"
    node = build.convolution(ctx.graph, x, weight, bias, at.where, stride, around, dilation,
                             at.int("group", 1))
    return [Feature(node)]


def transposed(ctx, at, inputs):
    x = picture(ctx.graph, inputs[0], at.where)
    weight = constant(at, inputs[1], "weight")
    if weight.ndim != 4:
        raise Refused(f"{at.where}: a convolution of {weight.ndim - 2} dimensions; two are needed")
    bias = vector(at, inputs[2] if len(inputs) > 2 else None, "bias")
    stride, dilation = pair(at, "strides", (1, 1)), pair(at, "dilations", (1, 1))
    extra = pair(at, "output_padding", (0, 0))
    if min(stride + dilation) < 1:
        raise Refused(f"{at.where}: a stride or dilation of 0")
    auto, shape = at.text("auto_pad", "NOTSET"), at.ints("output_shape")
    around = at.ints("pads") or [0, 0, 0, 0]
    if shape is not None or auto in ("SAME_UPPER", "SAME_LOWER"):
        around = _shaped(at, x, weight.shape[2:], stride, dilation, extra, shape, auto)
    if len(around) != 4:
        raise Refused(f"{at.where}: pads {around} of a layer on pictures; four are needed")
    node = build.transposed(ctx.graph, x, weight, bias, at.where, stride, around, dilation,
                            at.int("group", 1), extra)
    return [Feature(node)]


def _shaped(at, x, kernel, stride, dilation, extra, shape, auto):
    """Returns the padding that gives the output its shape: that of output_shape, or the size of the
    input times the strides."""
    want = (shape or [])[-2:] or [x.height * stride[0], x.width * stride[1]]
    if len(want) != 2:
        raise Refused(f"{at.where}: an output_shape of {shape}")
    begins, ends = [], []
    for a, size in enumerate((x.height, x.width)):
        total = stride[a] * (size - 1) + extra[a] + (kernel[a] - 1) * dilation[a] + 1 - want[a]
        small, large = total // 2, total - total // 2
        begins.append(small if auto == "SAME_UPPER" else large)
        ends.append(large if auto == "SAME_UPPER" else small)
    return begins + ends


def max_pool(ctx, at, inputs):
    x = picture(ctx.graph, inputs[0], at.where)
    kernel, stride = pair(at, "kernel_shape", (0, 0)), pair(at, "strides", (1, 1))
    dilation = pair(at, "dilations", (1, 1))
    if min(kernel + stride + dilation) < 1 or max(kernel) > 64:
        raise Refused(f"{at.where}: a pool of {kernel} by {stride}")
    around = sides(at, kernel, stride, dilation, (x.height, x.width))
    ctx.pads[at.where] = around, "zeros"
    return [Feature(build.max_pool(ctx.graph, x, kernel, stride, around, dilation,
                                   at.int("ceil_mode", 0) == 1, at.where))]


def average_pool(ctx, at, inputs):
    x = picture(ctx.graph, inputs[0], at.where)
    kernel, stride = pair(at, "kernel_shape", (0, 0)), pair(at, "strides", (1, 1))
    if min(kernel + stride) < 1 or max(kernel) > 64 or pair(at, "dilations", (1, 1)) != (1, 1):
        raise Refused(f"{at.where}: an average pool of {kernel} by {stride}")
    around = sides(at, kernel, stride, (1, 1), (x.height, x.width))
    ctx.pads[at.where] = around, "zeros"
    return [Feature(build.average_pool(ctx.graph, x, kernel, stride, around,
                                       at.int("ceil_mode", 0) == 1,
                                       at.int("count_include_pad", 0) == 1, at.where))]


def batch_norm(ctx, at, inputs):
    if at.int("training_mode", 0) or at.given > 1:     # before opset 14 its outputs tell
        raise Refused(f"{at.where}: a BatchNormalization in training mode; export the model in "
                      "evaluation mode")
    x = picture(ctx.graph, inputs[0], at.where)
    scale, shift, mean, variance = (vector(at, v, "statistics") for v in inputs[1:5])
    if any(v is None or v.size != x.channels for v in (scale, shift, mean, variance)):
        raise Refused(f"{at.where}: statistics for other than its {x.channels} channels")
    with np.errstate(all="ignore"):
        weight = scale / np.sqrt(variance + at.float("epsilon", 1e-5))
    return [Feature(build.affine(ctx.graph, x, weight, shift - mean * weight, at.where))]


GRIDS = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}


def _target(at, x, inputs, opset):
    """Returns the scales or sizes of a Resize by axis, and whether they are sizes."""
    rank = len(x.axes)
    if at.kind == "Upsample" or opset < 11:
        scales = at.floats("scales") if len(inputs) < 2 or inputs[1] is None else \
            constant(at, inputs[1], "scales")
        sizes = None
    else:
        inputs = list(inputs) + [None] * (4 - len(inputs))
        scales, sizes = (None if v is None or isinstance(v, np.ndarray) and v.size == 0
                         else constant(at, v, "size") for v in inputs[2:4])
    if scales is None and sizes is None:
        raise Refused(f"{at.where}: a Resize without scales or sizes")
    values = np.ravel(sizes if sizes is not None else scales)
    axes = at.ints("axes") or list(range(rank))
    if len(axes) != values.size or any(not -rank <= a < rank for a in axes):
        raise Refused(f"{at.where}: {values.size} scales or sizes for {len(axes)} axes")
    return {a % rank: v for a, v in zip(axes, values)}, sizes is not None


def _factor(at, size, value, is_size):
    """Returns (up, down) for one axis. One of them is 1."""
    out = int(value) if is_size else None
    ratio = float(value) / size if is_size else float(value)
    if not 0 < ratio < 1e6:
        raise Refused(f"{at.where}: resizes {size} to {value}")
    up, down = round(ratio), round(1 / ratio)
    if is_size:
        if out % size == 0 and up >= 1:
            return up, 1
        if size % out == 0:
            return 1, down
    elif up >= 1 and abs(ratio - up) < 1e-6 * up:
        return up, 1
    elif down >= 1 and abs(1 / ratio - down) < 1e-6 * down:
        return 1, down
    raise Refused(f"{at.where}: resizes by {ratio:.6g}; the format has whole factors only")


def resize(ctx, at, inputs):
    x = inputs[0]
    letters = x.letters()
    if letters is None:
        x = Feature(picture(ctx.graph, x, at.where))
        letters = "nchw"
    values, is_size = _target(at, x, inputs, ctx.opset)
    factors = {letter: (1, 1) for letter in "nchw"}
    for axis, value in values.items():
        factors[letters[axis]] = _factor(at, x.shape[axis], value, is_size)
    if factors["n"] != (1, 1) or factors["c"] != (1, 1):
        raise Refused(f"{at.where}: resizes the channels")
    mode = at.text("mode", "nearest")
    if mode not in GRIDS:
        raise Refused(f"{at.where}: a resize of the mode {mode}")
    if at.int("antialias", 0) and (factors["h"][1] > 1 or factors["w"][1] > 1):
        raise Refused(f"{at.where}: an antialiased resize to less; a convolution would be needed")
    if at.int("exclude_outside", 0):
        raise Refused(f"{at.where}: a resize with exclude_outside, whose edges cannot be said")
    node = resample.resize(ctx.graph, x.node, (factors["h"], factors["w"]), GRIDS[mode], at.where,
                           **_grid(at, ctx.opset, mode))
    return [x.like(node)]


def _grid(at, opset, mode):
    if at.kind == "Upsample" or opset < 11:
        return dict(grid="asymmetric", rounding="floor")
    grid = at.text("coordinate_transformation_mode", "half_pixel")
    rounding = at.text("nearest_mode", "round_prefer_floor")
    if rounding not in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"):
        raise Refused(f"{at.where}: a nearest_mode {rounding}")
    if mode == "nearest" and grid == "align_corners":
        raise Refused(f"{at.where}: a nearest resize with align_corners cannot be said")
    return dict(grid=grid, rounding=rounding, cubic=at.float("cubic_coeff_a", -0.75))


def linear(ctx, at, inputs):
    """Reads a MatMul of every pixel's channels, which are the last axis, with constant weights: a
    1x1 convolution."""
    x, weight = inputs[0], inputs[1]
    letters = x.letters()
    if not isinstance(weight, np.ndarray) or weight.ndim != 2 or not letters or letters[-1] != "c":
        raise Refused(f"{at.where}: it multiplies matrices, as attention and fully connected "
                      "layers do; 1x1 convolutions are needed")
    weight = weight.T[:, :, None, None]
    return [x.like(build.convolution(ctx.graph, x.node, weight, None, at.where))]


TABLE = {"MatMul": linear, "Conv": convolution, "ConvTranspose": transposed, "MaxPool": max_pool,
         "AveragePool": average_pool, "BatchNormalization": batch_norm, "Resize": resize,
         "Upsample": resize}
