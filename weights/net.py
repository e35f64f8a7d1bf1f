"""The network that is trained, and the same with its linear blocks collapsed.

Channels-first tensors as PyTorch's. Nothing is padded: each 3x3 layer takes one pixel off every
side, skips are cropped at the centre, and a patch needs `halo` pixels of context around it. What
is learnt at a picture's edge is then what is learnt everywhere, and the engine extends pictures.

SESR: Bhardwaj et al. 2022, "Collapsible Linear Blocks for Super-Efficient Super Resolution".
"""
import torch
from torch import nn
from torch.nn import functional as F


def crop(x, like):
    """The centre of x, as large as `like`."""
    dy, dx = (x.shape[-2] - like.shape[-2]) // 2, (x.shape[-1] - like.shape[-1]) // 2
    return x[..., dy:dy + like.shape[-2], dx:dx + like.shape[-1]]


class LinearBlock(nn.Module):
    """A 3x3 convolution, trained as 3x3 to `wide` channels and 1x1 back; without activation the
    two are one convolution, but it is easier to train. `residual` adds the input's own pixel;
    `biases` is 1 where all outputs share one, as the sub-pixels of a transposed convolution do."""

    def __init__(self, inputs, outputs, wide=64, residual=False, biases=None):
        super().__init__()
        self.expand = nn.Parameter(torch.empty(wide, inputs, 3, 3))
        self.reduce = nn.Parameter(torch.empty(outputs, wide))
        self.bias = nn.Parameter(torch.zeros(biases or outputs))
        self.residual = residual
        nn.init.xavier_normal_(self.expand)
        nn.init.xavier_normal_(self.reduce)

    def weight(self):
        w = torch.einsum("ow,wiyx->oiyx", self.reduce, self.expand)
        if self.residual:
            own = torch.zeros_like(w)
            own[range(len(w)), range(len(w)), 1, 1] = 1
            w = w + own
        return w

    def forward(self, x):
        return F.conv2d(x, self.weight(), self.bias.expand(len(self.reduce)))


class Net(nn.Module):
    """Luma in, luma of twice the size out: a head, `depth` residual layers, a skip around them, a
    tail to the four pixels that one becomes, and the pixel itself added to each of them."""

    def __init__(self, channels=16, depth=7, wide=64):
        super().__init__()
        self.shape = dict(channels=channels, depth=depth, wide=wide)
        self.halo = depth + 2
        self.head = LinearBlock(1, channels, wide)
        self.body = nn.ModuleList(LinearBlock(channels, channels, wide, True)
                                  for _ in range(depth))
        self.slopes = nn.ParameterList(nn.Parameter(torch.full((channels,), 0.25))
                                       for _ in range(depth + 1))
        self.tail = LinearBlock(channels, 4, wide, biases=1)

    def forward(self, x):
        first = y = F.prelu(self.head(x), self.slopes[0])
        for layer, slope in zip(self.body, self.slopes[1:]):
            y = F.prelu(layer(y), slope)
        y = self.tail(y + crop(first, y))
        return F.pixel_shuffle(y + crop(x, y), 2)

    def deconvolution(self):
        """The tail, the pixel shuffle and the last skip as one ConvTranspose2d(channels + 1, 1,
        kernel_size=6, stride=2, padding=4) whose last input channel is the luma.

        Output pixel (2y + dy, 2x + dx) takes w[2 dy + dx, i, u + 1, v + 1] of its neighbour
        (y + u, x + v), which is the transposed kernel's entry (dy + 2 - 2u, dx + 2 - 2v)."""
        w = self.tail.weight()
        k = torch.zeros(w.shape[1] + 1, 1, 6, 6, dtype=w.dtype)
        for dy in (0, 1):
            for dx in (0, 1):
                for u in (-1, 0, 1):
                    for v in (-1, 0, 1):
                        k[:-1, 0, dy + 2 - 2 * u, dx + 2 - 2 * v] = w[2 * dy + dx, :, u + 1, v + 1]
        k[-1, 0, 2:4, 2:4] = 1
        return k


def macs_per_pixel(shape):
    """Multiply-accumulates per input pixel, the last layer counted by its true taps."""
    c, depth = shape["channels"], shape["depth"]
    return 9 * c + depth * 9 * c * c + 36 * (c + 1)
