"""The network that is trained, and the same network with collapsed linear blocks.

Tensors are channels-first, as in PyTorch. Nothing is padded: a 3x3 layer removes one pixel at every
side, a 5x5 layer two. Skips are cropped at the centre, and a patch needs `halo` pixels of context.
So the network learns the same at the edge of a picture as everywhere else, and the engine extends
pictures.

SESR: Bhardwaj et al. 2022, "Collapsible Linear Blocks for Super-Efficient Super Resolution".
"""
import base64
import json

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def crop(x, like):
    """Returns the centre of x, as large as `like`."""
    dy, dx = (x.shape[-2] - like.shape[-2]) // 2, (x.shape[-1] - like.shape[-1]) // 2
    return x[..., dy:dy + like.shape[-2], dx:dx + like.shape[-1]]


class LinearBlock(nn.Module):
    """A `size` x `size` convolution that is trained as a convolution to `wide` channels and a 1x1
    convolution back. Without an activation between them, the two equal one convolution, but they
    are easier to train. `residual` adds the input's own pixel. `shared` outputs in a row have one
    bias, as the sub-pixels of a transposed convolution have."""

    def __init__(self, inputs, outputs, wide=64, residual=False, shared=1, size=3):
        super().__init__()
        self.expand = nn.Parameter(torch.empty(wide, inputs, size, size))
        self.reduce = nn.Parameter(torch.empty(outputs, wide))
        self.bias = nn.Parameter(torch.zeros(outputs // shared))
        self.residual, self.shared = residual, shared
        nn.init.xavier_normal_(self.expand)
        nn.init.xavier_normal_(self.reduce)

    def own(self):
        """Returns the convolution whose output is its input."""
        size = self.expand.shape[-1]
        w = torch.zeros(len(self.reduce), self.expand.shape[1], size, size)
        w[range(len(w)), range(len(w)), size // 2, size // 2] = 1
        return w

    def weight(self):
        w = torch.einsum("ow,wiyx->oiyx", self.reduce, self.expand)
        return w + self.own() if self.residual else w

    def set(self, weight, bias):
        """Sets the collapsed convolution. Its singular vectors go to the first of the `wide`
        channels. The others stay random with zero weight, so that they can still learn."""
        if self.residual:
            weight = weight - self.own()
        u, s, v = torch.linalg.svd(weight.flatten(1), full_matrices=False)
        root, rank = s.sqrt(), len(s)
        with torch.no_grad():
            self.reduce.zero_()
            self.reduce[:, :rank] = u * root
            self.expand[:rank] = (root[:, None] * v).view(rank, *weight.shape[1:])
            self.bias.copy_(bias)

    def forward(self, x):
        return F.conv2d(x, self.weight(), self.bias.repeat_interleave(self.shared))


def plainly(skip, side, scale):
    """Returns [scale^2][side][side]: the kernels that enlarge a picture without a network. Each
    output pixel is the input pixel itself (nearest, with which linear begins), or, for a factor of 2, the bicubic value
    (a = -0.5) at -1/4 or +1/4."""
    taps = torch.zeros(scale, side)
    if skip != "bicubic":
        taps[:, side // 2] = 1
    else:
        near = torch.tensor([-0.0703125, 0.8671875, 0.2265625, -0.0234375])
        taps[1, side // 2 - 1:side // 2 + 3] = near
        taps[0] = taps[1].flip(0)
    return torch.einsum("ay,bx->abyx", taps, taps).reshape(scale**2, side, side)


def rescaled(tail, old, new):
    """Returns the kernels of a tail, [planes x old^2][...], for another scale: each of the new sub-pixels has the
    kernel of the old one in which its centre lies."""
    at = [(2 * k + 1) * old // (2 * new) for k in range(new)]
    phases = tail.view(-1, old, old, *tail.shape[1:])[:, at][:, :, at]
    return phases.reshape(-1, *tail.shape[1:])


class Net(nn.Module):
    """Takes a picture of `planes` (1 luma, 3 RGB) and returns one `scale` times as large. It
    consists of a head, `depth` residual 3x3 layers, a skip around them, and a tail to the scale^2
    pixels that each pixel becomes. The picture enlarged without a network is added. `head` and
    `tail` are the sizes of their kernels. `skip` is nearest; linear, a kernel that is trained, which costs nothing, as
    the last layer reads the picture in any case; or bicubic if the tail is 5 wide and the scale is 2."""

    def __init__(self, channels=16, depth=7, wide=64, planes=1, head=3, tail=3, skip="nearest", scale=2):
        super().__init__()
        self.shape = dict(channels=channels, depth=depth, wide=wide, planes=planes, head=head,
                          tail=tail, skip=skip, scale=scale)
        self.register_buffer("plainly", plainly(skip, tail, scale), persistent=False)
        self.own = nn.Parameter(self.fixed()) if skip == "linear" else None
        self.halo = depth + head // 2 + tail // 2
        self.head = LinearBlock(planes, channels, wide, size=head)
        self.body = nn.ModuleList(LinearBlock(channels, channels, wide, True)
                                  for _ in range(depth))
        self.slopes = nn.ParameterList(nn.Parameter(torch.full((channels,), 0.25))
                                       for _ in range(depth + 1))
        self.tail = LinearBlock(channels, scale**2 * planes, wide, shared=scale**2, size=tail)

    def forward(self, x):
        first = y = F.prelu(self.head(x), self.slopes[0])
        for layer, slope in zip(self.body, self.slopes[1:]):
            y = F.prelu(layer(y), slope)
        y = self.tail(y + crop(first, y))
        return F.pixel_shuffle(y + self.plain(x, y), self.shape["scale"])

    def skipped(self):
        """Returns the kernel of the skip around the network: [planes x scale^2][planes][side][side]."""
        return self.fixed() if self.own is None else self.own

    def fixed(self):
        """Returns the same without training: each plane is enlarged by itself."""
        pixels, planes, side = len(self.plainly), self.shape["planes"], self.plainly.shape[-1]
        kernel = torch.zeros(planes, pixels, planes, side, side, device=self.plainly.device)
        for plane in range(planes):
            kernel[plane, :, plane] = self.plainly
        return kernel.view(-1, planes, side, side)

    def plain(self, x, like):
        if self.shape["skip"] == "linear":
            return crop(F.conv2d(x, self.own), like)
        if self.shape["skip"] == "nearest":
            return crop(x, like).repeat_interleave(self.shape["scale"]**2, 1)
        planes = self.shape["planes"]
        return crop(F.conv2d(x, self.plainly[:, None].repeat(planes, 1, 1, 1), groups=planes), like)

    def flat(self, x):
        """Returns what [n][planes] pictures of one colour become: [n][planes][scale^2], the pixels
        of the output, which repeat. The sum of a kernel stands for the kernel, so all grays cost
        next to nothing."""
        def layer(block, y):
            bias = block.bias.repeat_interleave(block.shared)
            return F.linear(y, block.weight().sum((2, 3)), bias)
        first = y = F.prelu(layer(self.head, x), self.slopes[0])
        for block, slope in zip(self.body, self.slopes[1:]):
            y = F.prelu(layer(block, y), slope)
        pixels = self.shape["scale"]**2
        return (layer(self.tail, y + first) + F.linear(x, self.skipped().sum((2, 3)))).view(len(x), -1, pixels)

    def adopt(self, other):
        """Starts from the weights of another network with the same number of channels. The depth
        may differ: new layers are added at the end as identities (so nothing changes yet), or
        layers are left out evenly. From luma to RGB, the head reads the luma of the colours, whose
        detail goes to all three. At another scale, each sub-pixel begins as the one there before. A trained skip needs
        one that is trained too, and the same planes."""
        if other.own is not None and (self.own is None or self.shape["planes"] != other.shape["planes"]):
            raise ValueError("the other network has a linear skip: --skip linear and the same --planes are needed")
        head, tail, bias = other.head.weight().detach(), other.tail.weight().detach(), other.tail.bias
        tail = rescaled(tail, other.shape["scale"], self.shape["scale"])
        if self.shape["planes"] > other.shape["planes"]:
            head = head * torch.tensor([0.299, 0.587, 0.114])[:, None, None]
            tail, bias = tail.repeat(3, 1, 1, 1), bias.repeat(3)
        self.head.set(head, other.head.bias)
        self.tail.set(tail, bias)
        have, want = len(other.body), len(self.body)
        picks = [k * have // want for k in range(want)] if want < have else range(have)
        with torch.no_grad():
            if self.own is not None and self.shape["planes"] == other.shape["planes"]:
                self.own.copy_(rescaled(other.skipped(), other.shape["scale"], self.shape["scale"]))
            self.slopes[0].copy_(other.slopes[0])
            for k, layer in enumerate(self.body):
                if k < len(picks):
                    layer.set(other.body[picks[k]].weight().detach(), other.body[picks[k]].bias)
                    self.slopes[k + 1].copy_(other.slopes[picks[k] + 1])
                else:
                    layer.set(layer.own(), torch.zeros(len(layer.bias)))
                    self.slopes[k + 1].fill_(1)

    def deconvolution(self):
        """Returns the tail, the pixel shuffle and the last skip as one transposed convolution:
        ConvTranspose2d(channels + planes, planes, kernel_size=s tail, stride=s,
        padding=s (tail // 2)). s is the scale, and the last input channels are the picture.

        Output pixel (s y + dy, s x + dx) takes w[s^2 plane + s dy + dx, i, u + r, v + r] of its
        neighbour (y + u, x + v), r = tail // 2, which is the transposed kernel's entry
        (dy + s (r - u), dx + s (r - v))."""
        w, planes, tail, s = self.tail.weight(), *(self.shape[k] for k in ("planes", "tail", "scale"))
        w = torch.cat([w, self.skipped()], 1).view(planes, s, s, -1, tail, tail).flip(4, 5)
        return w.permute(3, 0, 4, 1, 5, 2).reshape(-1, planes, s * tail, s * tail)


def loss(error, squared=False, chroma=0.0):
    """Returns the mean size of the errors [n][planes][y][x], or of their squares. With `chroma`, which takes three
    planes, it also has the differences between the planes, weighted: what the eye sees as a wrong colour."""
    sizes = torch.square if squared else torch.abs
    found = sizes(error).mean()
    return found + chroma * sizes(error - error.roll(-1, 1)).mean() if chroma else found


def macs_per_pixel(shape):
    """Returns the multiply-accumulates per input pixel. The last layer counts by its real taps."""
    c, depth, planes = shape["channels"], shape["depth"], shape.get("planes", 1)
    head, tail, pixels = shape.get("head", 3), shape.get("tail", 3), shape.get("scale", 2)**2
    return head**2 * c * planes + depth * 9 * c * c + pixels * tail**2 * (c + planes) * planes


def tensor(value, shape):
    """Returns a tensor of a model file (FORMAT.md)."""
    if isinstance(value, dict):
        kind = {"float32": "<f4", "float16": "<f2"}[value["dtype"]]
        value = np.frombuffer(base64.b64decode(value["base64"]), kind)
    return torch.tensor(np.asarray(value, np.float32)).view(shape)


def read(path):
    """Returns the network of a model file that export.py wrote, to continue its training. The file
    has only the collapsed kernels of its linear blocks."""
    with open(path) as file:
        model = json.load(file)
    net = Net(**model["trained"]["shape"])
    layers, scale, planes = model["layers"], net.shape["scale"], net.shape["planes"]
    plain = [layer for layer in layers if layer["type"] == "conv2d"]
    for block, layer in zip([net.head, *net.body], plain, strict=True):
        size = [layer["out_channels"], layer["in_channels"], *layer["kernel_size"]]
        block.set(tensor(layer["weight"], size), tensor(layer["bias"], size[:1]))
    last, tail = layers[-1], net.shape["tail"]
    w = tensor(last["weight"], [last["in_channels"], planes, tail, scale, tail, scale])
    w = w.permute(1, 3, 5, 0, 2, 4).flip(4, 5).reshape(scale**2 * planes, -1, tail, tail)
    channels = net.shape["channels"]
    net.tail.set(w[:, :channels], tensor(last["bias"], [planes]))
    with torch.no_grad():
        if net.shape["skip"] == "linear":
            net.own.copy_(w[:, channels:])
        for slope, layer in zip(net.slopes, [l for l in layers if l["type"] == "prelu"], strict=True):
            slope.copy_(tensor(layer["weight"], [-1]))
    return net
