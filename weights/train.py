#!/usr/bin/python3
"""Trains a network of net.py. It may be stopped at any time and started again.

    data.py fetch && data.py make photo && train.py --name photo --mix photo --steps 30000

The state is in run/NAME.pt, which is written every five minutes, at each measurement and on
SIGTERM. The curve is in run/NAME.csv. A second start continues from there. The same seed and steps
give the same pictures in the same order, whether or not the training was interrupted.
On the CPU, fast.c computes the gradients if it can run the network, otherwise PyTorch. With --bf16,
fast_amx.c computes them for the first steps. With --device cuda, the training runs on a GPU.
"""
import argparse
import concurrent.futures
import math
import os
import pathlib
import signal
import time

import numpy as np
import torch

import collection
import data
import fast
import fast_amx
from degrade import ROWS
from net import Net, loss, read

STRIDE = 16  # of the grid from which patches are taken
LUMA = (0.299, 0.587, 0.114)
KEEP = 300  # the most seconds between two checkpoints


class Pack:
    """Pictures one after another in one array of pixels, on the device that trains."""

    def __init__(self, arrays, device):
        shapes = [a.shape[:2] for a in arrays]
        ends = np.cumsum([height * width for height, width in shapes])
        self.first = torch.tensor([0, *ends[:-1]], device=device)
        self.width = torch.tensor([width for _, width in shapes], device=device)
        pixels = np.empty((int(ends[-1]), 3), np.uint8)
        for a, end in zip(arrays, ends):
            pixels[end - a.shape[0] * a.shape[1]:end] = a.reshape(-1, 3)
        self.pixels = torch.from_numpy(pixels).to(device)

    def windows(self, k, y, x, side, symmetry):
        """Returns [n][side][side][3] of picture k from (y, x) on, each in one of eight
        symmetries."""
        if self.pixels.device.type == "cpu":
            draws = torch.stack([self.first[k] + y * self.width[k] + x, self.width[k], *symmetry], 1)
            return torch.from_numpy(np.stack([self.window(side, *draw) for draw in draws.tolist()]))
        turn, upset, mirror = [s[:, None, None] for s in symmetry]
        line = torch.arange(side, device=k.device)
        dy, dx = line[None, :, None], line[None, None, :]
        dy, dx = torch.where(turn, dx, dy), torch.where(turn, dy, dx)
        dy, dx = torch.where(upset, side - 1 - dy, dy), torch.where(mirror, side - 1 - dx, dx)
        at = self.first[k] + y * self.width[k]
        return self.pixels[at[:, None, None] + dy * self.width[k][:, None, None] + x[:, None, None] + dx]


    def window(self, side, at, width, turn, upset, mirror):
        """Does the same for one window, which is several times as fast on a CPU."""
        rows = self.pixels.numpy()[at:at + (side - 1) * width + side]
        got = np.lib.stride_tricks.as_strided(rows, (side, side, 3), (3 * width, 3, 1))
        got = got[::-1] if upset else got
        got = got[:, ::-1] if mirror else got
        return got.transpose(1, 0, 2) if turn else got


class Patches:
    """Windows with context that have some detail, flipped and turned at random."""

    def __init__(self, a, halo):
        self.inside, self.halo, self.planes, self.scale = a.patch, halo, a.planes, a.scale
        self.device, hr, lr, where, missed = a.device, [], [], [], []
        with np.load(data.packed(a.mix, a.scale)) as store:
            names = set(store.files)
            self.variants = sum(name.startswith("lr0.") for name in names)
            for k in range(sum(name.startswith("hr") for name in names)):
                hr.append(store[f"hr{k}"])
                lr += [store[f"lr{k}.{v}"] for v in range(self.variants)]
                found = places(hr[-1][::a.scale, ::a.scale], k, a.patch, halo, a.gradient)
                missed.append(misses(hr[-1], lr[-self.variants], found, a.scale, a.patch, halo))
                where += found
        self.count, self.where = len(where), torch.tensor(where, device=a.device)
        share = (np.concatenate(missed) + 0.5)**-a.even
        self.upto = torch.from_numpy(np.cumsum(share / share.sum())).to(a.device)
        self.hr, self.lr = Pack(hr, a.device), Pack(lr, a.device)

    def batch(self, count, rng):
        """Returns [count][planes][side][side], and the same `scale` times as large without
        context."""
        draw = torch.from_numpy(rng.integers(1 << 31, size=(5, count))).to(self.device)
        place = torch.searchsorted(self.upto, draw[0] / 2**31, right=True).clamp(max=self.count - 1)
        k, y, x = self.where[place].T
        symmetry = [d % 2 == 1 for d in draw[1:4]]
        small = self.lr.windows(k * self.variants + draw[4] % self.variants, y, x,
                                self.inside + 2 * self.halo, symmetry)
        s, h = self.scale, self.halo
        large = self.hr.windows(k, s * (y + h), s * (x + h), s * self.inside, symmetry)
        return as_planes(small, self.planes), as_planes(large, self.planes)


def places(small, k, inside, halo, least):
    """Returns (k, y, x) of the windows on a grid whose mean gradient is above `least` levels."""
    sums = np.pad(data.gradient(small).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    side, found = inside + 2 * halo, []
    for y in range(0, small.shape[0] - side + 1, STRIDE):
        for x in range(0, small.shape[1] - side + 1, STRIDE):
            top, left, end, right = y + halo, x + halo, y + halo + inside, x + halo + inside
            mean = (sums[end, right] - sums[top, right] - sums[end, left] + sums[top, left])
            if mean > least * inside**2:
                found.append((k, y, x))
    return found


def misses(large, small, found, scale, inside, halo):
    """Returns what a bicubic enlargement of `small` misses in each window: the mean absolute error of luma, in
    levels."""
    plain = np.asarray(data.Image.fromarray(small).resize(large.shape[1::-1], data.Image.BICUBIC))
    error = 255 * np.abs(data.luma(large) - data.luma(plain)).astype(np.float64)
    sums = np.pad(error.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    _, y, x = np.array(found, int).reshape(-1, 3).T
    side, top, left = scale * inside, scale * (y + halo), scale * (x + halo)
    return (sums[top + side, left + side] - sums[top, left + side] - sums[top + side, left] + sums[top, left]) / side**2


def as_planes(rgb, count):
    """Returns [n][count][y][x] float32 in 0..1 of 8-bit RGB."""
    if count == 1:
        return (rgb.float() @ (torch.tensor(LUMA, device=rgb.device) / 255))[:, None]
    return (rgb.float() / 255).permute(0, 3, 1, 2).contiguous()


def planes(rgb, count):
    """Returns [count][y][x] float32 in 0..1 of 8-bit RGB: luma, or the three colours."""
    if count == 1:
        return data.luma(rgb)[None]
    return np.moveaxis(rgb, 2, 0).astype(np.float32) / np.float32(255)


def upscale(net, x):
    x = torch.from_numpy(np.ascontiguousarray(x))[None].to(next(net.parameters()).device)
    x = torch.nn.functional.pad(x, [net.halo] * 4, mode="replicate")
    with torch.no_grad():
        return net(x)[0].cpu().numpy()


def score(net, pairs):
    """Returns the mean PSNR of studio-swing Y (219 levels) or of RGB, without 2 pixels at each
    edge."""
    scores = []
    for lr, hr in pairs:
        error = (upscale(net, lr).clip(0, 1) - hr)[:, 2:-2, 2:-2] * (219 if len(hr) == 1 else 255)
        scores.append(10 * math.log10(255**2 / (error.astype(np.float64)**2).mean()))
    return sum(scores) / len(scores)


def centre(rgb, side):
    y, x = max(0, rgb.shape[0] - side) // 2, max(0, rgb.shape[1] - side) // 2
    return rgb[y:y + side, x:x + side]


def pairs_of(pictures, rows, a):
    """Returns {row: [(small, large)]}. The table degrade.ROWS makes the small pictures from the
    large ones."""
    s = a.scale
    whole = [rgb[:rgb.shape[0] // s * s, :rgb.shape[1] // s * s] for rgb in pictures]
    return {row: [(planes(ROWS[row](rgb, s), a.planes), planes(rgb, a.planes)) for rgb in whole]
            for row in rows}


def opened(paths):
    return [np.asarray(data.Image.open(p).convert("RGB")) for p in paths]


def measured(a):
    """Returns the pictures for the curve: held-out ones, and hr/ of folders that are only
    reported."""
    if a.held:
        paths = sorted(a.held.glob("*.png"))
        held = opened(paths[::max(1, len(paths) // a.most)])
    else:
        held = [centre(np.asarray(data.clean(path)), 448)
                for _, _, path in data.pictures(held_out=True)]
    sets = {"held": held}
    if a.planes == 1:
        sets.update((folder.name, opened(sorted(folder.glob("hr/*.png")))) for folder in a.measure)
    return {f"{name} {row}": pairs for name, pictures in sets.items() if pictures
            for row, pairs in pairs_of(pictures, a.rows.split(","), a).items()}


def flats(count):
    """Returns pictures of one colour, which must stay unchanged: all grays, and colours for RGB."""
    grays = (torch.arange(256) / 255)[:, None].repeat(1, count)
    cube = torch.cartesian_prod(*[torch.linspace(0, 1, 6)] * count) if count > 1 else grays[:0]
    return torch.cat([grays, cube.view(-1, count)])


def rate(step, steps, peak):
    """Returns the learning rate: 200 steps of warm-up, then a cosine down to half a per cent."""
    if step < 200:
        return peak * (step + 1) / 200
    return peak * (0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def save(path, **state):
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load_net(path):
    if path.suffix == ".json":
        return read(path)
    state = torch.load(path, map_location="cpu")
    net = Net(**state["shape"])
    net.load_state_dict(state["mean"])
    return net


class Run:
    """The network, its running mean and the optimiser, which are kept in a file."""

    def __init__(self, a, path):
        self.shape = dict(channels=a.channels, depth=a.depth, wide=a.wide, planes=a.planes,
                          head=a.head, tail=a.tail, skip=a.skip, scale=a.scale)
        self.net, self.mean = Net(**self.shape), Net(**self.shape)
        if a.start and not path.exists():
            self.net.adopt(load_net(a.start))
        self.net.to(a.device), self.mean.to(a.device)
        self.mean.load_state_dict(self.net.state_dict())
        self.flats = flats(a.planes).to(a.device)
        exact = a.device == "cpu" and fast.takes(self.shape)
        self.exact = fast.Fast(a.threads) if exact else None
        quick = a.bf16 > 0 and exact and fast_amx.takes(self.shape)
        self.quick, self.quickly = (fast_amx.FastAmx(a.threads), a.bf16 * a.steps) if quick else (None, 0)
        self.adam = torch.optim.Adam(self.net.parameters(), lr=a.rate, betas=(0.9, 0.99))
        self.path, self.step = path, 0
        if path.exists():
            state = torch.load(path, map_location=a.device)
            self.net.load_state_dict(state["net"])
            self.mean.load_state_dict(state["mean"])
            self.adam.load_state_dict(state["adam"])
            self.step = state["step"]

    def keep(self, a):
        save(self.path, net=self.net.state_dict(), mean=self.mean.state_dict(),
             adam=self.adam.state_dict(), step=self.step, shape=self.shape, options=vars(a))

    def learn(self, lr, hr, pace, kind):
        """`kind` has the arguments of net.loss."""
        for group in self.adam.param_groups:
            group["lr"] = pace
        self.adam.zero_grad()
        engine = self.quick if self.step < self.quickly else self.exact
        if engine:
            engine.backward(self.net, lr, hr, kind)
        else:
            loss(self.net(lr) - hr, *kind).backward()
        pull = 0.025 if kind[0] else 0.2  # about the same share of either loss
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
    patches = Patches(a, run.net.halo)
    pairs, curve = measured(a), run.path.with_suffix(".csv")
    if not curve.exists():
        curve.write_text(",".join(["step", "seconds", *pairs]) + "\n")
    print(f"{patches.count} patches; from step {run.step}", flush=True)
    saved = begun = time.time()
    ahead = concurrent.futures.ThreadPoolExecutor(1)

    def draw(step):
        # the batch depends only on seed and step, so an interruption changes nothing
        return ahead.submit(patches.batch, a.batch, np.random.default_rng((a.seed, step)))
    coming, stop = draw(run.step), []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    while run.step < a.steps and not stop:
        (lr, hr), coming = coming.result(), draw(run.step + 1)
        run.learn(lr, hr, rate(run.step, a.steps, a.rate), (a.squared, a.chroma))
        show = run.step % a.every == 0 or run.step == a.steps
        if show or stop or time.time() - saved > KEEP:
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
    p.add_argument("--start", type=pathlib.Path, help="a checkpoint or model file whose weights to begin with")
    p.add_argument("--steps", type=int, default=30000)
    p.add_argument("--channels", type=int, default=16)
    p.add_argument("--depth", type=int, default=7)
    p.add_argument("--head", type=int, default=3, help="side of the first layer's kernel")
    p.add_argument("--tail", type=int, default=3, help="of the last's, before the pixel shuffle")
    p.add_argument("--skip", default="nearest", choices=["nearest", "linear", "bicubic"],
                   help="what the network adds to; linear is trained too; bicubic takes --tail 5")
    p.add_argument("--planes", type=int, default=1, choices=[1, 3], help="luma, or RGB")
    p.add_argument("--scale", type=int, default=2, choices=[1, 2, 3, 4])
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--bf16", type=float, default=0, metavar="SHARE",
                   help="of the steps, the first, that compute in bfloat16 on a CPU with AMX")
    p.add_argument("--wide", type=int, default=64, help="channels inside a linear block")
    p.add_argument("--patch", type=int, default=64, help="LR pixels of a patch, without context")
    p.add_argument("--batch", type=int, default=6)
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--squared", action="store_true", help="mean squared error instead of absolute")
    p.add_argument("--chroma", type=float, default=0, metavar="WEIGHT",
                   help="of the differences between the errors of red, green and blue")
    p.add_argument("--gradient", type=float, default=10, help="least mean gradient of a patch")
    p.add_argument("--even", type=float, default=0, metavar="POWER",
                   help="draw a patch by the inverse of this power of what a bicubic enlargement of it misses")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--every", type=int, default=1000, help="steps between two measurements")
    p.add_argument("--rows", default=",".join(ROWS), help="of degrade.ROWS, for the curve")
    p.add_argument("--held", type=pathlib.Path, help="folder of held-out pictures (*.png)")
    p.add_argument("--most", type=int, default=24, help="of these to measure, about")
    p.add_argument("--measure", type=pathlib.Path, nargs="*",
                   default=[collection.folder() / "set5", collection.folder() / "kodak"],
                   help="folders with hr/ to watch; never trained on")
    a = p.parse_args()
    if a.chroma and a.planes != 3:
        p.error("--chroma needs --planes 3")
    train(a)


if __name__ == "__main__":
    main()
