"""Builds the networks that are compared, for PyTorch and ONNX, with the weights of the model files
that `upscaled` reads.

Convolutions there take no padding of their own (`border` replicate: the picture is extended by the
halo, as the engine does) or PyTorch's zeros (`border` model). A transposed convolution is given in
two forms, because runtimes differ in which one is faster: as it is, and as the ordinary convolution
to four phases with a shuffle, which is equal.

FSRCNN: Dong, Loy, Tang 2016, "Accelerating the Super-Resolution Convolutional Neural Network"."""
import base64
import json
import os
import sys
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../weights"))
from export import sequential, write  # noqa: E402

# a trace is for one size of picture, so sizes may become constants
warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)


def fsrcnn(path, d=56, s=12, m=4):
    """Writes FSRCNN(d, s, m) with seeded weights that keep the picture's contrast."""
    torch.manual_seed(1)
    layers = [nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d), nn.Conv2d(d, s, 1), nn.PReLU(s)]
    for _ in range(m):
        layers += [nn.Conv2d(s, s, 3, padding=1), nn.PReLU(s)]
    layers += [nn.Conv2d(s, d, 1), nn.PReLU(d),
               nn.ConvTranspose2d(d, 1, 9, stride=2, padding=4, output_padding=1)]
    for layer in layers[:-1]:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            nn.init.uniform_(layer.bias, -0.05, 0.05)
    nn.init.normal_(layers[-1].weight, std=0.02)
    nn.init.constant_(layers[-1].bias, 0.5)
    write(path, {"name": "fsrcnn", "scale": 2, "color": "y", "border": "model"},
          sequential(nn.Sequential(*layers)))


def deep(path, layers, channels, ends):
    """Writes `layers` 3x3 convolutions from channels to channels, with one before and one after
    them, and a pixel shuffle: the shape of Real-ESRGAN's compact networks, with seeded weights."""
    torch.manual_seed(1)
    sides = [ends] + [channels] * (layers + 1)
    rows = []
    for before, after in zip(sides, sides[1:]):
        rows += [nn.Conv2d(before, after, 3, padding=1), nn.PReLU(after)]
    rows += [nn.Conv2d(channels, 4 * ends, 3, padding=1), nn.PixelShuffle(2)]
    for row in rows[:-2:2]:
        nn.init.kaiming_normal_(row.weight, a=0.25)
        nn.init.uniform_(row.bias, -0.05, 0.05)
    nn.init.normal_(rows[-2].weight, std=0.02)
    nn.init.constant_(rows[-2].bias, 0.5)
    name = os.path.splitext(os.path.basename(path))[0]
    write(path, {"name": name, "scale": 2, "color": "y" if ends == 1 else "rgb",
                 "border": "model"}, sequential(nn.Sequential(*rows)))


MADE = {"fsrcnn": fsrcnn, "deep": lambda path: deep(path, 32, 64, 3),
        "luma": lambda path: deep(path, 8, 64, 1)}


def tensor(value):
    if isinstance(value, dict):
        samples = np.frombuffer(base64.b64decode(value["base64"]), value["dtype"])
        value = samples.reshape(value["shape"])
    return torch.from_numpy(np.array(value, np.float32))


def of_waifu2x(rows):
    """Yields the layers of a waifu2x file under the names of our format."""
    for i, row in enumerate(rows):
        full = row["class_name"] == "nn.SpatialFullConvolution"
        yield {"type": "conv_transpose2d" if full else "conv2d", "weight": row["weight"],
               "bias": row["bias"], "stride": [row["dH"], row["dW"]],
               "padding": [row["padH"], row["padW"]]}
        yield {"type": "clamp", "min": 0, "max": 1} if i + 1 == len(rows) else {
            "type": "leaky_relu", "negative_slope": 0.1}


def centre(x, like):
    dy, dx = (x.shape[2] - like.shape[2]) // 2, (x.shape[3] - like.shape[3]) // 2
    return x[:, :, dy:dy + like.shape[2], dx:dx + like.shape[3]] if dy or dx else x


class Phases(nn.Module):
    """A transposed convolution of stride 2 as a convolution to four phases and a pixel shuffle.

    Output 2q + i, before `padding` is cut, sums in[q - t] w[2t + i]. Positions start at -padding,
    so with an odd padding the phases change places."""

    def __init__(self, weight, bias, padding, extra):
        super().__init__()
        inputs, outputs, k, _ = weight.shape
        taps = (k + 1) // 2
        w = torch.zeros(outputs, 2, 2, inputs, taps, taps)
        for i in range(2):
            for j in range(2):
                part = weight[:, :, i::2, j::2].flip(2, 3).permute(1, 0, 2, 3)
                w[:, i, j, :, taps - part.shape[2]:, taps - part.shape[3]:] = part
        self.weight = nn.Parameter(w.reshape(outputs * 4, inputs, taps, taps), False)
        self.bias = nn.Parameter(bias.repeat_interleave(4), False)
        self.padding, self.extra, self.k, self.taps = padding, extra, k, taps

    def forward(self, x):
        """Pads no more than necessary: padding p skips the first p samples."""
        before = self.taps - 1 - self.padding // 2
        height = (x.shape[2] - 1) * 2 - 2 * self.padding + self.k + self.extra
        width = (x.shape[3] - 1) * 2 - 2 * self.padding + self.k + self.extra
        odd = self.padding % 2
        after = (width + odd + 1) // 2 + self.taps - 1 - x.shape[3] - before
        around = max(min(before, after), 0)  # the padding of the convolution itself costs the least
        if before > around or after > around:
            x = F.pad(x, (max(before - around, 0), max(after - around, 0)) * 2)
        if before < 0 or after < 0:
            b, a = max(-before, 0), max(-after, 0)
            x = x[:, :, b:x.shape[2] - a, b:x.shape[3] - a]
        y = F.pixel_shuffle(F.conv2d(x, self.weight, self.bias, padding=around), 2)
        return y[:, :, odd:odd + height, odd:odd + width]


class Network(nn.Module):
    """Runs the layers of a model file one after another; [n][c][y][x] in 0..1."""

    def __init__(self, path, phases):
        super().__init__()
        with open(path) as f:
            model = json.load(f)
        waifu2x = isinstance(model, list)
        rows = list(of_waifu2x(model)) if waifu2x else model["layers"]
        self.replicate = waifu2x or model["border"] == "replicate"
        self.channels = 3 if waifu2x or model["color"] == "rgb" else 1
        self.rows, self.steps = rows, nn.ModuleList()
        for row in rows:
            self.steps.append(self.step(row, phases))
        self.eval()

    @staticmethod
    def step(row, phases):
        kind = row["type"]
        if kind == "prelu":
            weight = tensor(row["weight"])
            made = nn.PReLU(len(weight))
            made.weight = nn.Parameter(weight, False)
            return made
        if kind == "leaky_relu":
            return nn.LeakyReLU(row["negative_slope"])
        if kind == "clamp":
            return nn.Hardtanh(row["min"], row["max"])
        if kind in ("add", "concat"):
            return nn.Identity()
        if kind == "pixel_shuffle":
            return nn.PixelShuffle(row["upscale_factor"])
        if kind == "upsample":
            return nn.Upsample(scale_factor=tuple(row["scale_factor"]), mode=row["mode"])
        w, b, p = tensor(row["weight"]), tensor(row["bias"]), row.get("padding", [0, 0])
        extra = row.get("output_padding", [0, 0])[0]
        if kind == "conv_transpose2d" and phases:
            return Phases(w, b, p[0], extra)
        if kind == "conv_transpose2d":
            made = nn.ConvTranspose2d(w.shape[0], w.shape[1], w.shape[2], 2, p, extra)
        else:
            made = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], padding=tuple(p))
        made.weight, made.bias = nn.Parameter(w, False), nn.Parameter(b, False)
        return made

    def forward(self, x):
        kept, y = {"input": x}, x
        for row, step in zip(self.rows, self.steps):
            y = kept[row["input"]] if "input" in row else y
            if row["type"] == "add":
                y = y + centre(kept[row["with"]], y)
            elif row["type"] == "concat":
                y = torch.cat([y, centre(kept[row["with"]], y)], 1)
            else:
                y = step(y)
            if "name" in row:
                kept[row["name"]] = y
        return y

    def halo(self):
        """Returns the pixels by which the picture must be extended."""
        if not self.replicate:
            return 0
        with torch.no_grad():
            return (128 - self(torch.zeros(1, self.channels, 64, 64)).shape[2] + 3) // 4


if __name__ == "__main__":
    MADE[sys.argv[1]](sys.argv[2])
