"""Expresses resampling by a whole factor, as the formats have it.

What PyTorch's `upsample` does becomes an `upsample`. Everything else (TensorFlow's grids, other
cubic coefficients, shrinking) becomes a depthwise convolution with a replicated edge: a sample of
the result always weighs the same neighbours, with one set of weights for each of its places between
two pixels.
"""
import math

import numpy as np

from . import build
from .errors import Refused
from .graph import MAX_CHANNELS

REACH = 3  # neighbours at either side that a kernel may need

# The place of sample `o` of the result in the picture, which is `n` long and enlarged `s` times.
GRIDS = {
    "half_pixel": lambda o, n, s: (o + 0.5) / s - 0.5,
    "pytorch_half_pixel": lambda o, n, s: (o + 0.5) / s - 0.5,
    "half_pixel_symmetric": lambda o, n, s: (o + 0.5) / s - 0.5,  # for whole factors
    "asymmetric": lambda o, n, s: o / s,
    "tf_half_pixel_for_nn": lambda o, n, s: (o + 0.5) / s,
}


def _nearest(rounding):
    def taps(place):
        whole = {"floor": math.floor(place), "ceil": math.ceil(place),
                 "round_prefer_floor": math.ceil(place - 0.5),
                 "round_prefer_ceil": math.floor(place + 0.5)}[rounding]
        return {whole: 1.0}
    return taps


def _linear(place):
    first = math.floor(place)
    return {first: 1 - (place - first), first + 1: place - first}


def _cubic(a):
    def weigh(d):
        d = abs(d)
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0

    def taps(place):
        first = math.floor(place)
        return {first + k: weigh(place - first - k) for k in range(-1, 3)}
    return taps


def _kernel(taps, grid, factor, step):
    """Returns [phases][2 * REACH + 1]: the weights of the neighbours of a pixel for each sample of
    one period."""
    rows = []
    for phase in range(factor):
        place = GRIDS[grid](phase, None, factor / step)
        row = np.zeros(2 * REACH + 1)
        for at, weight in taps(place + 0.0).items():
            if weight:
                if abs(at) > REACH:
                    raise Refused(f"weighs pixels more than {REACH} away")
                row[at + REACH] += weight
        rows.append(row)
    return np.array(rows)


def resize(g, x, factors, mode, where, grid="half_pixel", rounding="floor", cubic=-0.75):
    """Adds a resize. `factors` are pairs (up, down) for y and x, of which one is 1; `mode` is
    nearest, bilinear or bicubic; `grid` is a key of GRIDS or align_corners."""
    if all(f == (1, 1) for f in factors):
        return x
    up, down = ([f[k] for f in factors] for k in (0, 1))
    if max(up) > 16 or max(down) > 16:
        raise Refused(f"{where}: resizes by more than 16")
    if grid == "align_corners":
        if max(down) > 1 or mode == "nearest" or (mode == "bicubic" and cubic != -0.75):
            raise Refused(f"{where}: a {mode} resize with align_corners of this form cannot be "
                          "said")
        return g.add("upsample", [x], where, scale_factor=tuple(up), mode=mode, align_corners=True)
    if grid not in GRIDS:
        raise Refused(f"{where}: resizes on the grid {grid}; half_pixel, asymmetric or "
                      "align_corners is needed")
    taps = {"nearest": _nearest(rounding), "bilinear": _linear, "bicubic": _cubic(cubic)}[mode]
    plain = {"nearest": _nearest("floor"), "bilinear": _linear, "bicubic": _cubic(-0.75)}[mode]
    plain_grid = "asymmetric" if mode == "nearest" else "half_pixel"
    try:
        kernels = [_kernel(taps, grid, u, d) for u, d in factors]
    except Refused as e:
        raise Refused(f"{where}: {e}") from None
    if max(down) == 1:
        same = [np.array_equal(k, _kernel(plain, plain_grid, u, 1)) for k, u in zip(kernels, up)]
        if all(same):
            return g.add("upsample", [x], where, scale_factor=tuple(up), mode=mode,
                         align_corners=False)
    return _by_phases(g, x, kernels, up, down, where)


def _by_phases(g, x, kernels, up, down, where):
    """Adds a depthwise convolution that computes all phases of a pixel, and a pixel shuffle."""
    if up[0] != up[1] or max(up) > 1 and max(down) > 1:
        raise Refused(f"{where}: a resize of this form by {up} / {down} cannot be said")
    if x.channels * up[0] * up[1] > MAX_CHANNELS:
        raise Refused(f"{where}: a resize of {x.channels} channels by {up}, which is made of a "
                      "convolution, is beyond what the format holds")
    taps = np.einsum("ay,bx->abyx", kernels[0], kernels[1]).reshape(up[0] * up[1], 7, 7)
    used = np.abs(taps).sum(0)
    reach = next(r for r in range(REACH, -1, -1)
                 if r == 0 or used[REACH - r].any() or used[REACH + r].any()
                 or used[:, REACH - r].any() or used[:, REACH + r].any())
    taps = taps[:, REACH - reach:REACH + reach + 1, REACH - reach:REACH + reach + 1]
    weight = np.tile(taps[:, None], (x.channels, 1, 1, 1))
    x = build.convolution(g, x, weight, None, where, down, [reach] * 4, groups=x.channels,
                          mode="replicate" if reach else "zeros")
    if up[0] == 1:
        return x
    return g.add("pixel_shuffle", [x], where, upscale_factor=up[0])
