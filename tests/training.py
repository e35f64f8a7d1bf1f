"""training.py - the trainer: its own gradients are PyTorch's, and the pictures that it makes and draws are
what they are said to be. Skipped without PyTorch. Speaks TAP."""
import argparse
import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest.mock

TOP = pathlib.Path(os.environ["top_srcdir"])
sys.path[:0] = [str(TOP / "weights"), str(TOP / "tests" / "lib")]
# the folder into which fast.c is compiled
os.environ.setdefault("WEIGHTS_RUN", str(pathlib.Path(os.environ["top_builddir"], "tests").resolve()))

# (channels, depth, planes, scale, the arguments of the loss: squared error, weight of the chroma)
TRAINED = [(16, 5, 1, 2, (False, 0)), (16, 2, 3, 2, (True, 0.5)), (24, 2, 1, 2, (False, 0)), (32, 3, 1, 3, (True, 0)),
           (48, 4, 3, 4, (False, 0)), (64, 2, 1, 4, (True, 0)), (32, 2, 3, 1, (False, 0.7))]


def skip_of(depth):
    return "nearest" if depth % 2 else "linear"


def fast_and_plain(shape, kind, engine, clear=0):
    """Returns pairs of gradients by an engine and by PyTorch, and the relative difference of the
    losses. If `clear` is 1 or -1, which is the sign of
    all errors, no sum, no error and no difference of two planes is so near 0 that rounding changes its sign."""
    net = Net(**shape)
    with torch.no_grad():
        for p in [*net.slopes, *[block.bias for block in [net.head, *net.body, net.tail]]]:
            p.uniform_(-0.3, 0.5)
        if net.shape["skip"] == "linear":
            net.own.add_(torch.rand_like(net.own) / 9)
    inside, scale = 21, shape["scale"]  # not a multiple of 4, the side of a tile
    lr = torch.rand(3, shape["planes"], *[inside + 2 * net.halo] * 2)
    hr = torch.rand(3, shape["planes"], *[scale * inside] * 2)
    if clear:
        hr = -clear * 1e6 * torch.arange(1., shape["planes"] + 1)[:, None, None].expand_as(hr)
        with torch.no_grad():
            for k, block in enumerate([net.head, *net.body]):
                block.bias.copy_((torch.rand(len(block.bias)) - 0.5).sign() * 4 * 6**k)
    wanted_loss = loss(net(lr) - hr, *kind)
    wanted_loss.backward()
    wanted = [p.grad for p in net.parameters()]
    for p in net.parameters():
        p.grad = None
    difference = engine.backward(net, lr, hr, kind) - wanted_loss.item()
    return [(p.grad, want) for p, want in zip(net.parameters(), wanted)], difference / wanted_loss.item()


def fast_gradients_are_pytorchs():
    """Rounding is eps per layer, forward and back. Winograd's transforms raise it by the sum of a
    row of A' (19) times the norm of the numbers that they cancel; 4 is ample for random kernels."""
    instructions = ["-march=native", "-march=x86-64", "-march=haswell"]
    with open("/proc/cpuinfo") as file:
        instructions = instructions[:3 if " avx2 " in file.read() else 2]
    for channels, depth, planes, scale, kind in TRAINED:
        shape = dict(channels=channels, depth=depth, planes=planes, scale=scale, skip=skip_of(depth))
        bound = 2 * (depth + 2) * 4 * 19 * numpy.finfo(numpy.float32).eps
        for threads, flags in zip((2, 1, 2), instructions):
            pairs, difference = fast_and_plain(shape, kind, Fast(threads, flags))
            assert abs(difference) < 1e-5, (shape, difference)
            for got, want in pairs:
                worst = (got - want).norm() / want.norm()
                assert worst <= bound, (shape, flags, tuple(want.shape), worst.item(), bound)


def gradients_in_bfloat16_are_pytorchs():
    """A layer rounds its input and its kernel to 9 bits, forward and back: 2^-9 of each number.
    Errors of one sign would add up to the sum over the layers."""
    if not fast_amx.available():
        raise tap.Skip("this CPU has no AMX")
    for channels, depth, planes, scale, kind in TRAINED:
        shape = dict(channels=channels, depth=depth, planes=planes, scale=scale, skip=skip_of(depth))
        bound = 2 * (depth + 2) * 2 * 2**-9
        for threads, sign in ((1, 1), (2, -1)):
            pairs, difference = fast_and_plain(shape, kind, fast_amx.FastAmx(threads), sign)
            assert abs(difference) < bound, (shape, difference)
            for got, want in pairs:
                worst = (got - want).norm() / want.norm()
                assert worst <= bound, (shape, threads, tuple(want.shape), worst.item(), bound)


def pictures_shrink_as_by_matlab():
    """A ramp stays a ramp, at the centre of the area that each pixel covers. Flat pictures stay
    flat."""
    ramp = numpy.broadcast_to(numpy.arange(0, 240, 3, dtype=numpy.uint8)[None, :, None], (24, 80, 3))
    for scale in (2, 3, 4):
        small = degrade.bicubic(ramp[:, :80 // scale * scale], scale)
        middles = 3 * (scale * numpy.arange(3, 17) + (scale - 1) / 2)
        assert small.shape[0] == 24 // scale
        assert numpy.abs(small[2, 3:17, 1] - middles).max() <= 0.5, scale
        assert (degrade.bicubic(numpy.full((24, 24, 3), 77, numpy.uint8), scale) == 77).all()


def sheets_of_ramps_are_flat_steep_or_straight():
    """Inside a ramp the differences of neighbours differ by the rounding only. Some rows are flat,
    some rise by a few levels a pixel, and black and white are among them."""
    for number in range(4):
        sheet = render.ramps(number).astype(int)
        sheet = sheet.transpose(1, 0, 2) if number % 2 else sheet
        slope = numpy.diff(sheet, axis=1)
        bend = numpy.abs(numpy.diff(slope, axis=1)).max(2) > 1
        assert sheet.shape == (render.SIDE, render.SIDE, 3) and bend.mean() < 0.1, (number, bend.mean())
        assert (slope == 0).all(2).any() and (numpy.abs(slope).max(2) == 5).any(), number
        assert (sheet == 0).all(2).any() and (sheet == 255).all(2).any(), number
    assert (render.ramps(0) == render.ramps(0)).all() and (render.ramps(0) != render.ramps(2)).any()


def vivid_targets_are_sharper_and_flats_stay():
    rng = numpy.random.default_rng(5)
    flat = numpy.full((64, 64, 3), 90, numpy.uint8)
    assert (degrade.target(flat, "vivid") == flat).all()
    edge = flat.copy()
    edge[:, 32:] = 150
    sharp = degrade.target(edge, "vivid").astype(int)
    assert sharp[32, 31, 0] < 90 and sharp[32, 32, 0] > 150 and (sharp[:, :4] == 90).all()
    for scale in (2, 4):
        small = degrade.degrade(edge, "vivid", rng, scale)
        assert small.shape == (64 // scale, 64 // scale, 3) and small.dtype == numpy.uint8
        assert abs(small.mean() - edge.mean()) < 5  # noise of 12 levels on 256 pixels: under 1; JPEG: a few


def small_pictures_are_made_before_the_target_is_sharpened():
    edge = numpy.full((64, 64, 3), 90, numpy.uint8)
    edge[:, 31:] = 150
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch("data.RUN", pathlib.Path(folder)), \
            contextlib.redirect_stdout(io.StringIO()):
        data.store(("vivid", 2, 1), [edge], 8)
        with numpy.load(data.packed("vivid", 2)) as pack:
            assert (pack["hr0"] == degrade.target(edge, "vivid")).all() and (pack["hr0"] != edge).any()
            kernels = set(degrade.MIXES["vivid"]["kernels"])
            clean = [degrade.shrink(edge, kernel) for kernel in kernels]
            assert any((pack[f"lr0.{k}"] == small).all() for k in range(8) for small in clean)


def evenly_drawn_patches_come_from_calm_pictures():
    """Without --even, two pictures of one size give as many patches each. With --even 1 the calm one gives as many
    times more as bicubic misses in the busy one, beside half a level for both."""
    noise = numpy.random.default_rng(3).integers(-1, 2, (128, 128, 1), numpy.int8).repeat(3, 2).astype(int)
    calm, busy = [(base + strength * noise).astype(numpy.uint8) for base, strength in ((60, 5), (180, 40))]
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch("data.RUN", pathlib.Path(folder)), \
            contextlib.redirect_stdout(io.StringIO()):
        data.store(("clean", 2, 1), [calm, busy], 1)
        for even in (0, 1):
            a = argparse.Namespace(mix="clean", patch=16, scale=2, planes=1, device="cpu", gradient=1, even=even)
            patches = train.Patches(a, 4)
            large = patches.batch(4000, numpy.random.default_rng(1))[1].mean((1, 2, 3)) * 255
            k, missed = patches.where[:, 0], []
            for number, rgb in enumerate((calm, busy)):
                small = degrade.shrink(rgb)
                found = [tuple(w) for w in patches.where[k == number].tolist()]
                missed.append(train.misses(rgb, small, found, 2, 16, 4).mean())
            many = (large < 120).float().mean().item()
            weights = [(m + 0.5)**-even for m in missed]
            # of 4,000 draws a share of 0.5 to 0.9 varies by less than 0.008 (one sigma)
            assert abs(many - weights[0] / sum(weights)) < 0.04, (even, many, missed)
            assert missed[1] > 6 * missed[0] > 6


CLAIMS = [fast_gradients_are_pytorchs, gradients_in_bfloat16_are_pytorchs, pictures_shrink_as_by_matlab,
          sheets_of_ramps_are_flat_steep_or_straight, vivid_targets_are_sharper_and_flats_stay,
          small_pictures_are_made_before_the_target_is_sharpened, evenly_drawn_patches_come_from_calm_pictures]

import tap

tap.needs("torch", "numpy", "PIL")
import numpy
import torch

import data
import degrade
import fast_amx
import render
import train
from fast import Fast
from net import Net, loss

tap.run_claims(CLAIMS, before=lambda: torch.manual_seed(1))
