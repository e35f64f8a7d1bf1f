"""Networks for the tests, written from their papers and with the module names that their published
weights have. Weights are seeded, and such that values stay near 0..1."""
import torch
from torch import nn
from torch.nn import functional as F


def seeded(net, seed=1, gain=0.7):
    """Sets every parameter from one generator, so that a layer roughly keeps the size of its
    input."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(net.named_parameters()):
            p.copy_(torch.rand(p.shape, generator=generator) * 2 - 1)
            if p.dim() > 1:
                p.mul_(gain * (3 / p[0].numel())**0.5)
            else:
                p.mul_(0.1)
        for name, b in net.named_buffers():
            if name.endswith("running_var"):
                b.copy_(torch.rand(b.shape, generator=generator) + 0.5)
            elif name.endswith("running_mean"):
                b.copy_(torch.rand(b.shape, generator=generator) - 0.5)
    return net.double().eval()


def conv(ins, outs, kernel=3):
    return nn.Conv2d(ins, outs, kernel, padding=kernel // 2)


class Compact(nn.Module):
    def __init__(self, feat=16, layers=4, factor=4, planes=3):
        super().__init__()
        rows = [conv(planes, feat), nn.PReLU(feat)]
        for _ in range(layers):
            rows += [conv(feat, feat), nn.PReLU(feat)]
        self.body = nn.ModuleList(rows + [conv(feat, planes * factor**2)])
        self.upsampler = nn.PixelShuffle(factor)
        self.factor = factor

    def forward(self, x):
        y = x
        for layer in self.body:
            y = layer(y)
        return self.upsampler(y) + F.interpolate(x, scale_factor=self.factor, mode="nearest")


class Espcn(nn.Module):
    def __init__(self, factor=3, planes=1):
        super().__init__()
        self.first_part = nn.Sequential(nn.Conv2d(planes, 64, 5, padding=2), nn.Tanh(), conv(64, 32),
                                        nn.Tanh())
        self.last_part = nn.Sequential(conv(32, planes * factor**2), nn.PixelShuffle(factor))

    def forward(self, x):
        return self.last_part(self.first_part(x))


class Fsrcnn(nn.Module):
    def __init__(self, factor=3, planes=1, d=20, s=6, m=2):
        super().__init__()
        self.first_part = nn.Sequential(nn.Conv2d(planes, d, 5, padding=2), nn.PReLU(d))
        middle = [nn.Conv2d(d, s, 1), nn.PReLU(s)]
        for _ in range(m):
            middle += [conv(s, s), nn.PReLU(s)]
        self.mid_part = nn.Sequential(*middle, nn.Conv2d(s, d, 1), nn.PReLU(d))
        self.last_part = nn.ConvTranspose2d(d, planes, 9, stride=factor, padding=4,
                                            output_padding=factor - 1)

    def forward(self, x):
        return self.last_part(self.mid_part(self.first_part(x)))


class DenseBlock(nn.Module):
    def __init__(self, feat, grow):
        super().__init__()
        for k in range(1, 6):
            setattr(self, f"conv{k}", conv(feat + (k - 1) * grow, grow if k < 5 else feat))

    def forward(self, x):
        seen = [x]
        for k in range(1, 5):
            seen.append(F.leaky_relu(getattr(self, f"conv{k}")(torch.cat(seen, 1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(seen, 1))


class Rrdb(nn.Module):
    def __init__(self, feat, grow):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(feat, grow) for _ in range(3))

    def forward(self, x):
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RrdbNet(nn.Module):
    def __init__(self, factor=4, blocks=2, feat=16, grow=8):
        super().__init__()
        self.cut = {4: 1, 2: 2, 1: 4}[factor]
        self.conv_first = conv(3 * self.cut**2, feat)
        self.body = nn.Sequential(*[Rrdb(feat, grow) for _ in range(blocks)])
        self.conv_body, self.conv_up1, self.conv_up2 = (conv(feat, feat) for _ in range(3))
        self.conv_hr, self.conv_last = conv(feat, feat), conv(feat, 3)

    def forward(self, x):
        first = self.conv_first(F.pixel_unshuffle(x, self.cut) if self.cut > 1 else x)
        y = first + self.conv_body(self.body(first))
        for up in (self.conv_up1, self.conv_up2):
            y = F.leaky_relu(up(F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))


def rrdb_old_names(net, blocks=2):
    """Returns the state dict of an RrdbNet under the names of ESRGAN's first release."""
    out = {}
    for name, value in net.state_dict().items():
        head, _, rest = name.partition(".")
        if head == "body":
            block, part, layer, what = rest.split(".")
            name = f"model.1.sub.{block}.{part.upper()}.{layer}.0.{what}"
        else:
            place = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}",
                     "conv_up1": "model.3", "conv_up2": "model.6", "conv_hr": "model.8",
                     "conv_last": "model.10"}[head]
            name = f"{place}.{rest}"
        out[name] = value
    return out


def rrdb_2018_names(net):
    """Returns it under the names of the second release."""
    heads = {"body": "RRDB_trunk", "conv_body": "trunk_conv", "conv_up1": "upconv1",
             "conv_up2": "upconv2", "conv_hr": "HRconv"}
    out = {}
    for name, value in net.state_dict().items():
        head, _, rest = name.partition(".")
        out[f"{heads.get(head, head)}.{rest.replace('rdb', 'RDB')}"] = value
    return out


class Conv3XC(nn.Module):
    """The block in training: a 1x1 beside a 1x1, a 3x3 and a 1x1 in a row."""

    def __init__(self, ins, outs, gain=2):
        super().__init__()
        self.sk = nn.Conv2d(ins, outs, 1)
        self.conv = nn.Sequential(nn.Conv2d(ins, ins * gain, 1),
                                  nn.Conv2d(ins * gain, outs * gain, 3),
                                  nn.Conv2d(outs * gain, outs, 1))
        self.eval_conv = nn.Conv2d(ins, outs, 3, padding=1)

    def merged(self):
        """Returns the 3x3 convolution that equals the block, found by its response to impulses."""
        ins = self.sk.in_channels
        with torch.no_grad():
            flat = torch.zeros(1, ins, 5, 5, dtype=torch.float64)
            bias = (self.conv(flat) + self.sk(flat)[:, :, 1:-1, 1:-1])[0, :, 1, 1]
            weight = torch.zeros(self.sk.out_channels, ins, 3, 3, dtype=torch.float64)
            for channel in range(ins):
                impulse = flat.clone()
                impulse[0, channel, 2, 2] = 1
                answer = self.conv(impulse) + self.sk(impulse)[:, :, 1:-1, 1:-1]
                weight[:, channel] = (answer[0] - bias[:, None, None]).flip(1, 2)
        return weight, bias

    def forward(self, x):
        weight, bias = self.merged()
        return F.conv2d(x, weight, bias, padding=1)


class Spab(nn.Module):
    def __init__(self, feat):
        super().__init__()
        self.c1_r, self.c2_r, self.c3_r = (Conv3XC(feat, feat) for _ in range(3))

    def forward(self, x):
        middle = F.silu(self.c1_r(x))
        y = self.c3_r(F.silu(self.c2_r(middle)))
        return (y + x) * (torch.sigmoid(y) - 0.5), middle


class Span(nn.Module):
    def __init__(self, factor=2, blocks=2, feat=12, norm=True):
        super().__init__()
        self.blocks, self.norm = blocks, norm
        self.conv_1 = Conv3XC(3, feat)
        for k in range(1, blocks + 1):
            setattr(self, f"block_{k}", Spab(feat))
        self.conv_cat, self.conv_2 = nn.Conv2d(feat * 4, feat, 1), Conv3XC(feat, feat)
        self.upsampler = nn.Sequential(conv(feat, 3 * factor**2), nn.PixelShuffle(factor))
        if not norm:
            self.register_buffer("no_norm", torch.zeros(1))

    def forward(self, x):
        if self.norm:
            x = (x - torch.tensor([0.4488, 0.4371, 0.4040]).double().view(1, 3, 1, 1)) * 255
        first = y = self.conv_1(x)
        outs = []
        for k in range(1, self.blocks + 1):
            y, middle = getattr(self, f"block_{k}")(y)
            outs.append(y)
        return self.upsampler(self.conv_cat(torch.cat([first, self.conv_2(y), outs[0], middle], 1)))


class ArtCnn(nn.Module):
    def __init__(self, factor=2, blocks=2, feat=16, planes=3):
        super().__init__()
        self.conv0 = conv(planes, feat)
        self.res_block = nn.ModuleList()
        for _ in range(blocks):
            block = nn.Module()
            block.conv = nn.Sequential(nn.Sequential(conv(feat, feat), nn.ReLU()),
                                       nn.Sequential(conv(feat, feat), nn.ReLU()), conv(feat, feat))
            self.res_block.append(block)
        self.res_block.append(conv(feat, feat))
        self.depth_to_space = nn.Module()
        self.depth_to_space.upscale = nn.Sequential(conv(feat, planes * factor**2),
                                                    nn.PixelShuffle(factor))

    def forward(self, x):
        first = y = self.conv0(x)
        for block in list(self.res_block)[:-1]:
            y = y + block.conv(y)
        return self.depth_to_space.upscale(self.res_block[-1](y) + first)


class Ecbsr(nn.Module):
    """The deployed network: every block is one convolution."""

    def __init__(self, factor=2, blocks=2, feat=8, planes=1):
        super().__init__()
        self.factor = factor
        rows = []
        for ins, outs in [(planes, feat)] + [(feat, feat)] * blocks + [(feat, planes * factor**2)]:
            block = nn.Module()
            block.conv3x3 = conv(ins, outs)
            block.act = nn.PReLU(outs) if len(rows) <= blocks else None
            rows.append(block)
        self.backbone = nn.ModuleList(rows)

    def forward(self, x):
        y = x
        for block in self.backbone:
            y = block.conv3x3(y)
            y = block.act(y) if block.act else y
        if x.shape[1] > 1:              # a single channel is broadcast
            x = x.repeat_interleave(self.factor**2, 1)
        return F.pixel_shuffle(y + x, self.factor)


class Etds(nn.Module):
    def __init__(self, factor=3, layers=2, feat=12):
        super().__init__()
        last = 3 * factor**2 + (1 if factor == 3 else 0)
        self.conv_first = conv(3, feat)
        self.backbone_convs = nn.ModuleList(conv(feat, feat) for _ in range(layers))
        self.conv_last, self.conv_clip = conv(feat, last), nn.Conv2d(last, last, 1)
        self.factor = factor

    def forward(self, x):
        x = F.relu(self.conv_first(x))
        for layer in self.backbone_convs:
            x = F.relu(layer(x))
        x = F.relu(self.conv_clip(F.relu(self.conv_last(x))))
        return F.pixel_shuffle(x[:, :3 * self.factor**2], self.factor)


class Waifu2x(nn.Module):
    """The network upconv_7 or vgg_7, unpadded."""

    def __init__(self, family="upconv_7", planes=3):
        super().__init__()
        widths = [planes, 16, 32, 64, 128, 128, 256] if family == "upconv_7" else \
            [planes, 32, 32, 64, 64, 128, 128]
        rows = []
        for ins, outs in zip(widths, widths[1:]):
            rows += [nn.Conv2d(ins, outs, 3), nn.LeakyReLU(0.1)]
        rows.append(nn.ConvTranspose2d(256, planes, 4, 2, 3) if family == "upconv_7"
                    else nn.Conv2d(128, planes, 3))
        self.net = nn.Sequential(*rows)

    def forward(self, x):
        return self.net(x)


class Unet(nn.Module):
    """A network that reduces by pools and a strided convolution, enlarges in three ways, and joins
    the results with earlier outputs."""

    def __init__(self, feat=8):
        super().__init__()
        self.down1 = nn.Sequential(conv(3, feat), nn.BatchNorm2d(feat), nn.ReLU())
        self.down2 = nn.Sequential(conv(feat, 2 * feat), nn.LeakyReLU(0.1))
        self.down3 = nn.Conv2d(2 * feat, 3 * feat, 3, stride=2, padding=1)
        self.up3 = nn.ConvTranspose2d(3 * feat, 2 * feat, 2, stride=2)
        self.join2 = nn.Sequential(conv(4 * feat, 2 * feat), nn.PReLU())
        self.join1 = nn.Sequential(conv(3 * feat, feat), nn.Sigmoid())
        self.last = nn.Sequential(conv(feat, 12), nn.PixelShuffle(2))

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = torch.tanh(self.down3(b))
        b = self.join2(torch.cat([self.up3(c), b], 1))
        up = F.interpolate(b, scale_factor=2, mode="bilinear", align_corners=False)
        return self.last(self.join1(torch.cat([up, a], 1)))
