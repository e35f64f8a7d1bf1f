#!/usr/bin/python3
"""Trains the photo network; may be stopped at any minute and started again.

    data.py fetch && data.py make && train.py --steps 30000

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
from net import Net

STRIDE = 12  # of the grid that patches are taken from


class Patches:
    """Windows with context that hold some detail, flipped and turned at random."""

    def __init__(self, inside, halo, least_gradient):
        self.inside, self.halo = inside, halo
        store = np.load(data.RUN / "photos.npz")
        self.hr, self.lr, self.where = [], [], []
        side = inside + 2 * halo
        for k in range(len(store) // 2):
            hr, lr = store[f"hr{k}"], store[f"lr{k}"]
            self.hr.append(torch.from_numpy(hr))
            self.lr.append(torch.from_numpy(lr))
            sums = np.pad(data.gradient(lr).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
            for y in range(0, lr.shape[0] - side, STRIDE):
                for x in range(0, lr.shape[1] - side, STRIDE):
                    a, b, c, d = y + halo, y + halo + inside, x + halo, x + halo + inside
                    mean = (sums[b, d] - sums[a, d] - sums[b, c] + sums[a, c]) / inside**2
                    if mean > least_gradient:
                        self.where.append((k, y, x))

    def batch(self, count, rng):
        lr, hr, side, h = [], [], self.inside + 2 * self.halo, self.halo
        for k, y, x in (self.where[i] for i in rng.integers(len(self.where), size=count)):
            small = self.lr[k][y:y + side, x:x + side]
            large = self.hr[k][2 * (y + h):2 * (y + h + self.inside),
                               2 * (x + h):2 * (x + h + self.inside)]
            turn, flip = int(rng.integers(4)), bool(rng.integers(2))
            pair = [torch.rot90(p, turn) for p in (small, large)]
            pair = [torch.flip(p, (1,)) if flip else p for p in pair]
            lr.append(pair[0])
            hr.append(pair[1])
        return torch.stack(lr)[:, None], torch.stack(hr)[:, None]


def upscale(net, y):
    x = torch.from_numpy(y)[None, None]
    x = torch.nn.functional.pad(x, [net.halo] * 4, mode="replicate")
    with torch.no_grad():
        return net(x)[0, 0].numpy()


def score(net, pairs):
    """Mean PSNR of studio-swing Y (219 levels), 2 pixels shaved."""
    scores = []
    for lr, hr in pairs:
        error = (upscale(net, lr).clip(0, 1) - hr)[2:-2, 2:-2] * 219
        scores.append(10 * math.log10(255**2 / (error.astype(np.float64)**2).mean()))
    return sum(scores) / len(scores)


def centre(rgb, side):
    y, x = max(0, rgb.shape[0] - side) // 2, max(0, rgb.shape[1] - side) // 2
    return rgb[y:y + side, x:x + side]


def held_out_pairs():
    pairs = []
    for _, _, path in data.pictures(held_out=True):
        rgb = centre(np.asarray(data.clean(path)), 512)
        pairs.append((data.luma(data.halve(rgb)), data.luma(rgb)))
    return pairs


def folder_pairs(folder):
    """Set5 or its like: hr/ and lr/ with the same names; measured only."""
    pairs = []
    for path in sorted(folder.glob("hr/*.png")):
        hr = np.asarray(data.Image.open(path).convert("RGB"))
        lr = np.asarray(data.Image.open(folder / "lr" / path.name).convert("RGB"))
        pairs.append((data.luma(lr), data.luma(hr[:2 * lr.shape[0], :2 * lr.shape[1]])))
    return pairs


def rate(step, steps, peak):
    """200 steps of warming up, then a cosine down to half a per cent."""
    if step < 200:
        return peak * (step + 1) / 200
    return peak * (0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def save(path, **state):
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def train(a):
    torch.manual_seed(a.seed)
    torch.set_num_threads(a.threads)
    shape = dict(channels=a.channels, depth=a.depth, wide=a.wide)
    net, mean = Net(**shape), Net(**shape)
    mean.load_state_dict(net.state_dict())
    adam = torch.optim.Adam(net.parameters(), lr=a.rate, betas=(0.9, 0.99))
    path, step = data.RUN / f"{a.name}.pt", 0
    if path.exists():
        state = torch.load(path)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        adam.load_state_dict(state["adam"])
        step = state["step"]
    patches = Patches(a.patch, net.halo, a.gradient)
    pairs = {"held": held_out_pairs(), "set5": folder_pairs(a.measure)}
    print(f"{len(patches.where)} patches; from step {step}", flush=True)
    saved = begun = time.time()
    while step < a.steps:
        for group in adam.param_groups:
            group["lr"] = rate(step, a.steps, a.rate)
        # the batch depends on seed and step alone, so an interruption changes nothing
        lr, hr = patches.batch(a.batch, np.random.default_rng((a.seed, step)))
        loss = (net(lr) - hr).abs().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        step += 1
        keep = min(0.999, step / (step + 10))
        with torch.no_grad():
            for m, n in zip(mean.parameters(), net.parameters()):
                m.lerp_(n, 1 - keep)
        if step % a.every == 0 or step == a.steps or time.time() - saved > 60:
            saved = time.time()
            save(path, net=net.state_dict(), mean=mean.state_dict(), adam=adam.state_dict(),
                 step=step, shape=shape, options=vars(a))
        if step % a.every == 0 or step == a.steps:
            marks = {name: score(mean, p) for name, p in pairs.items() if p}
            line = [step, f"{time.time() - begun:.0f}"] + [f"{v:.3f}" for v in marks.values()]
            with open(path.with_suffix(".csv"), "a") as curve:
                print(*line, sep=",", file=curve)
            print(*line, *marks, flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--name", default="photo")
    p.add_argument("--steps", type=int, default=30000)
    p.add_argument("--channels", type=int, default=16)
    p.add_argument("--depth", type=int, default=7)
    p.add_argument("--wide", type=int, default=64, help="channels inside a linear block")
    p.add_argument("--patch", type=int, default=40, help="LR pixels of a patch, without context")
    p.add_argument("--batch", type=int, default=12)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--gradient", type=float, default=10, help="least mean gradient of a patch")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--every", type=int, default=500, help="steps between two measurements")
    p.add_argument("--measure", type=pathlib.Path, default=pathlib.Path("../../shared/data/set5"),
                   help="folder with hr/ and lr/ to watch; never trained on")
    train(p.parse_args())


if __name__ == "__main__":
    main()
