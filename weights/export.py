#!/usr/bin/python3
"""Writes `upscaled-model/1` (FORMAT.md) from networks of PyTorch.

    export.py run/photo.pt --name photo --info photo.info.json -o photo.json

takes a checkpoint of train.py. A network of your own:

    from export import sequential, write
    write("mine.json", {"name": "mine", "scale": 2, "color": "y", "border": "model"},
          sequential(torch_sequential))
"""
import argparse
import base64
import json

import numpy as np
import torch
from torch import nn

from net import Net, macs_per_pixel

FEW = 256  # weights of a tensor that stays text


def number(value):
    """Returns the shortest text that reads back as the same float32."""
    text = np.format_float_positional(np.float32(value), unique=True, trim="-")
    short = np.format_float_scientific(np.float32(value), unique=True, trim="-")
    return min((text, short), key=len)


def rounded(layers, digits):
    """Rounds the weights to `digits` significant digits. Five digits make the file a third smaller,
    and change the output by far less than a level."""
    def short(value):
        if not isinstance(value, torch.Tensor):
            return value
        flat = [float(f"{v:.{digits}g}") for v in value.detach().flatten().tolist()]
        return torch.tensor(flat).view_as(value)
    return [{key: short(value) for key, value in layer.items()} for layer in layers]


def tensor(values):
    """Writes nested lists in PyTorch's order, with one innermost row of a kernel per line."""
    values = np.asarray(values)
    if values.ndim <= 1:
        return "[" + ", ".join(number(v) for v in values) + "]"
    between = ", " if values.ndim == 2 and values.shape[1] <= 2 else ",\n"
    return "[" + between.join(tensor(v) for v in values) + "]"


def halved(layers):
    """Rounds the tensors of more than a few weights to float16, in which `write` keeps them: a third
    of the size, and read faster."""
    return [{key: value.half() if isinstance(value, torch.Tensor) and value.numel() >= FEW else value
             for key, value in layer.items()} for layer in layers]


def text(value):
    if not isinstance(value, torch.Tensor):
        return json.dumps(value)
    if value.dtype == torch.float16:
        raw = value.detach().numpy().astype("<f2").tobytes()
        return json.dumps({"shape": list(value.shape), "dtype": "float16",
                           "base64": base64.b64encode(raw).decode()})
    return tensor(value.detach().numpy())


def write(path, head, layers):
    """Writes a model file. `head` has the keys beside `layers`. A layer is a dict with tensors of
    torch."""
    with open(path, "w") as f:
        f.write('{\n"format": "upscaled-model/1",\n')
        for key, value in head.items():
            f.write(f"{json.dumps(key)}: {json.dumps(value)},\n")
        rows = ["{" + ",\n ".join(f"{json.dumps(k)}: {text(v)}" for k, v in layer.items()) + "}"
                for layer in layers]
        f.write('"layers": [\n' + ",\n".join(rows) + "\n]\n}\n")


def padding(m):
    """Returns the padding of a convolution as numbers. PyTorch also takes words; for "same" with an
    odd sum it pads one more at the end, which cannot be exported."""
    if m.padding == "valid":
        return [0, 0]
    if m.padding != "same":
        return list(m.padding)
    sums = [d * (k - 1) for d, k in zip(m.dilation, m.kernel_size)]
    if any(s % 2 for s in sums):
        raise ValueError(f"padding=\"same\" is uneven, which cannot be exported: {m}")
    return [s // 2 for s in sums]


def convolution(m, kind, **more):
    layer = dict(type=kind, in_channels=m.in_channels, out_channels=m.out_channels,
                 kernel_size=list(m.kernel_size), stride=list(m.stride), padding=padding(m),
                 dilation=list(m.dilation), groups=m.groups, **more)
    return dict(layer, weight=m.weight, bias=m.bias)


def whole(value):
    """Returns an int or a pair of ints, from the several forms that PyTorch allows."""
    pair = [value, value] if isinstance(value, (int, float)) else list(value)
    if any(int(v) != v for v in pair):
        raise ValueError(f"only whole numbers can be exported, not {value}")
    return [int(v) for v in pair]


def pool(m):
    """Returns the layer of a pool. In an nn.Sequential a pool passes on only its values, so no
    layer there can unpool."""
    if m.return_indices:
        raise ValueError(f"return_indices=True does not go on in a Sequential: {m}; "
                         "write both layers by hand, see unpool")
    return pooled(m)


def pooled(m):
    return dict(type="max_pool2d", kernel_size=whole(m.kernel_size), stride=whole(m.stride),
                padding=whole(m.padding), dilation=whole(m.dilation), ceil_mode=m.ceil_mode)


def unpool(m, indices):
    """Returns the layer of an nn.MaxUnpool2d for the pool whose layer has the name `indices`:
    [dict(pooled(down), name="down"), ..., unpool(up, "down")]."""
    return dict(type="max_unpool2d", indices=indices, kernel_size=whole(m.kernel_size),
                stride=whole(m.stride), padding=whole(m.padding))


def upsample(m):
    if m.scale_factor is None:
        raise ValueError(f"only a scale_factor can be exported, not a size: {m}")
    return dict(type="upsample", scale_factor=whole(m.scale_factor), mode=m.mode,
                align_corners=bool(m.align_corners))


def normalization(m):
    """Returns a normalization as evaluation computes it: by running averages."""
    if m.running_mean is None:
        raise ValueError(f"it normalizes by the picture itself, which no layer does: {m}")
    weight = torch.ones_like(m.running_mean) if m.weight is None else m.weight
    weight = weight / torch.sqrt(m.running_var + m.eps)
    bias = 0 if m.bias is None else m.bias
    return dict(type="affine", weight=weight, bias=bias - m.running_mean * weight)


MODULES = {
    nn.Conv2d: lambda m: convolution(m, "conv2d", padding_mode=m.padding_mode),
    nn.ConvTranspose2d: lambda m: convolution(m, "conv_transpose2d",
                                              output_padding=list(m.output_padding)),
    nn.ReLU: lambda m: dict(type="relu"),
    nn.LeakyReLU: lambda m: dict(type="leaky_relu", negative_slope=m.negative_slope),
    nn.PReLU: lambda m: dict(type="prelu", weight=m.weight),
    nn.Sigmoid: lambda m: dict(type="sigmoid"),
    nn.Tanh: lambda m: dict(type="tanh"),
    nn.SiLU: lambda m: dict(type="silu"),
    nn.GELU: lambda m: dict(type="gelu", approximate=m.approximate),
    nn.Mish: lambda m: dict(type="mish"),
    nn.Hardswish: lambda m: dict(type="hardswish"),
    nn.Hardtanh: lambda m: dict(type="clamp", min=m.min_val, max=m.max_val),
    nn.ReLU6: lambda m: dict(type="clamp", min=0, max=6),
    nn.BatchNorm2d: normalization,
    nn.PixelShuffle: lambda m: dict(type="pixel_shuffle", upscale_factor=m.upscale_factor),
    nn.PixelUnshuffle: lambda m: dict(type="pixel_unshuffle", downscale_factor=m.downscale_factor),
    nn.Upsample: upsample,
    nn.MaxPool2d: pool,
}


def sequential(modules):
    """Returns the layers of an nn.Sequential, including those of nested ones. `upsample` takes
    PyTorch's names bilinear and bicubic. An unknown module is an error that names it."""
    layers = []
    for m in modules:
        if isinstance(m, nn.Sequential):
            layers += sequential(m)
        elif isinstance(m, (nn.Identity, nn.Dropout)):
            continue
        elif type(m) in MODULES:
            layers.append(MODULES[type(m)](m))
        else:
            raise TypeError(f"no layer of upscaled-model/1 does what {m} does")
    return layers


def listed(state, rows):
    """Returns the layers of a state_dict. Its names do not say what lies between the weights, so
    `rows` are (kind, name in the state_dict or None, keys of FORMAT.md that differ from their
    defaults)."""
    layers = []
    for kind, name, more in rows:
        layer = dict(type=kind, **more)
        if kind in ("conv2d", "conv_transpose2d"):
            weight, groups = state[f"{name}.weight"], more.get("groups", 1)
            first, second = weight.shape[0], weight.shape[1] * groups
            ins, outs = (second, first) if kind == "conv2d" else (first, second)
            layer.update(in_channels=ins, out_channels=outs, kernel_size=list(weight.shape[2:]),
                         weight=weight, bias=state.get(f"{name}.bias"))
        elif kind == "prelu":
            layer.update(weight=state[f"{name}.weight"])
        elif kind == "affine":
            layer.update(weight=state[f"{name}.weight"], bias=state.get(f"{name}.bias"))
        elif name:
            raise ValueError(f"{kind} has no weights to take from {name}")
        layers.append(layer)
    return layers


def valid(weight, bias):
    return dict(type="conv2d", in_channels=weight.shape[1], out_channels=weight.shape[0],
                kernel_size=list(weight.shape[2:]), padding=[0, 0], weight=weight, bias=bias)


def ours(net):
    """Returns the layers of a trained Net: linear blocks collapsed, the tail as a transposed
    convolution."""
    layers = [valid(net.head.weight(), net.head.bias),
              dict(type="prelu", name="head", weight=net.slopes[0])]
    for layer, slope in zip(net.body, list(net.slopes)[1:]):
        layers += [valid(layer.weight(), layer.bias), dict(type="prelu", weight=slope)]
    channels, planes, tail, s = (net.shape[key] for key in ("channels", "planes", "tail", "scale"))
    return layers + [
        {"type": "add", "with": "head"},
        {"type": "concat", "with": "input"},
        dict(type="conv_transpose2d", in_channels=channels + planes, out_channels=planes,
             kernel_size=[s * tail] * 2, stride=[s, s], padding=[2 * s * (tail // 2)] * 2,
             weight=net.deconvolution(),
             bias=net.tail.bias),
    ]


def check(net):
    """Checks that the exported layers, run by PyTorch, agree with the network that was trained."""
    x = torch.rand(1, net.shape["planes"], 60, 57)
    y = x
    kept = {"input": x}
    for layer in ours(net):
        kind = layer["type"]
        if kind == "conv2d":
            y = nn.functional.conv2d(y, layer["weight"], layer["bias"])
        elif kind == "prelu":
            y = nn.functional.prelu(y, layer["weight"])
        elif kind == "conv_transpose2d":
            y = nn.functional.conv_transpose2d(y, layer["weight"], layer["bias"], stride=layer["stride"],
                                               padding=layer["padding"])
        else:
            other = kept[layer["with"]]
            dy, dx = (other.shape[2] - y.shape[2]) // 2, (other.shape[3] - y.shape[3]) // 2
            other = other[:, :, dy:dy + y.shape[2], dx:dx + y.shape[3]]
            y = y + other if kind == "add" else torch.cat([y, other], 1)
        if "name" in layer:
            kept[layer["name"]] = y
    worst = (y - net(x)).abs().max().item()
    if worst > 1e-5:
        raise SystemExit(f"export differs from the trained network by {worst}")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("checkpoint")
    p.add_argument("--name", required=True)
    p.add_argument("--info", help="JSON file of license, description, trained, scores")
    p.add_argument("--digits", type=int, default=5, help="significant ones of a weight; 9 are exact")
    p.add_argument("--float16", action="store_true", help="write all tensors but small ones in float16")
    p.add_argument("-o", "--output", required=True)
    a = p.parse_args()
    state = torch.load(a.checkpoint)
    net = Net(**state["shape"])
    net.load_state_dict(state["mean"])
    check(net)
    color = "y" if net.shape["planes"] == 1 else "rgb"
    head = dict(name=a.name, scale=net.shape["scale"], color=color, border="replicate")
    if a.info:
        with open(a.info) as f:
            head.update(json.load(f))
    head.setdefault("trained", {}).update(steps=state["step"], shape=net.shape)
    layers = rounded(ours(net), a.digits)
    write(a.output, head, halved(layers) if a.float16 else layers)
    print(f"{a.output}: {macs_per_pixel(net.shape)} MACs per pixel, step {state['step']}")


if __name__ == "__main__":
    main()
