#!/usr/bin/python3
"""Trains a network of net.py; may be stopped at any minute and started again.

    data.py fetch && data.py make photo && train.py --name photo --mix photo --steps 30000

State is in run/NAME.pt, the curve in run/NAME.csv. A second start goes on from there; the same
seed and steps give the same pictures in the same order whether or not it was interrupted.
"""
import argparse
import math
import os
import pathlib
import time

import numpy as np
import torch

import data
from degrade import ROWS
from fast import Fast, takes
from net import Net

STRIDE = 16  # of the grid that patches are taken from


class Patches:
    """Windows with context that hold some detail, flipped and turned at random."""

    def __init__(self, mix, inside, halo, least_gradient, planes):
        self.inside, self.halo, self.planes = inside, halo, planes
        self.hr, self.lr, self.where = [], [], []
        side = inside + 2 * halo
        with np.load(data.RUN / f"{mix}.npz") as store:
            names = set(store.files)
            for k in range(sum(name.startswith("hr") for name in names)):
                self.hr.append(store[f"hr{k}"])
                small, v = [], 0
                while f"lr{k}.{v}" in names:
                    small.append(store[f"lr{k}.{v}"])
                    v += 1
                self.lr.append(small)
        for k, hr in enumerate(self.hr):
            sums = np.pad(data.gradient(hr[::2, ::2]).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
            height, width = hr.shape[0] // 2, hr.shape[1] // 2
            for y in range(0, height - side + 1, STRIDE):
                for x in range(0, width - side + 1, STRIDE):
                    a, b, c, d = y + halo, y + halo + inside, x + halo, x + halo + inside
                    mean = (sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]) / inside**2
                    if mean > least_gradient:
                        self.where.append((k, y, x))

    def batch(self, count, rng):
        pairs = [], []
        side, h = self.inside + 2 * self.halo, self.halo
        for k, y, x in (self.where[i] for i in rng.integers(len(self.where), size=count)):
            small = self.lr[k][rng.integers(len(self.lr[k]))][y:y + side, x:x + side]
            large = self.hr[k][2 * (y + h):2 * (y + h + self.inside),
                               2 * (x + h):2 * (x + h + self.inside)]
            turn, flip = int(rng.integers(4)), bool(rng.integers(2))
            for pile, p in zip(pairs, (small, large)):
                p = np.rot90(planes(p, self.planes), turn, (1, 2))
                pile.append(p[:, :, ::-1] if flip else p)
        return [torch.from_numpy(np.stack(pile)) for pile in pairs]


def planes(rgb, count):
    """[count][y][x] float32 in 0..1 of 8-bit RGB: luma, or the three colours."""
    if count == 1:
        return data.luma(rgb)[None]
    return np.moveaxis(rgb, 2, 0).astype(np.float32) / np.float32(255)


def upscale(net, x):
    x = torch.from_numpy(np.ascontiguousarray(x))[None]
    x = torch.nn.functional.pad(x, [net.halo] * 4, mode="replicate")
    with torch.no_grad():
        return net(x)[0].numpy()


def score(net, pairs):
    """Mean PSNR, 2 pixels shaved: of studio-swing Y (219 levels), or of RGB."""
    scores = []
    for lr, hr in pairs:
        error = (upscale(net, lr).clip(0, 1) - hr)[:, 2:-2, 2:-2] * (219 if len(hr) == 1 else 255)
        scores.append(10 * math.log10(255**2 / (error.astype(np.float64)**2).mean()))
    return sum(scores) / len(scores)


def centre(rgb, side):
    y, x = max(0, rgb.shape[0] - side) // 2, max(0, rgb.shape[1] - side) // 2
    return rgb[y:y + side, x:x + side]


def pairs_of(pictures, rows, count):
    """{row: [(small, large)]} as the table of degrade.ROWS makes small ones of large ones."""
    even = [rgb[:rgb.shape[0] // 2 * 2, :rgb.shape[1] // 2 * 2] for rgb in pictures]
    return {row: [(planes(ROWS[row](rgb), count), planes(rgb, count)) for rgb in even]
            for row in rows}


def measured(a):
    """What the curve shows: held-out pictures, and a folder's hr/ that is only watched."""
    rows = a.rows.split(",")
    if a.held:
        held = [np.asarray(data.Image.open(p).convert("RGB")) for p in sorted(a.held.glob("*.png"))]
    else:
        held = [centre(np.asarray(data.clean(path)), 448)
                for _, _, path in data.pictures(held_out=True)]
    watch = [np.asarray(data.Image.open(p).convert("RGB"))
             for p in sorted(a.measure.glob("hr/*.png"))]
    sets = {"held": held, "watch": watch if a.planes == 1 else []}
    return {f"{name} {row}": pairs for name, pictures in sets.items() if pictures
            for row, pairs in pairs_of(pictures, rows, a.planes).items()}


def flats(count):
    """Pictures of one colour, which must stay as they are: all grays, and colours for RGB."""
    grays = (torch.arange(256) / 255)[:, None].repeat(1, count)
    cube = torch.cartesian_prod(*[torch.linspace(0, 1, 6)] * count) if count > 1 else grays[:0]
    return torch.cat([grays, cube.view(-1, count)])


def rate(step, steps, peak):
    """200 steps of warming up, then a cosine down to half a per cent."""
    if step < 200:
        return peak * (step + 1) / 200
    return peak * (0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def save(path, **state):
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load_net(path):
    state = torch.load(path)
    net = Net(**state["shape"])
    net.load_state_dict(state["mean"])
    return net


class Run:
    """Network, its running mean and the optimiser, as they are kept in a file."""

    def __init__(self, a, path):
        self.shape = dict(channels=a.channels, depth=a.depth, wide=a.wide, planes=a.planes,
                          head=a.head, tail=a.tail, skip=a.skip)
        self.net, self.mean = Net(**self.shape), Net(**self.shape)
        if a.start and not path.exists():
            self.net.adopt(load_net(a.start))
        self.mean.load_state_dict(self.net.state_dict())
        self.flats = flats(a.planes)
        self.fast = Fast(a.threads) if takes(self.shape) else None
        self.adam = torch.optim.Adam(self.net.parameters(), lr=a.rate, betas=(0.9, 0.99))
        self.path, self.step = path, 0
        if path.exists():
            state = torch.load(path)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.adam.load_state_dict(state["adam"])
            self.step = state["step"]

    def keep(self, a):
        save(self.path, net=self.net.state_dict(), mean=self.mean.state_dict(),
             adam=self.adam.state_dict(), step=self.step, shape=self.shape, options=vars(a))

    def learn(self, lr, hr, pace, squared):
        for group in self.adam.param_groups:
            group["lr"] = pace
        self.adam.zero_grad()
        if self.fast:
            self.fast.backward(self.net, lr, hr, squared)
        else:
            error = self.net(lr) - hr
            ((error * error).mean() if squared else error.abs().mean()).backward()
        pull = 0.025 if squared else 0.2  # about as much beside either loss
        (pull * (self.net.flat(self.flats) - self.flats[:, :, None]).abs().mean()).backward()
        self.adam.step()
        self.step += 1
        keep = min(0.999, self.step / (self.step + 10))
        with torch.no_grad():
            for m, n in zip(self.mean.parameters(), self.net.parameters()):
                m.lerp_(n, 1 - keep)


def train(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    run = Run(a, data.RUN / f"{a.name}.pt")
    patches = Patches(a.mix, a.patch, run.net.halo, a.gradient, a.planes)
    pairs, curve = measured(a), run.path.with_suffix(".csv")
    if not curve.exists():
        curve.write_text(",".join(["step", "seconds", *pairs]) + "\n")
    print(f"{len(patches.where)} patches; from step {run.step}", flush=True)
    saved = begun = time.time()
    while run.step < a.steps:
        # the batch depends on seed and step alone, so an interruption changes nothing
        lr, hr = patches.batch(a.batch, np.random.default_rng((a.seed, run.step)))
        run.learn(lr, hr, rate(run.step, a.steps, a.rate), a.squared)
        show = run.step % a.every == 0 or run.step == a.steps
        if show or time.time() - saved > 60:
            saved = time.time()
            run.keep(a)
        if show:
            line = [run.step, f"{time.time() - begun:.0f}"]
            line += [f"{score(run.mean, p):.3f}" for p in pairs.values()]
            with open(curve, "a") as file:
                print(*line, sep=",", file=file)
            print(*line, flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--name", default="photo")
    p.add_argument("--mix", default="photo", help="what `data.py make` made")
    p.add_argument("--start", type=pathlib.Path, help="a checkpoint whose weights to begin with")
    p.add_argument("--steps", type=int, default=30000)
    p.add_argument("--channels", type=int, default=16)
    p.add_argument("--depth", type=int, default=7)
    p.add_argument("--head", type=int, default=3, help="side of the first layer's kernel")
    p.add_argument("--tail", type=int, default=3, help="of the last's, before the pixel shuffle")
    p.add_argument("--skip", default="nearest", choices=["nearest", "bicubic"],
                   help="what the network adds to; bicubic takes --tail 5")
    p.add_argument("--planes", type=int, default=1, choices=[1, 3], help="luma, or RGB")
    p.add_argument("--wide", type=int, default=64, help="channels inside a linear block")
    p.add_argument("--patch", type=int, default=64, help="LR pixels of a patch, without context")
    p.add_argument("--batch", type=int, default=6)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--squared", action="store_true", help="mean squared error instead of absolute")
    p.add_argument("--gradient", type=float, default=10, help="least mean gradient of a patch")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--every", type=int, default=1000, help="steps between two measurements")
    p.add_argument("--rows", default=",".join(ROWS), help="of degrade.ROWS, for the curve")
    p.add_argument("--held", type=pathlib.Path, help="folder of held-out pictures (*.png)")
    p.add_argument("--measure", type=pathlib.Path, default=pathlib.Path("../../shared/data/set5"),
                   help="folder with hr/ to watch; never trained on")
    train(p.parse_args())


if __name__ == "__main__":
    main()
