"""computed.py - ONNX graphs that compute what the format needs as it is: weights from constants
(weight_norm, spectral_norm), padding from the size of the picture or spelled by slices, leaky relus
and linear layers by other nodes. The imported model computes what PyTorch computes. Skipped without
PyTorch. TAP."""
import warnings

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
import numpy
import torch
from torch import nn
from torch.nn import functional as F

import compare
from graphs_by_hand import PATH, agrees, kinds, random, tensor
from networks import conv, seeded
from onnx_make import Graph

FREE = {"in": {2: "h", 3: "w"}, "out": {2: "h", 3: "w"}}


def export(net, opset=13, size=(24, 32), **more):
    """Exports a network with its constants as they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.float(), torch.rand(1, 3, *size), PATH, opset_version=opset,
                          do_constant_folding=False, input_names=["in"], output_names=["out"],
                          dynamic_axes=FREE, **more)
    net.double()
    return PATH


class Normed(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.head, self.mid = norm(conv(3, 8)), norm(nn.Conv2d(8, 8, 3, padding=1, groups=2))
        self.up = norm(nn.ConvTranspose2d(8, 8, 2, stride=2))
        self.tail = norm(conv(8, 3))

    def forward(self, x):
        x = F.relu(self.head(x))
        return self.tail(F.leaky_relu(self.up(self.mid(x) + x), 0.2))


def weights_that_are_normed():
    for norm in (nn.utils.weight_norm, nn.utils.spectral_norm):
        for opset in (9, 11, 13, 17):
            net = seeded(Normed(norm)).float().double()
            model = compare.same(export(net, opset), net)
            assert set(kinds(model)) <= {"conv2d", "conv_transpose2d", "relu", "leaky_relu", "add"}, kinds(model)


def sums_and_products_of_constants():
    """Each kind that reduces, over some axes and over all, by attribute and by input."""
    base = random(4, 3, 3, 3)
    wide = base.astype(numpy.float64)
    table = {"ReduceL1": lambda v, a: abs(v).sum(a, keepdims=True),
             "ReduceL2": lambda v, a: numpy.sqrt((v * v).sum(a, keepdims=True)),
             "ReduceSum": lambda v, a: v.sum(a, keepdims=True), "ReduceMax": lambda v, a: v.max(a, keepdims=True),
             "ReduceMin": lambda v, a: v.min(a, keepdims=True), "ReduceMean": lambda v, a: v.mean(a, keepdims=True),
             "ReduceSumSquare": lambda v, a: (v * v).sum(a, keepdims=True),
             "ReduceProd": lambda v, a: v.prod(a, keepdims=True)}
    for kind, work in table.items():
        for axes in ((1, 2, 3), (-1,), None):
            for opset in (11, 18):
                g = Graph(opset)
                as_input = opset == 18 or kind == "ReduceSum" and opset >= 13
                inputs = [g.ints(*axes)] if axes and as_input else []
                more = {"axes": list(axes)} if axes and not as_input else {}
                by = g.node(kind, g.weight(base), *inputs, keepdims=1, **more)
                w = g.node("Add", g.weight(base), by)
                x = g.node("DepthToSpace", g.conv("x", wide[:3] * 0 + base[:3], pads=[1] * 4), blocksize=1)
                x = g.node("Conv", x, g.node("Slice", w, g.ints(0), g.ints(3), g.ints(0)), pads=[1] * 4)
                want = wide + work(wide, axes)

                def function(x):
                    y = F.conv2d(x, tensor(base[:3]), padding=1)
                    return F.conv2d(y, tensor(want[:3]), padding=1)
                agrees(g.save(PATH, x), function)


def products_of_matrices():
    a, b, w = random(3, 5), random(5, 27), random(3, 3, 3, 3)
    g = Graph(13)
    made = g.node("Gemm", g.weight(a.T), g.weight(b), g.weight(w.reshape(3, 27)), transA=1, alpha=0.5, beta=2.0)
    x = g.node("Conv", "x", g.node("Reshape", made, g.ints(3, 3, 3, 3)), pads=[1] * 4)
    made = g.node("MatMul", g.weight(a), g.weight(b))
    x = g.node("Conv", x, g.node("Reshape", made, g.ints(3, 3, 3, 3)), pads=[1] * 4)

    def function(x):
        product = tensor(a) @ tensor(b)
        first = 0.5 * product + 2 * tensor(w).reshape(3, 27)
        y = F.conv2d(x, first.reshape(3, 3, 3, 3), padding=1)
        return F.conv2d(y, product.reshape(3, 3, 3, 3), padding=1)
    agrees(g.save(PATH, x), function)


def what_is_not_computed_is_said():
    g = Graph(13)
    w = g.node("Erf", g.weight(random(3, 3, 3, 3)))
    path = g.save(PATH, g.node("Conv", "x", w, pads=[1] * 4))
    status, _, complained = compare.imported(path, path + ".json")
    assert status == 1 and "computes weights" in complained and "do_constant_folding" in complained, complained
    g = Graph(13)
    big = lambda: g.node("ConstantOfShape", g.ints(1 << 11, 1 << 12))
    w = g.node("MatMul", big(), g.node("Transpose", big(), perm=[1, 0]))
    path = g.save(PATH, g.node("Mul", "x", w))
    status, _, complained = compare.imported(path, path + ".json")
    assert status == 1 and "multiplies matrices" in complained, complained


def training_mode_is_refused():
    class Trained(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.net = nn.Sequential(conv(3, 8), layer, nn.ReLU(), conv(8, 3))

        def forward(self, x):
            return self.net(x)

    for layer, opsets in ((nn.BatchNorm2d(8), (9, 11, 12, 13, 14, 17)), (nn.Dropout(0.5), (12, 13, 17))):
        for opset in opsets:
            net = seeded(Trained(layer))
            compare.same(export(net, opset), net)
            path = export(net.train(), opset, training=torch.onnx.TrainingMode.TRAINING)
            status, _, complained = compare.imported(path, path + ".json")
            assert status == 1 and "training mode" in complained, (opset, status, complained)


class Padded(nn.Module):
    """Pads to a multiple of four, reduces twice, enlarges, and cuts the rest off."""

    def __init__(self, mode, first=False):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 8, 4, stride=4), nn.ConvTranspose2d(8, 3, 4, stride=4)
        self.mode, self.first = mode, first

    def forward(self, x):
        h, w = x.shape[2], x.shape[3]
        more_h, more_w = (4 - h % 4) % 4, (4 - w % 4) % 4
        sides = (more_w, 0, more_h, 0) if self.first else (0, more_w, 0, more_h)
        y = self.up(F.relu(self.down(F.pad(x, sides, mode=self.mode))))
        return y[:, :, more_h:, more_w:] if self.first else y[:, :, :h, :w]


def said_about(path, *options):
    status, said, complained = compare.imported(path, path + ".json", *options)
    assert status == 0, complained
    return said.splitlines()[1:]


def padding_to_a_multiple_is_as_the_servers_or_is_said():
    """The server repeats the last row and column. Any other padding changes the edges of pictures
    whose sides are no multiples, and is said; the bytes of all others are PyTorch's."""
    for mode, first, warned in (("reflect", False, True), ("replicate", False, False),
                                ("constant", False, True), ("replicate", True, True)):
        net = seeded(Padded(mode, first)).float().double()
        path = export(net)
        lines = said_about(path)
        assert len(lines) == warned, (mode, first, lines)
        assert not warned or "not multiples" in lines[0] and "repeats the last row" in lines[0], lines
        compare.same(path, net)
    for strides, warned in (([2, 2], True), ([1, 1], False)):
        g = Graph(13)
        x = g.node("Relu", g.conv("x", random(8, 3, 3, 3), auto_pad="SAME_UPPER", strides=strides))
        x = g.node("ConvTranspose", x, g.weight(random(8, 3, 2, 2)), strides=strides, auto_pad="SAME_UPPER")
        lines = said_about(g.save(PATH, x))
        assert len(lines) == warned and (not warned or "'Conv_2'" in lines[0]), (strides, lines)
    net = seeded(nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(3, 3, 3), nn.PixelShuffle(1)))
    assert said_about(export(net)) == [], "padding by the same everywhere"


def wrapped(g, x, axis, before, after):
    """Adds circular padding along one axis, as PyTorch exports it."""
    first = [g.node("Slice", x, g.ints(-before), g.ints(1 << 62), g.ints(axis))] if before else []
    last = [g.node("Slice", x, g.ints(0), g.ints(after), g.ints(axis))] if after else []
    return g.node("Concat", *first, x, *last, axis=axis) if before or after else x


def circular_padding_as_slices():
    """The picture with its end before it and its beginning after it, by rows and by columns."""
    for left, right, top, bottom in ((1, 1, 1, 1), (2, 1, 0, 2), (1, 0, 0, 0), (3, 3, 2, 2)):
        w = random(3, 3, 1 + top + bottom, 1 + left + right)
        g = Graph(13)
        x = wrapped(g, wrapped(g, g.node("Relu", g.conv("x", random(3, 3, 1, 1) * 0 + 0.5)), 2, top, bottom),
                    3, left, right)
        x = g.conv(x, w)

        def function(x):
            y = F.relu(F.conv2d(x, torch.full((3, 3, 1, 1), 0.5).double()))
            y = F.pad(F.pad(y, (0, 0, top, bottom), mode="circular"), (left, right, 0, 0), mode="circular")
            return F.conv2d(y, tensor(w))
        model = agrees(g.save(PATH, x), function)
        assert any(row.get("padding_mode") == "circular" for row in model["layers"]), model["layers"]


def circular_padding_that_is_exported_wrong_is_named():
    """Older exporters cut the first part as if the last part stood behind it already."""
    g = Graph(13)
    first = g.node("Slice", "x", g.ints(-2), g.ints(-1), g.ints(2))
    last = g.node("Slice", "x", g.ints(0), g.ints(1), g.ints(2))
    path = g.save(PATH, g.conv(g.node("Concat", first, "x", last, axis=2), random(3, 3, 3, 1)))
    status, _, complained = compare.imported(path, path + ".json")
    assert status == 1 and "circular padding" in complained and "newer" in complained, complained


def halves_that_are_joined_are_no_padding():
    g = Graph(13, (1, 3, 24, 32))
    low = g.node("Slice", "x", g.ints(0), g.ints(12), g.ints(2))
    high = g.node("Slice", "x", g.ints(12), g.ints(24), g.ints(2))
    for parts in ((low, high), (high, low), (high, "x", high), ("x", "x", "x"), ("x", "x"), (low, low, "x")):
        path = g.save(PATH, g.node("Concat", *parts, axis=2))
        status, _, complained = compare.imported(path, path + ".json")
        assert status == 1 and "only channels can be joined" in complained, (parts, complained)
        g.nodes.pop()


def leaky_relus_as_maximum_and_minimum():
    w = random(3, 3, 3, 3)
    slopes = [[[0.1]], [[0.5]], [[-0.25]]]
    for kind, slope, expect in (("Max", 0.2, "leaky_relu"), ("Min", 1.5, "leaky_relu"), ("Max", slopes, "prelu"),
                                ("Max", -0.5, "prelu")):
        for first in (True, False):
            g = Graph(13)
            x = g.conv("x", w, pads=[1] * 4)
            by = g.node("Mul", x, g.weight(numpy.array(slope, numpy.float32)))
            x = g.conv(g.node(kind, *((x, by) if first else (by, x))), w, pads=[1] * 4)

            def function(x):
                y = F.conv2d(x, tensor(w), padding=1)
                z = y * tensor(numpy.float32(slope))
                return F.conv2d((torch.maximum if kind == "Max" else torch.minimum)(y, z), tensor(w), padding=1)
            model = agrees(g.save(PATH, x), function)
            assert kinds(model) == ["conv2d", expect, "conv2d"], kinds(model)
    for kind, slope in (("Max", 1.5), ("Min", 0.5)):
        g = Graph(13)
        x = g.conv("x", w, pads=[1] * 4)
        path = g.save(PATH, g.node(kind, x, g.node("Mul", x, g.weight(numpy.float32(slope)))))
        status, _, complained = compare.imported(path, path + ".json")
        assert status == 1 and "two layers" in complained, complained


def linear_layers_on_channels_at_the_end():
    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.tail = conv(3, 8), conv(6, 3)
            self.norm, self.more = nn.Linear(8, 12), nn.Linear(12, 6, bias=False)

        def forward(self, x):
            y = F.gelu(self.norm(self.head(x).permute(0, 2, 3, 1)))
            return self.tail(self.more(y).permute(0, 3, 1, 2))
    net = seeded(Linear()).float().double()
    for opset in (11, 13, 17):
        model = compare.same(export(net, opset), net)
        assert kinds(model) == ["conv2d", "conv2d", "gelu", "conv2d", "conv2d"], kinds(model)


def functions_of_a_model_are_named():
    from onnx import helper
    g = Graph(15)
    model = g.model(g.node("Double", "x", domain="local"))
    body = helper.make_node("Add", ["a", "a"], ["b"])
    model.functions.append(helper.make_function("local", "Double", ["a"], ["b"], [body], model.opset_import))
    with open(PATH, "wb") as f:
        f.write(model.SerializeToString())
    status, _, complained = compare.imported(PATH, PATH + ".json")
    assert status == 1 and "inlined" in complained, complained


tap.run_claims([
    weights_that_are_normed, sums_and_products_of_constants, products_of_matrices,
    what_is_not_computed_is_said, training_mode_is_refused,
    padding_to_a_multiple_is_as_the_servers_or_is_said, circular_padding_as_slices,
    circular_padding_that_is_exported_wrong_is_named,
    halves_that_are_joined_are_no_padding, leaky_relus_as_maximum_and_minimum,
    linear_layers_on_channels_at_the_end, functions_of_a_model_are_named])
