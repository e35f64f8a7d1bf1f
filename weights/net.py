"""The network that is trained, and the same with its linear blocks collapsed.

Channels-first tensors as PyTorch's. Nothing is padded: a 3x3 layer takes one pixel off every
side, a 5x5 two, skips are cropped at the centre, and a patch needs `halo` pixels of context. What
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
    """A `size` x `size` convolution, trained as one to `wide` channels and 1x1 back; without
    activation the two are one convolution, but it is easier to train. `residual` adds the input's
    own pixel; `shared` outputs in a row have one bias, as the sub-pixels of a transposed
    convolution do."""

    def __init__(self, inputs, outputs, wide=64, residual=False, shared=1, size=3):
        super().__init__()
        self.expand = nn.Parameter(torch.empty(wide, inputs, size, size))
        self.reduce = nn.Parameter(torch.empty(outputs, wide))
        self.bias = nn.Parameter(torch.zeros(outputs // shared))
        self.residual, self.shared = residual, shared
        nn.init.xavier_normal_(self.expand)
        nn.init.xavier_normal_(self.reduce)

    def own(self):
        """The convolution that gives back its input."""
        size = self.expand.shape[-1]
        w = torch.zeros(len(self.reduce), self.expand.shape[1], size, size)
        w[range(len(w)), range(len(w)), size // 2, size // 2] = 1
        return w

    def weight(self):
        w = torch.einsum("ow,wiyx->oiyx", self.reduce, self.expand)
        return w + self.own() if self.residual else w

    def set(self, weight, bias):
        """Makes the collapsed convolution this one: its singular vectors in the first of the
        `wide` channels; the rest stay random at zero weight, so that they can still be learnt."""
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


def doubled(skip, side):
    """[4][side][side]: what enlarges a picture twice without a network. The four pixels that one
    becomes are the pixel itself, or bicubic (a = -0.5) of its neighbours, at -1/4 and +1/4."""
    taps = torch.zeros(2, side)
    if skip == "nearest":
        taps[:, side // 2] = 1
    else:
        near = torch.tensor([-0.0703125, 0.8671875, 0.2265625, -0.0234375])
        taps[1, side // 2 - 1:side // 2 + 3] = near
        taps[0] = taps[1].flip(0)
    return torch.einsum("ay,bx->abyx", taps, taps).reshape(4, side, side)


class Net(nn.Module):
    """A picture of `planes` (1 luma, 3 RGB) in, one of twice the size out: a head, `depth`
    residual 3x3 layers, a skip around them, a tail to the four pixels that one becomes, and the
    picture enlarged without a network added to them. `head` and `tail` are the sizes of their
    kernels; `skip` is nearest, or bicubic where the tail is 5 wide."""

    def __init__(self, channels=16, depth=7, wide=64, planes=1, head=3, tail=3, skip="nearest"):
        super().__init__()
        self.shape = dict(channels=channels, depth=depth, wide=wide, planes=planes, head=head,
                          tail=tail, skip=skip)
        self.register_buffer("doubled", doubled(skip, tail), persistent=False)
        self.halo = depth + head // 2 + tail // 2
        self.head = LinearBlock(planes, channels, wide, size=head)
        self.body = nn.ModuleList(LinearBlock(channels, channels, wide, True)
                                  for _ in range(depth))
        self.slopes = nn.ParameterList(nn.Parameter(torch.full((channels,), 0.25))
                                       for _ in range(depth + 1))
        self.tail = LinearBlock(channels, 4 * planes, wide, shared=4, size=tail)

    def forward(self, x):
        first = y = F.prelu(self.head(x), self.slopes[0])
        for layer, slope in zip(self.body, self.slopes[1:]):
            y = F.prelu(layer(y), slope)
        y = self.tail(y + crop(first, y))
        return F.pixel_shuffle(y + self.plain(x, y), 2)

    def plain(self, x, like):
        if self.shape["skip"] == "nearest":
            return crop(x, like).repeat_interleave(4, 1)
        planes = self.shape["planes"]
        return crop(F.conv2d(x, self.doubled[:, None].repeat(planes, 1, 1, 1), groups=planes), like)

    def flat(self, x):
        """What [n][planes] pictures of one colour become: [n][planes][4], the output's pixels
        where they repeat. A kernel's sum stands for the kernel, so all grays cost next to
        nothing."""
        def layer(block, y):
            bias = block.bias.repeat_interleave(block.shared)
            return F.linear(y, block.weight().sum((2, 3)), bias)
        first = y = F.prelu(layer(self.head, x), self.slopes[0])
        for block, slope in zip(self.body, self.slopes[1:]):
            y = F.prelu(layer(block, y), slope)
        return (layer(self.tail, y + first) + x.repeat_interleave(4, 1)).view(len(x), -1, 4)

    def adopt(self, other):
        """Begins where a network of as many channels is. Depth may differ: new layers go to the
        end as identities (so nothing changes yet), or layers are left out evenly. From luma to
        RGB, the head sees the colours' luma, whose detail goes to all three."""
        head, tail, bias = other.head.weight().detach(), other.tail.weight().detach(), other.tail.bias
        if self.shape["planes"] > other.shape["planes"]:
            head = head * torch.tensor([0.299, 0.587, 0.114])[:, None, None]
            tail, bias = tail.repeat(3, 1, 1, 1), bias.repeat(3)
        self.head.set(head, other.head.bias)
        self.tail.set(tail, bias)
        have, want = len(other.body), len(self.body)
        picks = [k * have // want for k in range(want)] if want < have else range(have)
        with torch.no_grad():
            self.slopes[0].copy_(other.slopes[0])
            for k, layer in enumerate(self.body):
                if k < len(picks):
                    layer.set(other.body[picks[k]].weight().detach(), other.body[picks[k]].bias)
                    self.slopes[k + 1].copy_(other.slopes[picks[k] + 1])
                else:
                    layer.set(layer.own(), torch.zeros(len(layer.bias)))
                    self.slopes[k + 1].fill_(1)

    def deconvolution(self):
        """The tail, the pixel shuffle and the last skip as one ConvTranspose2d(channels + planes,
        planes, kernel_size=2 tail, stride=2, padding=2 tail - 2) whose last input channels are the
        picture.

        Output pixel (2y + dy, 2x + dx) takes w[4 plane + 2 dy + dx, i, u + r, v + r] of its
        neighbour (y + u, x + v), r = tail // 2, which is the transposed kernel's entry
        (dy + tail - 1 - 2u, dx + tail - 1 - 2v)."""
        w, planes, tail = self.tail.weight(), self.shape["planes"], self.shape["tail"]
        own = torch.zeros(4 * planes, planes, tail, tail)
        for plane in range(planes):
            own[4 * plane:4 * plane + 4, plane] = self.doubled
        w = torch.cat([w, own], 1)
        k = torch.zeros(w.shape[1], planes, 2 * tail, 2 * tail, dtype=w.dtype)
        r = tail // 2
        for dy in (0, 1):
            for dx in (0, 1):
                for u in range(-r, r + 1):
                    for v in range(-r, r + 1):
                        k[:, :, dy + tail - 1 - 2 * u, dx + tail - 1 - 2 * v] = \
                            w[2 * dy + dx::4, :, u + r, v + r].T
        return k


def macs_per_pixel(shape):
    """Multiply-accumulates per input pixel, the last layer counted by its true taps."""
    c, depth, planes = shape["channels"], shape["depth"], shape.get("planes", 1)
    head, tail = shape.get("head", 3), shape.get("tail", 3)
    return head**2 * c * planes + depth * 9 * c * c + 4 * tail**2 * (c + planes) * planes
