"""exported.py - ONNX as torch.onnx.export writes it, by operator set, with free and fixed sizes.
The imported model computes what PyTorch computes. Skipped without PyTorch. TAP."""
import tempfile
import warnings

import place  # says where the modules below are
import tap

tap.needs("torch", "numpy", "onnx", "PIL")
import numpy
import onnx.numpy_helper
import torch
from torch import nn
from torch.nn import functional as F

import compare
import networks
from networks import conv, seeded

FOLDER = tempfile.TemporaryDirectory()
FREE = {"in": {2: "h", 3: "w"}, "out": {2: "h", 3: "w"}}


def export(net, opset=13, planes=3, size=(24, 32), free=True, name="net.onnx", **more):
    path = f"{FOLDER.name}/{name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net.float(), torch.rand(1, planes, *size), path, opset_version=opset,
                          input_names=["in"], output_names=["out"],
                          dynamic_axes=FREE if free else None, **more)
    net.double()
    return path


def agrees(net, opsets=(9, 11, 13, 16, 17), planes=3, size=(24, 32), **more):
    """Exports by every operator set, with free and with fixed sizes."""
    models = []
    net.float().double()                # exactly the weights that are exported
    for opset in opsets:
        for free in (True, False):
            path = export(net, opset, planes, size, free)
            models.append(compare.same(path, net, planes=planes, size=size, **more))
    return models


def networks_of_state_dicts():
    for net, planes in ((networks.Compact(), 3), (networks.Espcn(), 1), (networks.Fsrcnn(), 1),
                        (networks.ArtCnn(), 3), (networks.Ecbsr(), 1), (networks.Etds(3), 3),
                        (networks.RrdbNet(), 3)):
        agrees(seeded(net), planes=planes, opsets=(9, 13, 17))


def channels_repeated_for_a_skip():
    """A repeat_interleave as torch exports it; with free sizes torch itself gets its reshape
    wrong."""
    net = seeded(networks.Ecbsr(planes=3)).float().double()
    model = compare.same(export(net, 13, free=False), net)
    assert [layer["type"] for layer in model["layers"]][-3:] == [
        "pixel_shuffle", "upsample", "add"], "the repetition is an upsample of the picture"


def rrdbnet_with_a_pixel_unshuffle():
    """torch exports it as SpaceToDepth, or as Reshape and Transpose."""
    for factor in (2, 1):
        models = agrees(seeded(networks.RrdbNet(factor)), opsets=(11, 13, 17))
        assert all(m["layers"][0]["type"] == "pixel_unshuffle" for m in models)


def span():
    net = seeded(networks.Span(norm=False), gain=0.5)
    with torch.no_grad():
        for part in [m for m in net.modules() if isinstance(m, networks.Conv3XC)]:
            weight, bias = part.merged()
            part.plain = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            part.plain.weight.copy_(weight)
            part.plain.bias.copy_(bias)
            part.forward = part.plain.forward
    model = agrees(net)[0]
    assert [layer["type"] for layer in model["layers"]].count("silu") == 4


def a_u_net_with_pools_and_concat():
    models = agrees(seeded(networks.Unet()), opsets=(11, 13, 17))
    for model in models:
        kinds = [layer["type"] for layer in model["layers"]]
        assert "affine" not in kinds, "the batch normalisation is in the convolution's weights"
        assert kinds.count("max_pool2d") == 1 and kinds.count("concat") == 2


class Ranges(nn.Module):
    """The mean and the range of the input are applied in the graph, and undone at the end."""

    def __init__(self, padded):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=int(padded)), nn.Conv2d(8, 12, 3, padding=int(padded))
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1))

    def forward(self, x):
        x = (x - self.mean) * 255 / 127.5
        x = self.b(F.relu(self.a(x)))
        return F.pixel_shuffle(x, 2) * 0.5 / 4 + self.mean


def input_scaling_is_folded_where_padding_allows():
    for padded in (True, False):
        for model in agrees(seeded(Ranges(padded)), bound=1e-4) if padded else \
                [unpadded(seeded(Ranges(False)))]:
            kinds = [layer["type"] for layer in model["layers"]]
            assert kinds.count("affine") == (1 if padded else 0), kinds


def unpadded(net):
    """Compares a network that loses pixels at the edge; `scale` does not say how many."""
    path = export(net)
    status, _, complained = compare.imported(path, path + ".json")
    assert status == 0, complained
    model = compare.run_json.load(path + ".json")
    x = compare.picture(3)
    with torch.no_grad():
        want, got = net(x), compare.run_json.run(model, x)
    assert model["border"] == "replicate" and (got - want).abs().max() < compare.CLOSE
    return model


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(conv(3 if k == 0 else 8, 8) for k in range(12))
        self.last = conv(8, 3)
        self.kinds = [F.silu, F.gelu, F.mish, F.hardswish, F.hardsigmoid, torch.tanh, torch.sigmoid,
                      F.relu, F.relu6, lambda x: F.leaky_relu(x, 0.3), lambda x: torch.clamp(x, -0.5, 0.7),
                      lambda x: F.gelu(x, approximate="tanh")]

    def forward(self, x):
        for layer, kind in zip(self.layers, self.kinds):
            x = kind(layer(x) * 3)
        return self.last(x)


def activations_spelled_out_are_recognised():
    models = agrees(seeded(Activations()), opsets=(9, 11, 13, 14, 17))
    for model in models:
        kinds = [layer["type"] for layer in model["layers"]]
        for kind in ("silu", "gelu", "mish", "hardswish"):
            assert kinds.count(kind) >= 1, (kind, kinds)


class Shuffles(nn.Module):
    """Pixel shuffles and their inverse, as layers and by hand."""

    def __init__(self, form):
        super().__init__()
        self.a, self.b, self.form = conv(3, 12), conv(12, 12), form

    def forward(self, x):
        y = self.a(x)
        n, c, h, w = y.shape
        if self.form == "layers":
            y = F.pixel_unshuffle(F.pixel_shuffle(y, 2), 2)
        elif self.form == "reshapes":
            y = y.view(n, 3, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(n, 3, 2 * h, 2 * w)
            y = y.reshape(n, 3, h, 2, w, 2).permute(0, 3, 5, 1, 2, 4).reshape(n, 12, h, w)
        elif self.form == "channels":
            y = y.view(n, 3, 4, h, w).transpose(1, 2).reshape(n, 12, h, w)
        return F.pixel_shuffle(self.b(F.relu(y)), 2)


def shuffles_by_any_spelling():
    for form in ("layers", "reshapes", "channels"):
        for model in agrees(seeded(Shuffles(form)), opsets=(11, 13, 17)):
            kinds = [layer["type"] for layer in model["layers"]]
            assert kinds.count("conv2d") == 2, "orders of channels are in the weights"


class Resizes(nn.Module):
    def __init__(self, mode, by_size, corners=None):
        super().__init__()
        self.a, self.b = conv(3, 6), conv(6, 3)
        self.mode, self.by_size, self.corners = mode, by_size, corners

    def forward(self, x):
        y = F.relu(self.a(x))
        if self.by_size:
            y = F.interpolate(y, size=(x.shape[2] * 2, x.shape[3] * 2), mode=self.mode,
                              align_corners=self.corners)
        else:
            y = F.interpolate(y, scale_factor=2, mode=self.mode, align_corners=self.corners)
        return self.b(y)


def resizes_by_scales_and_by_sizes():
    for mode, corners in (("nearest", None), ("bilinear", False), ("bicubic", False),
                          ("bilinear", True)):
        for by_size in (False, True):
            for model in agrees(seeded(Resizes(mode, by_size, corners)), opsets=(11, 13, 17)):
                up = [layer for layer in model["layers"] if layer["type"] == "upsample"]
                assert len(up) == 1 and up[0]["mode"] == mode


class Reflected(nn.Module):
    """Padded by hand, by mirrors and by the edge; cropped at the end."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 5), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 12, 3)
        self.pads = nn.ReflectionPad2d(2), nn.ReplicationPad2d((1, 1, 1, 1)), nn.ZeroPad2d((2, 1, 1, 2))

    def forward(self, x):
        x = F.relu(self.a(self.pads[0](x)))
        x = torch.tanh(self.b(self.pads[1](x)))
        x = self.c(self.pads[2](x))
        return F.pixel_shuffle(x, 2)[:, :, 1:-1, :-2]


def pads_become_those_of_convolutions():
    """The last pad is one more than the kernel wants, uneven, and cropped again."""
    for model in agrees(seeded(Reflected()), opsets=(11, 13, 17)):
        modes = [layer.get("padding_mode", "zeros") for layer in model["layers"]
                 if layer["type"] == "conv2d"]
        assert modes[:2] == ["reflect", "replicate"], modes


class Cropped(nn.Module):
    """Unpadded branches cropped by hand to what they are added to."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(11, 3, 3)

    def forward(self, x):
        first = F.relu(self.a(x))
        y = F.relu(self.b(first)) + first[:, :, 1:-1, 1:-1]
        return self.c(torch.cat([y, F.pad(x, (-2, -2, -2, -2))], 1)) + F.pad(x, (-3,) * 4)


def crops_are_left_to_merges():
    model = unpadded(seeded(Cropped()))
    assert [layer["type"] for layer in model["layers"]].count("conv2d") == 3


class Split(nn.Module):
    """Channels split, chosen and joined; a gate of one channel."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.gate = conv(3, 12), conv(6, 3), conv(6, 1)

    def forward(self, x):
        left, middle, right = torch.split(self.a(x), [4, 2, 6], 1)
        y = torch.cat([left, middle], 1) * torch.sigmoid(self.gate(right))
        first, second = y.chunk(2, 1)
        return self.b(torch.cat([first, second, ], 1)) - x[:, [2, 1, 0]] * x


def splits_and_gates():
    agrees(seeded(Split()), opsets=(11, 13, 17))


class Transposed(nn.Module):
    """Transposed convolutions of several forms, groups, a strided average."""

    def __init__(self):
        super().__init__()
        self.up1 = nn.ConvTranspose2d(3, 8, 4, stride=2, padding=1)
        self.deep = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8)
        self.up2 = nn.ConvTranspose2d(8, 6, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.norm, self.last = nn.BatchNorm2d(6), nn.Conv2d(6, 3, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.norm(self.up2(F.relu(self.deep(self.up1(x)))))
        return self.last(F.avg_pool2d(y, 2))


def transposed_convolutions_groups_and_averages():
    for model in agrees(seeded(Transposed()), opsets=(11, 13, 17)):
        kinds = [layer["type"] for layer in model["layers"]]
        assert kinds == ["conv_transpose2d", "conv2d", "relu", "conv_transpose2d", "conv2d", "conv2d"]


def halves(path):
    """The model in float16 throughout, with casts at its ends, as converters write it."""
    model = onnx.load(path)
    graph = model.graph
    for t in graph.initializer:
        if t.data_type == 1:
            t.CopyFrom(onnx.numpy_helper.from_array(
                onnx.numpy_helper.to_array(t).astype(numpy.float16), t.name))
    for node in graph.node:
        for a in node.attribute:
            if a.type == 4 and a.t.data_type == 1 and node.op_type == "Constant":
                a.t.CopyFrom(onnx.numpy_helper.from_array(
                    onnx.numpy_helper.to_array(a.t).astype(numpy.float16)))
        for names in (node.input, node.output):
            for k, name in enumerate(names):
                names[k] = {"in": "in_half", "out": "out_half"}.get(name, name)
    graph.node.insert(0, onnx.helper.make_node("Cast", ["in"], ["in_half"], to=10))
    graph.node.append(onnx.helper.make_node("Cast", ["out_half"], ["out"], to=1))
    onnx.save(model, path)


def graphs_in_half_precision():
    net = seeded(networks.Compact()).half().double()
    path = export(net, 13)
    halves(path)
    model = compare.same(path, net, bound=1e-12)
    assert model["layers"][0]["weight"]["dtype"] == "float16"


def weights_in_a_file_beside_it():
    net = seeded(networks.Compact()).float().double()
    path = export(net, 13, name="beside.onnx")
    inside = compare.same(path, net)
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="beside.data", size_threshold=0)
    assert compare.same(path, net)["layers"] == inside["layers"]


def training_exports_keep_their_normalisation():
    net = seeded(nn.Sequential(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU(), nn.BatchNorm2d(8), conv(8, 3)))
    path = export(net, 13, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    model = compare.same(path, net)
    assert [layer["type"] for layer in model["layers"]] == ["conv2d", "relu", "affine", "conv2d"]


def by_the_server_within_a_level():
    folder = tempfile.TemporaryDirectory()
    for net, planes, bias in ((networks.Compact(), 3, None), (networks.Unet(), 3, "last.0"),
                              (networks.Fsrcnn(3), 1, "last_part"), (Shuffles("reshapes"), 3, "b"),
                              (Resizes("bicubic", True), 3, "b"), (Transposed(), 3, "norm"),
                              (Reflected(), 3, "c")):
        net = seeded(net)
        if bias:
            with torch.no_grad():
                if isinstance(net, Transposed):
                    net.last.weight.abs_().mul_(0.2)
                net.get_submodule(bias).bias.add_(0.5)
    
        compare.served(export(net.float().double(), 13, planes), net, folder.name, planes=planes)


tap.run_claims([
    networks_of_state_dicts, channels_repeated_for_a_skip, rrdbnet_with_a_pixel_unshuffle, span, a_u_net_with_pools_and_concat,
    input_scaling_is_folded_where_padding_allows, activations_spelled_out_are_recognised,
    shuffles_by_any_spelling, resizes_by_scales_and_by_sizes, pads_become_those_of_convolutions,
    crops_are_left_to_merges, splits_and_gates, transposed_convolutions_groups_and_averages,
    graphs_in_half_precision, weights_in_a_file_beside_it, training_exports_keep_their_normalisation,
    by_the_server_within_a_level])
