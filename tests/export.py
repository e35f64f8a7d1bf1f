"""export.py - the files that weights/export.py writes compute what PyTorch computes: a user's own
networks by nn.Sequential and by state_dict, pools, and the shape of our own networks. Skipped
without PyTorch. Speaks TAP."""
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ["top_srcdir"])
BINARY = pathlib.Path(os.environ["top_builddir"], "upscaled").resolve()
sys.path[:0] = [str(TOP / "weights"), str(TOP / "tests" / "lib")]
os.environ.setdefault("WEIGHTS_RUN", str(BINARY.parent / "tests"))  # the folder into which fast.c is compiled

HEAD = {"scale": 2, "color": "y", "border": "model"}


def seeded(net):
    """Sets weights that keep values well inside 0..1, so that clipping hides nothing."""
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand_like(p) - 0.5).div_(max(1.0, p[0].numel() / 2))
    return net


def fsrcnn(d=12, s=5, m=2):
    """FSRCNN (Dong, Loy, Tang 2016), with the module names that PyTorch checkpoints of it have."""
    net = nn.Module()
    middle = [nn.Conv2d(d, s, 1), nn.PReLU(s)]
    for _ in range(m):
        middle += [nn.Conv2d(s, s, 3, padding=1), nn.PReLU(s)]
    middle += [nn.Conv2d(s, d, 1), nn.PReLU(d)]
    net.first_part = nn.Sequential(nn.Conv2d(1, d, 5, padding=2), nn.PReLU(d))
    net.mid_part = nn.Sequential(*middle)
    net.last_part = nn.ConvTranspose2d(d, 1, 9, stride=2, padding=4, output_padding=1)
    net.forward = lambda x: net.last_part(net.mid_part(net.first_part(x)))
    return seeded(net)


def fsrcnn_rows(m=2):
    rows = [("conv2d", "first_part.0", {"padding": 2}), ("prelu", "first_part.1", {})]
    for k in range(0, 2 * m + 4, 2):
        padding = 0 if k in (0, 2 * m + 2) else 1
        rows += [("conv2d", f"mid_part.{k}", {"padding": padding}),
                 ("prelu", f"mid_part.{k + 1}", {})]
    return rows + [("conv_transpose2d", "last_part",
                    {"stride": 2, "padding": 4, "output_padding": 1})]


def espcn():
    """ESPCN (Shi et al. 2016)."""
    return seeded(nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.Tanh(),
                                nn.Conv2d(16, 8, 3, padding=1), nn.Tanh(),
                                nn.Conv2d(8, 4, 3, padding=1), nn.PixelShuffle(2)))


ESPCN_ROWS = [("conv2d", "0", {"padding": 2}), ("tanh", None, {}),
              ("conv2d", "2", {"padding": 1}), ("tanh", None, {}),
              ("conv2d", "4", {"padding": 1}), ("pixel_shuffle", None, {"upscale_factor": 2})]


def lifted(layers):
    """Moves the output to the middle of the range by the last bias, so that nothing is clipped."""
    for layer in reversed(layers):
        if layer["type"] in ("conv2d", "conv_transpose2d"):
            layer["bias"] = layer["bias"] + 0.5
            return layers
    raise AssertionError("no convolution")


def agrees(layers, expected, head=None, planes=1):
    """Checks that the binary at 16 bits and PyTorch agree within two of 65535 levels."""
    x = torch.from_numpy(numpy.random.default_rng(3).integers(0, 256, (planes, 21, 18)))
    with tempfile.TemporaryDirectory() as folder:
        model, small, large = (f"{folder}/{n}" for n in ("m.json", "in.png", "out.png"))
        export.write(model, {"name": "m", **HEAD, **(head or {})}, layers)
        pixels = x.numpy().astype(numpy.uint8)
        Image.fromarray(pixels[0] if planes == 1 else numpy.moveaxis(pixels, 0, 2)).save(small)
        depth = ["--depth", "16"] if planes == 1 else []  # Pillow reads no 16-bit RGB
        subprocess.run([BINARY, "convert", "--models", folder, "--model", "m", *depth,
                        "--scale", str({**HEAD, **(head or {})}["scale"]), small, large], check=True)
        got = numpy.asarray(Image.open(large)).astype(float)
    with torch.no_grad():
        want = expected(x[None].float() / 255)[0].double().numpy()
    full = 65535 if planes == 1 else 255
    want = numpy.clip(numpy.moveaxis(want, 0, 2).squeeze() * full, 0, full)
    assert want.std() > full / 1000, "a test picture that says nothing"
    worst = numpy.abs(got - want).max()
    assert got.shape == want.shape and worst <= (2 if planes == 1 else 0.51), worst


def fsrcnn_by_state_dict():
    net = fsrcnn()
    agrees(lifted(export.listed(net.state_dict(), fsrcnn_rows())), lambda x: net(x) + 0.5)


def fsrcnn_by_modules():
    net = fsrcnn()
    agrees(lifted(export.sequential([net.first_part, net.mid_part, net.last_part])),
           lambda x: net(x) + 0.5)


def espcn_by_state_dict():
    net = espcn()
    agrees(lifted(export.listed(net.state_dict(), ESPCN_ROWS)), lambda x: shifted(net, x))


def espcn_by_modules():
    net = espcn()
    agrees(lifted(export.sequential(net)), lambda x: shifted(net, x))


def shifted(net, x):
    """Four biases of the last convolution are a half for every pixel."""
    return net(x) + 0.5


def pool_and_unpool_by_hand():
    down, up = nn.MaxPool2d(3, 3, return_indices=True), nn.MaxUnpool2d(3, 3)
    layers = [dict(export.pooled(down), name="down"), export.unpool(up, "down"),
              dict(type="upsample", scale_factor=2)]

    def expected(x):
        return nn.functional.interpolate(up(*down(x)), scale_factor=2)
    agrees(layers, expected)


def pool_with_indices_is_refused_in_a_sequential():
    try:
        export.sequential(nn.Sequential(nn.MaxPool2d(2, return_indices=True), nn.Upsample(2)))
    except ValueError as e:
        assert "return_indices" in str(e), e
    else:
        raise AssertionError("it was exported")


def the_newer_kinds_by_modules():
    torch.manual_seed(4)
    for gate in (nn.SiLU(), nn.GELU(), nn.GELU(approximate="tanh"), nn.Mish(), nn.Hardswish(),
                 nn.ReLU6()):
        net = seeded(nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 8, 3, padding=1),
                                   nn.BatchNorm2d(8), gate, nn.PixelShuffle(2), nn.Upsample(scale_factor=2),
                                   nn.Conv2d(2, 1, 3, padding=1))).eval()
        with torch.no_grad():
            net[2].running_mean.uniform_(-0.5, 0.5)
            net[2].running_var.uniform_(0.01, 0.1)

        def expected(x, net=net):
            return net(nn.functional.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2),
                                         mode="replicate"))[:, :, :42, :36] + 0.5
        agrees(lifted(export.sequential(net)), expected)


def affine_by_state_dict():
    state = {"a.weight": torch.tensor([0.5]), "a.bias": torch.tensor([0.25]),
             "b.weight": torch.tensor([0.9])}
    rows = [("affine", "a", {}), ("affine", "b", {}), ("upsample", None, {"scale_factor": 2})]
    agrees(export.listed(state, rows), lambda x: nn.functional.interpolate(
        (x * 0.5 + 0.25) * 0.9, scale_factor=2))


def unknown_modules_are_named():
    try:
        export.sequential(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Softplus()))
    except TypeError as e:
        assert "Softplus" in str(e), e
    else:
        raise AssertionError("it was exported")


def our_own_shape_in_luma_and_rgb():
    for planes, first, tail, skip, scale in ((1, 3, 3, "nearest", 2), (3, 3, 3, "nearest", 2),
                                             (1, 5, 5, "nearest", 2), (3, 3, 5, "bicubic", 2),
                                             (1, 3, 3, "linear", 3), (3, 3, 3, "linear", 2),
                                             (1, 3, 3, "nearest", 3), (3, 3, 3, "nearest", 4)):
        torch.manual_seed(planes)
        net = Net(channels=8, depth=2, planes=planes, head=first, tail=tail, skip=skip, scale=scale)
        with torch.no_grad():
            net.tail.bias.add_(0.01)
            if skip == "linear":
                net.own.add_(torch.rand_like(net.own) / 16).copy_(net.own.half())
        for block in [net.head, *net.body, net.tail]:  # then float16 loses nothing
            block.set(block.weight().detach().half().float(), block.bias.detach())
        export.check(net)

        def expected(x, net=net):
            return net(nn.functional.pad(x, [net.halo] * 4, mode="replicate"))
        head = {"border": "replicate", "scale": scale, "color": "y" if planes == 1 else "rgb"}
        agrees(export.ours(net), expected, head, planes)
        if skip != "bicubic":  # float16 rounds the weights of bicubic
            agrees(export.halved(export.ours(net)), expected, head, planes)


def a_model_file_is_read_back():
    """The weights agree to the digits in the file, and the trainer continues from it."""
    for planes, scale, skip in ((1, 2, "nearest"), (3, 2, "linear"), (1, 3, "nearest")):
        net = Net(channels=8, depth=2, planes=planes, scale=scale, skip=skip)
        with torch.no_grad():
            for p in [*net.slopes, net.tail.bias, net.body[1].bias, *([net.own] if skip == "linear" else [])]:
                p.uniform_(-0.2, 0.4)
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/m.json"
            export.write(path, {"scale": scale, "trained": {"shape": net.shape}}, export.ours(net))
            back = read(path)
            half = export.halved(export.ours(net))
            export.write(path, {"scale": scale, "trained": {"shape": net.shape}}, half)
            from_half = read(path)
        x = torch.rand(1, planes, 20, 19)
        assert back.shape == net.shape and (back(x) - net(x)).abs().max() < 1e-5
        assert any(v.dtype == torch.float16 for layer in half for v in layer.values() if hasattr(v, "dtype"))
        for got, want in zip(export.ours(from_half), half):
            for key in ("weight", "bias"):
                assert key not in want or (got[key] - want[key].float()).abs().max() < 1e-6, key


def bicubic_is_what_a_bicubic_skip_adds_to():
    net = Net(channels=8, depth=2, planes=3, tail=5, skip="bicubic")
    with torch.no_grad():
        net.tail.reduce.zero_()
        x = torch.rand(1, 3, 30, 26)
        got = net(x)[0].numpy()[:, 8:-8, 8:-8]
    for plane in range(3):
        img = Image.fromarray(x.numpy()[0, plane])  # Pillow's bicubic is a = -0.5
        large = numpy.asarray(img.resize((52, 60), Image.BICUBIC))
        h = 2 * net.halo + 8
        assert numpy.abs(got[plane] - large[h:-h, h:-h]).max() < 1e-5


def a_network_adopted_by_a_deeper_one_is_the_same():
    torch.manual_seed(1)
    small = Net(channels=8, depth=2)
    deep, colour = Net(channels=8, depth=5), Net(channels=8, depth=2, planes=3)
    deep.adopt(small)
    colour.adopt(small)
    gray = torch.rand(1, 1, 30, 30)
    with torch.no_grad():
        want = small(gray)
        same = deep(gray) - want[..., 6:-6, 6:-6]
        also = colour(gray.expand(-1, 3, -1, -1)) - want
        flat = small.flat(torch.tensor([[0.3]])) - small(torch.full((1, 1, 9, 9), 0.3))[0, 0, 0, 0]
    assert same.abs().max() < 1e-5 and also.abs().max() < 1e-5 and flat[0, 0, 0].abs() < 1e-6


def a_network_adopted_at_another_scale_repeats_its_pixels():
    torch.manual_seed(1)
    double = Net(channels=8, depth=2, skip="linear")
    with torch.no_grad():
        double.own.add_(torch.rand_like(double.own) / 9)
    nearest = {3: [0, 1, 1], 4: [0, 0, 1, 1]}  # which of two sub-pixels the centre of each is in, or the right one
    for scale, at in nearest.items():
        larger = Net(channels=8, depth=2, scale=scale, skip="linear")
        larger.adopt(double)
        with torch.no_grad():
            small = torch.rand(1, 1, 20, 20)
            want, got = double(small)[0, 0], larger(small)[0, 0]
        lines = [2 * y + k for y in range(len(want) // 2) for k in at]
        assert (got - want[lines][:, lines]).abs().max() < 1e-5, scale
    try:
        Net(channels=8, depth=2).adopt(double)
    except ValueError:
        return
    raise AssertionError("the trained skip was lost in silence")


def other_scales_are_one_transposed_convolution():
    """Checks what net.deconvolution says about the tail, the pixel shuffle and the picture beside
    it."""
    for planes, scale, tail in ((1, 1, 3), (1, 3, 3), (3, 4, 3), (3, 3, 5)):
        net = Net(channels=8, depth=1, planes=planes, scale=scale, tail=tail)
        x, y = torch.rand(1, planes, 9, 8), torch.rand(1, 8, 9, 8)
        want = nn.functional.pixel_shuffle(net.tail(y) + net.plain(x, net.tail(y)), scale)
        got = nn.functional.conv_transpose2d(torch.cat([y, x], 1), net.deconvolution(), stride=scale,
                                             padding=scale * (tail // 2))
        lost = scale * (tail // 2)
        assert (got[..., lost:-lost, lost:-lost] - want).abs().max() < 1e-5, (planes, scale, tail)


CLAIMS = [fsrcnn_by_state_dict, fsrcnn_by_modules, espcn_by_state_dict, espcn_by_modules,
          pool_and_unpool_by_hand, pool_with_indices_is_refused_in_a_sequential,
          the_newer_kinds_by_modules, affine_by_state_dict, unknown_modules_are_named, our_own_shape_in_luma_and_rgb,
          a_model_file_is_read_back, bicubic_is_what_a_bicubic_skip_adds_to,
          a_network_adopted_by_a_deeper_one_is_the_same, a_network_adopted_at_another_scale_repeats_its_pixels,
          other_scales_are_one_transposed_convolution]

import tap

tap.needs("torch", "numpy", "PIL")
import numpy
import torch
from PIL import Image
from torch import nn

import export
from net import Net, read

tap.run_claims(CLAIMS, before=lambda: torch.manual_seed(1))
