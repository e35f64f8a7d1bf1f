#!/usr/bin/python3
"""PSNR and SSIM of what is served: runs `upscaled convert` or asks a daemon, not PyTorch.

    evaluate.py --binary ../build/upscaled --model photo ../../shared/data/set5
    evaluate.py --url http://127.0.0.1:8080 --model photo ../../shared/data/set5

FOLDER holds hr/NAME.png and lr/NAME.png, the latter half the size (the "RGB protocol": MATLAB's
bicubic on 8-bit RGB). Scores are of studio-swing BT.601 Y, computed in float from 8-bit RGB and
never rounded, with 2 pixels shaved; SSIM as Wang et al. 2004 (11x11 Gaussian, sigma 1.5).
"""
import argparse
import math
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import numpy as np
from PIL import Image

from data import luma

SHAVE = 2


def studio(path):
    return 16 + 219 * luma(np.asarray(Image.open(path).convert("RGB"))).astype(np.float64)


def bicubic(path, out):
    """The comparison: Pillow's bicubic is a = -0.5 too."""
    img = Image.open(path).convert("RGB")
    img.resize((2 * img.width, 2 * img.height), Image.Resampling.BICUBIC).save(out)


def ask(url, model, path, out):
    request = urllib.request.Request(f"{url}/v1/upscale?model={model}", path.read_bytes())
    with urllib.request.urlopen(request) as answer:
        out.write_bytes(answer.read())


def blur(a):
    taps = np.exp(-0.5 * (np.arange(-5, 6) / 1.5)**2)
    taps /= taps.sum()
    for axis in (0, 1):
        a = np.apply_along_axis(np.convolve, axis, a, taps, "valid")
    return a


def ssim(a, b):
    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255)**2, (0.03 * 255)**2
    return np.mean((2 * ma * mb + c1) * (2 * cov + c2) /
                   ((ma * ma + mb * mb + c1) * (va + vb + c2)))


def score(out, hr):
    a, b = studio(out), studio(hr)
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    a, b = (p[SHAVE:height - SHAVE, SHAVE:width - SHAVE] for p in (a, b))
    return 10 * math.log10(255**2 / np.mean((a - b)**2)), ssim(a, b)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("../build/upscaled"))
    p.add_argument("--url", help="of a daemon to ask instead")
    p.add_argument("--model", default="photo", help="a model's name, or `bicubic`")
    p.add_argument("--outputs", type=pathlib.Path, help="score these files, as hr/'s, instead")
    p.add_argument("--least", type=float, help="exit with 1 where the mean PSNR is below")
    a = p.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for hr in sorted(a.folder.glob("hr/*.png")):
            lr, out = a.folder / "lr" / hr.name, pathlib.Path(folder) / hr.name
            if a.outputs:
                out = a.outputs / hr.name
            elif a.model == "bicubic":
                bicubic(lr, out)
            elif a.url:
                ask(a.url, a.model, lr, out)
            else:
                subprocess.run([a.binary, "convert", "--model", a.model, lr, out], check=True)
            rows.append(score(out, hr))
            print(f"{hr.stem:12} {rows[-1][0]:6.2f} dB  {rows[-1][1]:.4f}")
    if not rows:
        sys.exit(f"{a.folder}: no hr/*.png")
    mean = np.mean(rows, axis=0)
    print(f"{'mean':12} {mean[0]:6.2f} dB  {mean[1]:.4f}   ({a.model}, Y, x2, {SHAVE} px shaved)")
    sys.exit(1 if a.least and mean[0] < a.least else 0)


if __name__ == "__main__":
    main()
