#!/usr/bin/python3
"""Measures PSNR and SSIM of the pictures that `upscaled convert` or a daemon makes.

    evaluate.py --binary ../build/upscaled --model photo ../../shared/data/set5
    evaluate.py --binary ../build/upscaled --model photo --rows all ../../shared/data/set5
    evaluate.py --url http://127.0.0.1:8080 --model photo ../../shared/data/set5
    evaluate.py --compare --rulers ../../shared/data/rulers ../../shared/data/set5 ../../shared/data/kodak

A folder has hr/NAME.png and lr/NAME.png, which is half the size (the "RGB protocol": MATLAB's
bicubic on 8-bit RGB). With --rows, the script makes the small pictures as degrade.ROWS says, and
the folder may be any folder of PNGs; each row is compared with bicubic enlargement. --compare
prints one table of all models, and of a folder of others' networks, on all folders given.

Scores are of studio-swing BT.601 Y, computed in float from 8-bit RGB and never rounded, or with
--rgb of the three channels together. 2 pixels at each edge do not count. SSIM (of Y) is that of
Wang et al. 2004 (11x11 Gaussian, sigma 1.5).
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

from data import gradient, luma
from degrade import ROWS

SHAVE = 2


def studio(path):
    return 16 + 219 * luma(np.asarray(Image.open(path).convert("RGB"))).astype(np.float64)


def bicubic(path, out, scale):
    """Enlarges by Pillow's bicubic, for comparison; it has a = -0.5 too."""
    img = Image.open(path).convert("RGB")
    img.resize((scale * img.width, scale * img.height), Image.BICUBIC).save(out)


def ask(a, model, path, out):
    where = f"{a.url}/v1/upscale?model={model}&scale={a.scale}"
    request = urllib.request.Request(where, path.read_bytes())
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


def shaved(a, like):
    height, width = (min(n, m) for n, m in zip(a.shape[:2], like.shape))
    return a[SHAVE:height - SHAVE, SHAVE:width - SHAVE]


def psnr(out, hr, rgb=False):
    def values(path):
        return np.asarray(Image.open(path).convert("RGB")).astype(np.float64) if rgb else studio(path)
    a, b = values(out), values(hr)
    a, b = shaved(a, b), shaved(b, a)
    return 10 * math.log10(255**2 / max(np.mean((a - b)**2), 1e-9))


def chroma(out, hr, rgb=False):
    """Returns the RMS error of Cb and Cr (BT.601, full range), in levels."""
    def values(path):
        pixels = np.asarray(Image.open(path).convert("RGB")).astype(np.float64)
        y = pixels @ [0.299, 0.587, 0.114]
        return np.stack([(pixels[..., 2] - y) / 1.772, (pixels[..., 0] - y) / 1.402], -1)
    a, b = values(out), values(hr)
    return math.sqrt(np.mean((shaved(a, b) - shaved(b, a))**2))


def sharpness(out, hr, rgb=False):
    """Returns the mean gradient of luma, as a share of that of the original."""
    a, b = (gradient(np.asarray(Image.open(p).convert("RGB"))) for p in (out, hr))
    return shaved(a, b).mean() / shaved(b, a).mean()


BY = {"psnr": psnr, "chroma": chroma, "sharpness": sharpness}


def score(out, hr, rgb=False):
    """Returns PSNR and SSIM of one file against another."""
    y, z = studio(out), studio(hr)
    return psnr(out, hr, rgb), ssim(shaved(y, z), shaved(z, y))


def enlarge(a, model, lr, out):
    if model == "bicubic":
        bicubic(lr, out, a.scale)
    elif a.url:
        ask(a, model, lr, out)
    else:
        more = ["--models", a.rulers] if a.rulers else []
        subprocess.run([a.binary, "convert", "--quiet", f"--scale={a.scale}", "--model", model, *more, lr, out], check=True)


def pictures(folder):
    found = sorted(folder.glob("hr/*.png")) or sorted(folder.glob("*.png"))
    return found or sys.exit(f"{folder}: no PNGs, nor hr/*.png")


def whole(path, scale):
    """Reads a picture without the rows and columns that are too many for the scale."""
    rgb = np.asarray(Image.open(path).convert("RGB"))
    return rgb[:rgb.shape[0] // scale * scale, :rgb.shape[1] // scale * scale]


def table(a, folder):
    """Prints one line per row: bicubic, the model, the difference."""
    rows = list(ROWS) if a.rows == "all" else a.rows.split(",")
    print(f"{'row':12} {'bicubic':>8} {a.model:>10} {'gain':>7}   "
          f"({'RGB' if a.rgb else 'Y'}, x{a.scale}, {SHAVE} px shaved)")
    for row in rows:
        scores = []
        for path in pictures(a.folder[0]):
            rgb = whole(path, a.scale)
            lr, hr, out = (folder / f"{name}.png" for name in ("lr", "hr", "out"))
            Image.fromarray(ROWS[row](rgb, a.scale)).save(lr)
            Image.fromarray(rgb).save(hr)
            pair = []
            for model in ("bicubic", a.model):
                enlarge(a, model, lr, out)
                pair.append(psnr(out, hr, a.rgb))
            scores.append(pair)
        low, high = np.mean(scores, axis=0)
        print(f"{row:12} {low:8.2f} {high:10.2f} {high - low:+7.2f}", flush=True)


def smaller(source, folder, row, scale):
    """Returns [(small, large)], the paths of the pictures of a folder. Makes the small ones of a
    row that the folder lacks."""
    pairs = []
    for path in pictures(source):
        lr, hr = source / "lr" / path.name, path
        if row != "bicubic" or scale != 2 or not lr.exists():
            lr, hr = (folder / source.name / kind / path.name for kind in ("lr", "hr"))
            lr.parent.mkdir(exist_ok=True, parents=True)
            hr.parent.mkdir(exist_ok=True)
            rgb = whole(path, scale)
            Image.fromarray(rgb).save(hr)
            Image.fromarray(ROWS[row](rgb, scale)).save(lr)
        pairs.append((lr, hr))
    return pairs


def listed(a):
    """Lists every model of the binary, and the files of --rulers."""
    shown = subprocess.run([a.binary, "models"], stdout=subprocess.PIPE, check=True).stdout.decode()
    rulers = sorted(p.stem for p in a.rulers.glob("*.json")) if a.rulers else []
    return [line.split()[0] for line in shown.splitlines()] + rulers


def compared(a, folder):
    """Prints one line per network: the mean PSNR on each folder."""
    sets = {source.name: smaller(source, folder, a.row, a.scale) for source in a.folder}
    what = f"{'RGB' if a.rgb else 'Y'}, dB" if a.by == "psnr" else a.by
    print(f"| {what} | " + " | ".join(sets) + " |\n|---" + "|---" * len(sets) + "|")
    for name in ["bicubic", *(a.model.split(",") if a.model != "all" else listed(a))]:
        line = []
        for pairs in sets.values():
            outputs = [folder / f"{k}.png" for k in range(len(pairs))]
            for (lr, _), out in zip(pairs, outputs):
                enlarge(a, name, lr, out)
            line.append(np.mean([BY[a.by](out, hr, a.rgb) for out, (_, hr) in zip(outputs, pairs)]))
        print(f"| `{name}` | " + " | ".join(f"{value:.2f}" for value in line) + " |", flush=True)


def means(a, folder):
    rows = []
    for hr in pictures(a.folder[0]):
        lr, out = a.folder[0] / "lr" / hr.name, folder / hr.name
        if a.outputs:
            out = a.outputs / hr.name
        else:
            enlarge(a, a.model, lr, out)
        rows.append(score(out, hr, a.rgb))
        print(f"{hr.stem:12} {rows[-1][0]:6.2f} dB  {rows[-1][1]:.4f}")
    mean = np.mean(rows, axis=0)
    print(f"{'mean':12} {mean[0]:6.2f} dB  {mean[1]:.4f}   "
          f"({a.model}, {'RGB' if a.rgb else 'Y'}, x2, {SHAVE} px shaved)")
    return mean[0]


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("folder", type=pathlib.Path, nargs="+")
    p.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("../build/upscaled"))
    p.add_argument("--url", help="of a daemon to ask instead")
    p.add_argument("--model", default="photo", help="a model's name, or `bicubic`")
    p.add_argument("--scale", type=int, default=2, help="factor; others than 2 with --rows or --compare")
    p.add_argument("--compare", action="store_true", help="one table; --model takes several by comma, or `all`")
    p.add_argument("--by", default="psnr", choices=BY, help="what --compare measures")
    p.add_argument("--row", default="bicubic", choices=ROWS, help="how --compare makes small pictures")
    p.add_argument("--rulers", type=pathlib.Path, help="folder of other networks' JSON")
    p.add_argument("--rgb", action="store_true", help="PSNR of RGB instead of Y")
    p.add_argument("--rows", help="small pictures made here: `all`, or some of degrade.ROWS by comma")
    p.add_argument("--outputs", type=pathlib.Path, help="score these files, as hr/'s, instead")
    p.add_argument("--least", type=float, help="exit with 1 where the mean PSNR is below")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if a.compare:
            return compared(a, pathlib.Path(folder))
        if a.rows:
            return table(a, pathlib.Path(folder))
        mean = means(a, pathlib.Path(folder))
    return sys.exit(1 if a.least and mean < a.least else 0)


if __name__ == "__main__":
    main()
