#!/usr/bin/env python3
"""make.py FOLDER - writes the golden files: the output of PyTorch for random layers and for networks.

It needs PyTorch 1.13 (Debian: python3-torch). There is one text file per layer kind, and networks.txt:

    case SEED WIDTH HEIGHT CHANNELS          of the picture
    KIND INPUT COUNT OTHERS... PARAMETERS... one line a layer; inputs are layer indices, -1 the picture
    expect WIDTH HEIGHT CHANNELS STRIDE VALUES...   every STRIDE-th sample of [y][x][c]

Parameters are whole numbers, in the order of the functions below; slopes and bounds count in 1/256.
Picture and weights are not stored: splitmix64 from SEED makes the picture, [y][x][c], then each
layer's weight and bias in PyTorch's order (tests/lib/nn_build.c does the same in C).
"""
import math
import sys

import numpy
import torch
from torch import nn

MASK = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
SETS = {"conv2d": 400, "conv_transpose2d": 400, "relu": 40, "sigmoid": 40, "tanh": 40,
        "silu": 40, "gelu": 40, "mish": 40, "hardswish": 40}
OTHER_SETS = 250
VALUES = 16  # at most so many are stored per case; more for networks
MODES = ["zeros", "replicate", "reflect", "circular"]
INTERPOLATIONS = ["nearest", "bilinear", "bicubic"]


class Random:
    """The generator splitmix64, as in tests/lib/harness.c."""

    def __init__(self, state):
        self.state = state

    def bits(self, count):
        with numpy.errstate(over="ignore"):
            steps = numpy.arange(1, count + 1, dtype=numpy.uint64)
            z = numpy.uint64(self.state) + steps * numpy.uint64(GAMMA)
            z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
            z = z ^ (z >> numpy.uint64(31))
        self.state = (self.state + count * GAMMA) & MASK
        return z

    def between(self, least, most):
        return least + int(self.bits(1)[0]) % (most - least + 1)

    def floats(self, shape):
        z = self.bits(math.prod(shape)) >> numpy.uint64(40)
        values = z.astype(numpy.float32) / numpy.float32(8388608) - numpy.float32(1)
        return torch.from_numpy(values.reshape(shape))

    def weights(self, shape, terms):
        scale, reach = 1.0, 1
        while reach < terms:
            scale, reach = scale / 2, reach * 4
        return self.floats(shape) * scale

    def pair(self, least, most):
        y = self.between(least, most)
        return (y, y) if self.between(0, 1) else (y, self.between(least, most))


# Layers are tuples (kind, input, others, parameters).


def conv(kind, cin, cout, kernel, stride=(1, 1), padding=(0, 0), extra=(0, 0), dilation=(1, 1),
         groups=1, mode=0, bias=1, at=None):
    return (kind, at, [], [cin, cout, groups, *kernel, *stride, *padding, *extra, *dilation, mode,
                           bias])


def conv2d(cin, cout, kernel, padding=0):
    return conv("conv2d", cin, cout, (kernel, kernel), padding=(padding, padding))


def plain(kind, *parameters, others=(), at=None):
    return (kind, at, list(others), list(parameters))


def make_conv(r, kind, p):
    cin, cout, groups, ky, kx, sy, sx, py, px, oy, ox, dy, dx, mode, bias = p
    if kind == "conv2d":
        layer = nn.Conv2d(cin, cout, (ky, kx), (sy, sx), (py, px), (dy, dx), groups, bool(bias),
                          MODES[mode])
    else:
        layer = nn.ConvTranspose2d(cin, cout, (ky, kx), (sy, sx), (py, px), (oy, ox), groups,
                                   bool(bias), (dy, dx))
    layer.weight.data = r.weights(tuple(layer.weight.shape), cin // groups * ky * kx)
    if bias:
        layer.bias.data = r.floats((cout,))
    return layer


def crop(x, height, width):
    top, left = (x.shape[2] - height) // 2, (x.shape[3] - width) // 2
    return x[:, :, top:top + height, left:left + width]


def merge(kind, inputs):
    height, width = min(x.shape[2] for x in inputs), min(x.shape[3] for x in inputs)
    inputs = [crop(x, height, width) for x in inputs]
    if kind == "concat":
        return torch.cat(inputs, 1)
    total = inputs[0]
    for x in inputs[1:]:
        total = total + x if kind == "add" else total * x
    return total


def affine(r, x, weights, biases):
    y = x * r.floats((weights,)).reshape(1, -1, 1, 1)
    return y + r.floats((biases,)).reshape(1, -1, 1, 1) if biases else y


def run_layer(r, layer, x, others, pools):
    kind, _, _, p = layer
    if kind in ("conv2d", "conv_transpose2d"):
        return make_conv(r, kind, p)(x)
    if kind == "leaky_relu":
        return nn.LeakyReLU(p[0] / 256)(x)
    if kind == "prelu":
        return nn.functional.prelu(x, r.floats((p[0],)))
    if kind == "clamp":
        return torch.clamp(x, p[0] / 256, p[1] / 256)
    if kind == "gelu":
        return nn.GELU(approximate="tanh" if p[0] else "none")(x)
    if kind == "affine":
        return affine(r, x, *p)
    if kind in ("add", "mul", "concat"):
        return merge(kind, [x] + others)
    if kind == "pixel_shuffle":
        return nn.PixelShuffle(p[0])(x)
    if kind == "pixel_unshuffle":  # floor, as a convolution of stride p[0] does
        height, width = (side // p[0] * p[0] for side in x.shape[2:])
        if not height or not width:
            raise ValueError("too small")
        return nn.PixelUnshuffle(p[0])(x[:, :, :height, :width])
    if kind == "upsample":
        mode = INTERPOLATIONS[p[2]]
        return nn.Upsample(scale_factor=(float(p[0]), float(p[1])), mode=mode,
                           align_corners=None if mode == "nearest" else bool(p[3]))(x)
    if kind == "max_pool2d":
        y, pools[id(layer)] = nn.MaxPool2d(p[0:2], p[2:4], p[4:6], p[6:8], return_indices=True,
                                           ceil_mode=bool(p[8]))(x)
        return y
    return {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "silu": nn.SiLU,
            "mish": nn.Mish, "hardswish": nn.Hardswish}[kind]()(x)


def run(layers, seed, width, height, channels):
    """Returns the output of the last layer as [y][x][c]. RuntimeError if PyTorch refuses the
    layers."""
    r = Random(seed)
    picture = r.floats((height, width, channels)).permute(2, 0, 1)[None]
    outputs, pools = [], {}
    for i, layer in enumerate(layers):
        at = i - 1 if layer[1] is None else layer[1]
        find = lambda k: picture if k < 0 else outputs[k]
        if layer[0] == "max_unpool2d":
            pool = layer[2][0]
            came = pool - 1 if layers[pool][1] is None else layers[pool][1]
            p = layer[3]
            y = nn.MaxUnpool2d(p[0:2], p[2:4], p[4:6])(
                find(at), pools[id(layers[pool])], output_size=find(came).shape[2:])
        else:
            y = run_layer(r, layer, find(at), [find(k) for k in layer[2]], pools)
        outputs.append(y)
    return outputs[-1][0].permute(1, 2, 0).contiguous()


def text(layers, seed, width, height, channels, values):
    out = run(layers, seed, width, height, channels)
    flat = out.flatten().tolist()
    stride = max(1, -(-len(flat) // values))
    while math.gcd(stride, out.shape[1] * out.shape[2]) > 1:  # so that every column and channel is sampled
        stride += 1
    lines = ["case %d %d %d %d" % (seed, width, height, channels)]
    for i, (kind, at, others, parameters) in enumerate(layers):
        numbers = [i - 1 if at is None else at, len(others), *others, *parameters]
        lines.append(" ".join([kind] + [str(n) for n in numbers]))
    shape = [out.shape[1], out.shape[0], out.shape[2], stride]
    lines.append(" ".join(["expect"] + [str(n) for n in shape] + ["%.9g" % v for v in flat[::stride]]))
    return "\n".join(lines) + "\n"


def random_conv(r, kind, channels):
    kernel = r.pair(1, 9) if r.between(0, 2) == 0 else r.pair(1, 4)
    stride, dilation = r.pair(1, 4), r.pair(1, 3)
    groups = r.between(1, channels)
    if channels % groups:
        groups = 1
    extra = (0, 0)
    if kind == "conv_transpose2d":
        extra = tuple(r.between(0, max(s, d) - 1) for s, d in zip(stride, dilation))
    mode = r.between(0, 3) if kind == "conv2d" else 0
    return conv(kind, channels, groups * r.between(1, 9 if groups == 1 else 3), kernel, stride,
                r.pair(0, 4), extra, dilation, groups, mode, r.between(0, 1))


def random_pool(r, height, width):
    kernel = r.pair(1, 4)
    padding = [r.between(0, k // 2) for k in kernel]
    dilation = r.pair(1, 2)
    if any(p and n < d for p, n, d in zip(padding, (height, width), dilation)):
        dilation = (1, 1)  # a window without any sample has no maximum
    return plain("max_pool2d", *kernel, *r.pair(1, 4), *padding, *dilation, r.between(0, 1))


def random_layers(r, kind, channels, height, width):
    if kind in ("conv2d", "conv_transpose2d"):
        return [random_conv(r, kind, channels)]
    if kind in ("relu", "sigmoid", "tanh"):
        return [plain(kind)]
    if kind in ("silu", "gelu", "mish", "hardswish"):  # half of them on -9..9
        gate = plain(kind, *[r.between(0, 1)] * (kind == "gelu"))
        return [plain("add", others=[-1] * 8), gate] if r.between(0, 1) else [gate]
    if kind == "affine":
        return [plain(kind, r.between(0, 1) and channels or 1,
                      (0, 1, channels)[r.between(0, 2)])]
    if kind == "leaky_relu":
        return [plain(kind, r.between(-256, 256))]
    if kind == "prelu":
        return [plain(kind, r.between(0, 1) and channels or 1)]
    if kind == "clamp":
        return [plain(kind, r.between(-256, 256), r.between(-256, 256))]
    if kind in ("add", "mul", "concat"):
        first, second = random_conv(r, "conv2d", channels), random_conv(r, "conv2d", channels)
        if kind != "concat":
            for layer in (first, second):
                layer[3][1] = channels  # out
        return [first, (*second[:1], -1, *second[2:]), plain(kind, others=[0, -1][:r.between(1, 2)])]
    if kind in ("pixel_shuffle", "pixel_unshuffle"):
        return [plain(kind, r.between(1, 3))]
    if kind == "upsample":
        mode = r.between(0, 2)
        return [plain(kind, *r.pair(1, 5), mode, r.between(0, 1) if mode else 0)]
    pool = random_pool(r, height, width)
    if kind == "max_pool2d":
        return [pool]
    return [pool, plain("tanh"), plain(kind, *pool[3], others=[0])]


def write_kind(folder, kind, number):
    r = Random(number)
    cases, tries = [], 0
    while len(cases) < SETS.get(kind, OTHER_SETS):
        tries += 1
        channels, width, height = r.between(1, 6), r.between(1, 9), r.between(1, 9)
        if kind == "pixel_shuffle":
            channels = (4, 9, 36)[r.between(0, 2)]
        layers = random_layers(r, kind, channels, height, width)
        try:
            cases.append(text(layers, number * 100000 + tries, width, height, channels, VALUES))
        except (RuntimeError, ValueError, AssertionError):
            continue  # not a legal set
    with open("%s/%s.txt" % (folder, kind), "w") as f:
        f.write("".join(cases))


def leaky(layers):
    """A network of waifu2x: LeakyReLU 0.1 after every layer but the last; here 26/256."""
    out = []
    for layer in layers:
        out += [layer, plain("leaky_relu", 26)]
    return out[:-1] + [plain("clamp", 0, 256)]


def chain(widths):
    return [conv2d(a, b, 3) for a, b in zip(widths, widths[1:])]


def networks():
    deconvolution = conv("conv_transpose2d", 56, 1, (9, 9), (2, 2), (4, 4), (1, 1))
    yield ([conv2d(1, 56, 5, 2), plain("prelu", 56), conv2d(56, 12, 1), plain("prelu", 12)] +
           [conv2d(12, 12, 3, 1)] * 4 + [plain("prelu", 12), conv2d(12, 56, 1), plain("prelu", 56),
                                         deconvolution]), 11, 8, 1  # FSRCNN(56, 12, 4)
    yield [conv2d(1, 64, 5, 2), plain("tanh"), conv2d(64, 32, 3, 1), plain("tanh"),
           conv2d(32, 4, 3, 1), plain("pixel_shuffle", 2)], 9, 7, 1  # ESPCN
    sesr = [conv2d(1, 16, 5), plain("prelu", 16)]
    for _ in range(5):
        sesr += [conv2d(16, 16, 3), plain("prelu", 16)]
    yield sesr + [plain("add", others=[1]), conv2d(16, 4, 5),
                  plain("concat", others=[-1] * 3, at=-1), plain("add", others=[13]),
                  plain("pixel_shuffle", 2)], 23, 21, 1  # SESR
    pool = plain("max_pool2d", 2, 2, 2, 2, 0, 0, 1, 1, 0)
    yield [conv2d(3, 8, 3, 1), plain("relu"), pool, conv2d(8, 8, 3, 1), plain("relu"),
           plain("max_unpool2d", *pool[3], others=[2]), plain("concat", others=[1]),
           conv2d(16, 8, 3, 1), plain("sigmoid"),
           conv("conv_transpose2d", 8, 3, (4, 4), (2, 2), (1, 1))], 10, 12, 3  # U-shaped
    yield [plain("upsample", 2, 2, 0, 0)] + leaky(chain([3, 32, 32, 64, 64, 128, 128, 3])), 9, 8, 3
    yield leaky(chain([3, 16, 32, 64, 128, 128, 256]) +
                [conv("conv_transpose2d", 256, 3, (4, 4), (2, 2), (3, 3))]), 17, 16, 3


def main():
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    folder = sys.argv[1]
    kinds = ["conv2d", "conv_transpose2d", "relu", "leaky_relu", "prelu", "sigmoid", "tanh",
             "clamp", "add", "concat", "pixel_shuffle", "upsample", "max_pool2d", "max_unpool2d",
             "silu", "gelu", "mish", "hardswish", "mul", "affine",
             "pixel_unshuffle"]
    for number, kind in enumerate(kinds):
        write_kind(folder, kind, number + 1)
    with open(folder + "/networks.txt", "w") as f:
        for seed, (layers, width, height, channels) in enumerate(networks()):
            f.write(text(layers, seed + 1, width, height, channels, 400))


if __name__ == "__main__":
    main()
