"""ncnn_files.py - ncnn's .param and .bin, in float32 and float16: every kind of layer that
upscalers have, compared with PyTorch; and refusals. Skipped without PyTorch. TAP."""
import os
import struct
import tempfile

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "PIL")
import numpy
import torch
from torch.nn import functional as F

import compare

FOLDER = tempfile.TemporaryDirectory()
RANDOM = numpy.random.default_rng(11)
HALF = 0x01306B47


def random(*shape, gain=1.0):
    """Returns numbers that float16 holds, so that both files hold the same."""
    values = RANDOM.standard_normal(shape)
    if len(shape) > 1:
        values *= gain / numpy.sqrt(numpy.prod(shape[1:]))
    return values.astype(numpy.float16).astype(numpy.float32)


def tensor(values):
    return torch.from_numpy(numpy.asarray(values, numpy.float64))


class Net:
    """Writes layers as text, and weights as bytes. A blob has the name of the layer that makes
    it."""

    def __init__(self, half=False):
        self.half, self.lines, self.data, self.blobs = half, [], b"", {"in"}
        self.lines.append("Input input 0 1 in")

    def layer(self, kind, *inputs, outputs=1, name=None, **values):
        count = len(self.lines)
        gives = [name or f"b{count}"] if outputs == 1 else [f"b{count}_{k}" for k in range(outputs)]
        words = [kind, f"{kind}_{count}", str(len(inputs)), str(outputs), *inputs, *gives]
        for key, value in values.items():
            key = int(key[1:])
            if isinstance(value, (list, tuple)):
                words.append(f"-{23300 + key}={len(value)}," + ",".join(map(self.number, value)))
            else:
                words.append(f"{key}={self.number(value)}")
        self.lines.append(" ".join(words))
        return gives[0] if outputs == 1 else gives

    @staticmethod
    def number(value):
        return f"{value:e}" if isinstance(value, float) else str(value)

    def raw(self, values):
        self.data += numpy.asarray(values, "<f4").tobytes()

    def flagged(self, values):
        if self.half:
            raw = numpy.asarray(values, "<f2").tobytes()
            self.data += struct.pack("<I", HALF) + raw + bytes(-len(raw) % 4)
        else:
            self.data += struct.pack("<I", 0)
            self.raw(values)

    def conv(self, x, weight, bias=None, kind="Convolution", groups=1, **values):
        """`weight` is [out][in / groups][y][x]."""
        outs, _, y, z = weight.shape
        if groups > 1:
            kind, values["_7"] = kind + "DepthWise", groups
        x = self.layer(kind, x, _0=outs, _1=z, _11=y, _5=int(bias is not None), _6=weight.size, **values)
        self.flagged(weight)
        if bias is not None:
            self.raw(bias)
        return x

    def prelu(self, x, slopes):
        self.raw(slopes)
        return self.layer("PReLU", x, _0=len(slopes))

    def save(self, name="net"):
        path = f"{FOLDER.name}/{name}"
        with open(path + ".param", "w") as f:
            f.write(f"7767517\n{len(self.lines)} {len(self.lines)}\n" + "\n".join(self.lines) + "\n")
        with open(path + ".bin", "wb") as f:
            f.write(self.data)
        return path + ".param"


def agrees(path, function, planes=3, size=(24, 32), options=()):
    status, _, complained = compare.imported(path, path + ".json", *options)
    assert status == 0, complained
    model = compare.run_json.load(path + ".json")
    x = compare.picture(planes, *size)
    want, got = function(x), compare.run_json.run(model, x)
    assert got.shape == want.shape, (got.shape, want.shape)
    worst = (got - want).abs().max().item()
    assert want.std() > 1e-3 and worst <= compare.CLOSE * max(1, want.abs().max().item()), worst
    return model


def kinds(model):
    return [layer["type"] for layer in model["layers"]]


def compact_in_both_precisions():
    weights = [random(16, 3, 3, 3), random(16, 16, 3, 3), random(12, 16, 3, 3, gain=0.5)]
    biases, slopes = [random(len(w)) for w in weights], [random(16), random(16)]

    def function(x):
        y = x
        for w, b, s in zip(weights, biases, slopes + [None]):
            y = F.conv2d(y, tensor(w), tensor(b), padding=1)
            y = y if s is None else F.prelu(y, tensor(s))
        return F.pixel_shuffle(y, 2) + F.interpolate(x, scale_factor=2, mode="nearest")
    for half in (False, True):
        n = Net(half)
        x, skip = n.layer("Split", "in", outputs=2)
        for w, b, s in zip(weights, biases, slopes + [None]):
            x = n.conv(x, w, b, _4=1)
            x = x if s is None else n.prelu(x, s)
        x = n.layer("PixelShuffle", x, _0=2)
        skip = n.layer("Interp", skip, _0=1, _1=2.0, _2=2.0)
        n.layer("BinaryOp", x, skip, _0=0)
        model = agrees(n.save(), function)
        assert model["layers"][0]["weight"]["dtype"] == "float16"


def activations_of_their_own_and_of_convolutions():
    w = [random(3, 3, 3, 3, gain=2) for _ in range(12)]
    n, x = Net(), "in"
    own = [({"_9": 1}, F.relu), ({"_9": 2, "_10": [0.25]}, lambda x: F.leaky_relu(x, 0.25)),
           ({"_9": 3, "_10": [-0.5, 0.75]}, lambda x: torch.clamp(x, -0.5, 0.75)),
           ({"_9": 4}, torch.sigmoid), ({"_9": 5}, F.mish),
           ({"_9": 6, "_10": [1 / 6, 0.5]}, F.hardswish)]
    layers = [("ReLU", {}, F.relu), ("ReLU", {"_0": 0.125}, lambda x: F.leaky_relu(x, 0.125)),
              ("TanH", {}, torch.tanh), ("Swish", {}, F.silu), ("GELU", {"_0": 1}, lambda x: F.gelu(
                  x, approximate="tanh")), ("HardSwish", {"_0": 1 / 6, "_1": 0.5}, F.hardswish)]
    for weight, (more, _) in zip(w, own):
        x = n.conv(x, weight, _4=1, **more)
    for weight, (kind, more, _) in zip(w[6:], layers):
        x = n.layer(kind, n.conv(x, weight, _4=1), **more)
    n.layer("Clip", n.layer("Sigmoid", x), _0=0.25, _1=0.7)

    def function(x):
        for weight, act in zip(w, [a for _, a in own] + [a for _, _, a in layers]):
            x = act(F.conv2d(x, tensor(weight), padding=1))
        return torch.clamp(torch.sigmoid(x), 0.25, float(numpy.float32(0.7)))
    model = agrees(n.save(), function)
    assert kinds(model).count("hardswish") == 2 and kinds(model)[-1] == "clamp"


def padding_strides_dilation_and_groups():
    a, b, c = random(6, 3, 4, 3), random(6, 2, 3, 3), random(6, 3, 2, 2)
    for left, pads in ((-233, None), (-234, None), (1, (2, 1, 0, 2))):
        n = Net()
        more = {"_4": left} if pads is None else {"_4": pads[1], "_14": pads[0], "_15": pads[3],
                                                  "_16": pads[2]}
        x = n.conv("in", a, random(6) * 0 + 0.5, _3=2, **more)
        x = n.conv(x, b, groups=3, _2=2, _4=2)
        n.conv(x, c.transpose(1, 0, 2, 3), kind="Deconvolution", _3=2)
        total = 2, 1        # SAME of 24 x 32 by stride 2: kernels of 4 and 3
        if pads is None:
            first = [t // 2 if left == -233 else t - t // 2 for t in total]
            pads = first[0], first[1], total[0] - first[0], total[1] - first[1]

        def function(x):
            y = F.conv2d(F.pad(x, (pads[1], pads[3], pads[0], pads[2])), tensor(a),
                         torch.full((6,), 0.5).double(), 2)
            y = F.conv2d(y, tensor(b), padding=2, dilation=2, groups=3)
            return F.conv_transpose2d(y, tensor(c), stride=2)
        agrees(n.save(), function)


def deconvolutions():
    for groups, kernel, pads, extra in ((1, 4, (1, 1, 1, 1), 0), (3, 4, (1, 1, 1, 1), 0),
                                        (1, 3, (1, 1, 1, 1), 1), (1, 5, (2, 1, 1, 2), 0)):
        w, bias = random(3, 3 // groups, kernel, kernel), random(3)     # [out][in / groups]
        n = Net()
        n.conv("in", w, bias, kind="Deconvolution", groups=groups, _3=2, _4=pads[1], _14=pads[0],
               _15=pads[3], _16=pads[2], _18=extra)
        torch_w = w.transpose(1, 0, 2, 3) if groups == 1 else w

        def function(x):
            y = F.conv_transpose2d(x, tensor(torch_w), tensor(bias), 2, groups=groups)
            y = F.pad(y, (0, extra, 0, extra))
            y[:, :, y.shape[2] - extra:] = tensor(bias)[:, None, None]
            y[:, :, :, y.shape[3] - extra:] = tensor(bias)[:, None, None]
            return y[:, :, pads[0]:y.shape[2] - pads[2], pads[1]:y.shape[3] - pads[3]]
        agrees(n.save(), function)


def arithmetic_of_two_layers_and_with_numbers():
    w, per_channel, scale, shift = random(3, 3, 3, 3), random(3), random(3), random(3)
    mean, var = random(3), numpy.abs(random(3)) + 0.5
    n = Net()
    y = n.conv("in", w, _4=1)
    constant = n.layer("MemoryData", _2=3, _1=1, _0=1)
    n.raw(per_channel)
    y = n.layer("BinaryOp", y, constant, _0=2)
    y = n.layer("BinaryOp", y, _0=0, _1=1, _2=0.25)
    y = n.layer("BinaryOp", y, _0=7, _1=1, _2=1.5)
    z = n.layer("Scale", y, _0=3, _1=1)
    n.raw(scale)
    n.raw(shift)
    z = n.layer("BinaryOp", z, "in", _0=1)
    z = n.layer("Eltwise", z, y, "in", _0=1, _1=[0.5, -1.0, 2.0])
    z = n.layer("BinaryOp", z, n.layer("Sigmoid", y), _0=2)
    z = n.layer("BatchNorm", z, _0=3, _1=1e-3)
    for values in (scale, mean, var, shift):
        n.raw(values)
    z = n.layer("Eltwise", z, y, _0=0)
    n.layer("Power", n.layer("BinaryOp", z, _0=3, _1=1, _2=4.0), _1=2.0, _2=0.5)

    def function(x):
        column = lambda v: tensor(v)[:, None, None]
        y = 1.5 - (F.conv2d(x, tensor(w), padding=1) * column(per_channel) + 0.25)
        z = y * column(scale) + column(shift) - x
        z = (0.5 * z - y + 2 * x) * torch.sigmoid(y)
        z = F.batch_norm(z, tensor(mean), tensor(var), tensor(scale), tensor(shift), eps=1e-3)
        return z * y / 4 * 2 + 0.5
    agrees(n.save(), function)


def a_u_net_with_pools_crops_and_joins():
    a, b, c, d = random(8, 3, 3, 3), random(16, 8, 3, 3), random(8, 16, 2, 2), random(12, 16, 3, 3)
    n = Net(True)
    first = n.conv("in", a, _9=1, _4=1)
    one, two = n.layer("Split", first, outputs=2)
    y = n.conv(n.layer("Pooling", one, _0=0, _1=2, _2=2), b, _9=1, _4=1)
    y = n.conv(y, c, kind="Deconvolution", _3=2)
    y = n.layer("Concat", n.layer("Crop", two, y, name="cut"), y, _0=0)
    n.layer("PixelShuffle", n.conv(y, d, _4=1), _0=2)

    def function(x):
        first = F.relu(F.conv2d(x, tensor(a), padding=1))
        y = F.relu(F.conv2d(F.max_pool2d(first, 2), tensor(b), padding=1))
        y = F.conv_transpose2d(y, tensor(c.transpose(1, 0, 2, 3)), stride=2)
        return F.pixel_shuffle(F.conv2d(torch.cat([first, y], 1), tensor(d), padding=1), 2)
    agrees(n.save(), function)


def crops_of_every_form():
    """waifu2x's: valid convolutions, the skip cropped by numbers, by starts and ends, by a reference."""
    a, b = random(8, 3, 3, 3), random(8, 8, 3, 3)
    for form in ("offsets", "starts", "reference", "-233"):
        n = Net()
        one, two = n.layer("Split", n.conv("in", a), outputs=2)
        y = n.conv(one, b)
        if form == "offsets":
            cut = n.layer("Crop", two, _0=1, _1=1, _3=-233, _4=-233, _5=-233, _6=1, _7=1)
        elif form == "starts":
            cut = n.layer("Crop", two, _9=[1, 1], _10=[-1, -1], _11=[1, 2])
        elif form == "reference":
            cut = n.layer("Crop", two, y, _0=1, _1=1)
        else:
            cut = n.layer("Crop", two, _9=[-233, 1, 1], _10=[-233, -1, -1])
        y = n.layer("BinaryOp", y, cut, _0=0)
        n.conv(y, random(3, 8, 1, 1) * 0 + 0.25)

        def function(x):
            first = F.conv2d(x, tensor(a))
            y = F.conv2d(first, tensor(b)) + first[:, :, 1:-1, 1:-1]
            return F.conv2d(y, torch.full((3, 8, 1, 1), 0.25).double())
        model = agrees(n.save(), function)
        assert model["border"] == "replicate" and kinds(model).count("conv2d") == 3, kinds(model)


def padding_of_all_kinds():
    w = random(3, 3, 3, 3)
    for kind, mode in ((0, "constant"), (1, "replicate"), (2, "reflect")):
        n = Net()
        x = n.layer("Padding", "in", _0=1, _1=1, _2=1, _3=1, _4=kind, _5=0.0)
        n.conv(x, w)
        model = agrees(n.save(), lambda x: F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), tensor(w)))
        assert len(model["layers"]) == 1


def resizes_of_all_kinds():
    w = random(3, 3, 3, 3)
    for kind, mode, corners in ((1, "nearest", None), (2, "bilinear", False), (3, "bicubic", False),
                                (2, "bilinear", True)):
        n = Net()
        n.layer("Interp", n.conv("in", w, _4=1), _0=kind, _1=3.0, _2=3.0, _6=int(bool(corners)))
        model = agrees(n.save(), lambda x: F.interpolate(F.conv2d(x, tensor(w), padding=1), mode=mode,
                                                         scale_factor=3, align_corners=corners))
        assert kinds(model) == ["conv2d", "upsample"]


def shuffles_slices_and_orders():
    w = random(12, 3, 3, 3)
    n = Net()
    x = n.layer("Reorg", n.layer("PixelShuffle", n.conv("in", w, _4=1), _0=2, _1=1), _0=2, _1=1)
    parts = n.layer("Slice", x, outputs=3, _0=[2, -233, -233])
    x = n.layer("Concat", parts[2], parts[0], parts[1], _0=0)
    x = n.layer("ShuffleChannel", x, _0=3)
    n.layer("PixelShuffle", x, _0=2)

    def function(x):
        y = F.conv2d(x, tensor(w), padding=1)
        y = torch.cat([y[:, 7:], y[:, :2], y[:, 2:7]], 1)
        n, c, h, width = y.shape
        y = y.view(n, 3, 4, h, width).transpose(1, 2).reshape(n, c, h, width)
        return F.pixel_shuffle(y, 2)
    agrees(n.save(), function)


def luma():
    w = random(4, 1, 5, 5)
    n = Net()
    n.layer("PixelShuffle", n.conv("in", w, _4=2), _0=2)
    model = agrees(n.save(), lambda x: F.pixel_shuffle(F.conv2d(x, tensor(w), padding=2), 2), planes=1)
    assert model["color"] == "y"


def by_the_server_within_a_level():
    a, b = random(8, 3, 3, 3), random(12, 8, 3, 3, gain=0.5)
    n = Net(True)
    x = n.conv("in", a, random(8), _4=1, _9=2, _10=[0.125])
    n.layer("PixelShuffle", n.conv(x, b, numpy.full(12, 0.5), _4=1), _0=2)
    folder = tempfile.TemporaryDirectory()

    bias = tensor(numpy.frombuffer(n.data[4 + 2 * a.size:][:32], "<f4"))

    def function(x):
        y = F.leaky_relu(F.conv2d(x, tensor(a), bias, padding=1), 0.125)
        return F.pixel_shuffle(F.conv2d(y, tensor(b), torch.full((12,), 0.5).double(), padding=1), 2)
    compare.served(n.save(), function, folder.name)


def refused(net, *words, path=None):
    path = path or net.save()
    status, said, complained = compare.imported(path, path + ".json")
    assert status == 1 and not said and complained.count("\n") == 1, (status, said, complained)
    for word in words:
        assert word in complained, (word, complained)


def what_cannot_be_said_is_named():
    w = random(3, 3, 3, 3)
    for kind, values, words in (
            ("InnerProduct", dict(_0=3), ("InnerProduct", "1x1 convolutions")),
            ("Pooling", dict(_0=1, _4=1), ("Pooling", "whole picture")),
            ("Softmax", {}, ("Softmax", "attention")),
            ("DeformableConv2D", {}, ("DeformableConv2D", "no layer")),
            ("Interp", dict(_0=2, _1=1.5, _2=1.5), ("Interp", "whole factors")),
            ("Interp", dict(_0=2, _3=100, _4=100), ("Interp", "a factor is needed")),
            ("BinaryOp", dict(_0=9, _1=1, _2=1.0), ("BinaryOp",)),
            ("Crop", dict(_0=40, _9=[5000], _10=[6000], _11=[1]), ("Crop", "beyond"))):
        n = Net()
        n.layer(kind, n.conv("in", w, _4=1), **values)
        refused(n, *words)


def files_that_do_not_fit():
    def net():
        n = Net()
        n.conv("in", random(3, 3, 3, 3), _4=1)
        return n
    n = net()
    n.data = n.data[:-1]
    refused(n, ".bin file ends")
    n = net()
    n.data += b"1234"
    refused(n, "4 bytes more")
    n = net()
    n.data = struct.pack("<I", 0x000D4B38) + n.data[4:]
    refused(n, "8 bits")
    n = net()
    n.lines.append("ReLU again 1 1 nowhere out")
    refused(n, "'nowhere'")
    n = net()
    n.lines.append("ReLU second 1 1 in other")
    refused(n, "2 outputs", "--output-name")
    path = net().save("alone")
    os.unlink(path.replace(".param", ".bin"))
    refused(None, "No such file", path=path)


tap.run_claims([
    compact_in_both_precisions, activations_of_their_own_and_of_convolutions,
    padding_strides_dilation_and_groups, deconvolutions, arithmetic_of_two_layers_and_with_numbers,
    a_u_net_with_pools_crops_and_joins, crops_of_every_form, padding_of_all_kinds,
    resizes_of_all_kinds, shuffles_slices_and_orders, luma, by_the_server_within_a_level,
    what_cannot_be_said_is_named, files_that_do_not_fit])
