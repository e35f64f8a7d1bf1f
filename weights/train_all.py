#!/usr/bin/python3
"""Trains the models one after the other, the most important first.

    data.py fetch && train_all.py                   on the CPU
    data.py fetch && train_all.py --device cuda     on a GPU, with larger batches and more steps
    train_all.py --list                             prints the step that each has reached

It may be stopped and started again: finished models are skipped, and unfinished ones continue. Missing packs of
pictures are made first.
A model starts from the checkpoint of another, or from the shipped file if there is no checkpoint.
Options that this script does not know are passed to train.py.
"""
import argparse
import subprocess
import sys

import torch

import data
import fast_amx

# A network of 16 channels learns at 3e-3 from random weights; wide ones at half of that, and
# fine-tuned ones at 2e-3. A model that is in this folder goes on from its own weights.
CLEAN = dict(mix="clean", gradient=12, rows="bicubic")
ROBUST = dict(gradient=18, rate=2e-3)
WIDE = dict(channels=48, depth=8, wide=96, patch=48)
VIVID = dict(mix="vivid", planes=3, skip="linear", gradient=10, rate=1e-3, steps=20000, every=4000)
JPEG = dict(depth=13, planes=3, gradient=10, steps=20000)
DRAWN = dict(mix="art", depth=14, planes=3, gradient=5, rate=2e-3)
TRAININGS = {
    "psnr-max": dict(CLEAN, **WIDE, rate=1.2e-3, steps=60000, every=4000, batch=16, even=1, start="psnr-max"),
    "photo-max": dict(ROBUST, **WIDE, mix="photo", steps=40000, every=4000, start="photo-max"),
    "vivid": dict(WIDE, **VIVID, start="vivid"),
    "vivid-x4": dict(WIDE, **VIVID, scale=4, start="vivid-x4"),
    # with fewer multiply-adds than `photo` or `art`, these files would also run for the factors below 2
    "photo-x4": dict(ROBUST, mix="photo", depth=8, skip="linear", scale=4, steps=30000, start="photo-x4"),
    "photo-x3": dict(ROBUST, mix="photo", depth=8, skip="linear", scale=3, steps=30000, start="photo-x3"),
    "photo-jpeg": dict(ROBUST, **JPEG, mix="jpeg", start="photo-jpeg"),
    "photo-jpeg-strong": dict(ROBUST, **JPEG, mix="jpeg-strong", start="photo-jpeg-strong"),
    "art": dict(DRAWN, steps=24000, start="art"),
    "art-x4": dict(DRAWN, skip="linear", scale=4, steps=24000, start="art"),
    "art-x3": dict(DRAWN, skip="linear", scale=3, steps=24000, start="art-x3"),
    "photo-hq": dict(ROBUST, mix="photo", depth=12, steps=30000, batch=16, start="photo-hq"),
    "psnr-m11": dict(CLEAN, depth=11, rate=2e-3, steps=30000, batch=16, even=0.5, start="psnr-m11"),
    "psnr-m5": dict(CLEAN, depth=5, rate=2e-3, steps=40000, batch=16, even=0.5, start="psnr-m5"),
    "photo": dict(ROBUST, mix="photo", depth=6, steps=30000, batch=16, start="photo"),
    "art-max": dict(WIDE, mix="art-max", planes=3, rate=1.2e-3, steps=40000, every=4000, start="art-max"),
}
BATCH, GPU_BATCH, GPU_STEPS = 8, 32, 5  # patches per step; on a GPU, the factor for the steps
BF16 = 0.95  # the share of the steps that AMX computes, on a CPU that has it


def far(name):
    path = data.RUN / f"{name}.pt"
    return torch.load(path, map_location="cpu")["step"] if path.exists() else 0


def options(name, device):
    """Returns the arguments of train.py."""
    plan = {"batch": BATCH, **TRAININGS[name], "name": name, "device": device}
    if fast_amx.available():
        plan["bf16"] = BF16
    if device == "cuda":
        plan.update(batch=GPU_BATCH, steps=GPU_STEPS * plan["steps"])
    if "start" in plan:
        trained, shipped = data.RUN / f"{plan['start']}.pt", data.HERE / f"{plan['start']}.json"
        plan["start"] = trained if trained.exists() else shipped
    return plan


def pack(plan):
    mix, scale = plan["mix"], plan.get("scale", 2)
    if not data.packed(mix, scale).exists():
        subprocess.run([sys.executable, data.HERE / "data.py", "make", mix, "--scale", str(scale)], check=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--only", nargs="*", default=list(TRAININGS), choices=TRAININGS, metavar="MODEL")
    p.add_argument("--list", action="store_true")
    a, more = p.parse_known_args()
    for name in [name for name in TRAININGS if name in a.only]:
        plan = options(name, a.device)
        step = far(name)
        print(f"{name}: step {step} of {plan['steps']}", flush=True)
        if a.list or step >= plan["steps"]:
            continue
        pack(plan)
        flags = [f"--{key}={value}" for key, value in plan.items()]
        subprocess.run([sys.executable, data.HERE / "train.py", *flags, *more], check=True)
        if far(name) < plan["steps"]:
            sys.exit(f"{name} was stopped at step {far(name)}")


if __name__ == "__main__":
    main()
