#!/usr/bin/python3
"""Photographs to train on, from Debian packages that anybody can install.

    data.py fetch    downloads and unpacks the packages (apt), below run/
    data.py make     makes run/photos.npz: clean luma at full and half size
    data.py list     the pictures, with package and licence

The packages' versions are printed by `fetch`; DATA.md keeps the list used for
the shipped weights.
"""
import argparse
import pathlib
import subprocess

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
RUN = pathlib.Path(__file__).parent / "run"

# package: (licence, folder, patterns that are photographs, patterns held out for tests)
PACKAGES = {
    "lomiri-wallpapers-16.04": ("CC-BY-4.0, some -SA, one CC0", "usr/share/backgrounds", ["*.jpg"],
                                ["Dragonfly*", "Bridge*", "analogpattern*"]),
    "lomiri-wallpapers-20.04": ("CC-BY-SA-3.0", "usr/share/backgrounds", ["Kleiber*"], []),
    "mate-backgrounds": ("GPL-2+", "usr/share/backgrounds/mate/nature", ["*.jpg"],
                         ["Garden*"]),
    "plasma-workspace-wallpapers": ("LGPL-3, some CC-BY-SA-4.0", "usr/share/wallpapers",
                                    ["*/contents/images/*.jpg"], []),
    "lxqt-themes": ("LGPL-2.1+", "usr/share/lxqt/wallpapers",
                    ["after-the-rain*", "fog*", "Butterfly*", "appleflower*", "flowers*"], []),
    "palapeli-data": ("public domain, some GFDL", "usr/share/palapeli/collection", ["*.jpg"], []),
    "python3-skimage": ("CC0, public domain, BSD-3-Clause", "usr/lib/python3/dist-packages/skimage/data",
        ["astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png",
                         "coins.png", "grass.png", "gravel.png", "ihc.png", "moon.png",
                         "motorcycle_left.png", "rocket.jpg"], []),
}
LONGEST = 1800  # of a clean picture: shrinking hides the camera's noise and the JPEG's blocks


def fetch():
    debs, root = RUN / "deb", RUN / "root"
    debs.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", package], cwd=debs, check=True)
        deb = next(debs.glob(f"{package}_*.deb"))
        if not (root / package).exists():
            subprocess.run(["dpkg-deb", "-x", deb, root / package], check=True)
        print(deb.name)


def pictures(held_out=False):
    """Yields (package, licence, path); one file of those that are sizes of one picture."""
    for package, (licence, folder, patterns, held) in PACKAGES.items():
        base = RUN / "root" / package / folder
        seen = set()
        for pattern in patterns:
            for path in sorted(base.glob(pattern), key=lambda p: (p.parent, -p.stat().st_size)):
                out = any(path.match(h) for h in held)
                key = path.parent if "contents" in path.parts else path
                if path.is_symlink() or key in seen or out != held_out:
                    continue
                seen.add(key)
                yield package, licence, path


def clean(path):
    """A picture shrunk at least by 2, even sides, RGB; or None where too small is left."""
    img = Image.open(path).convert("RGB")
    factor = max(2.0, max(img.size) / LONGEST)
    if min(img.size) / factor < 200:
        factor = 1.0 if img.format == "PNG" or min(img.size) < 500 else 1.5
    size = [int(side / factor) // 2 * 2 for side in img.size]
    return img.resize(size, Image.Resampling.BICUBIC)


def luma(rgb):
    """Full-range BT.601 luma of 8-bit RGB as float32 in 0..1, never rounded."""
    return (rgb.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])) / np.float32(255)


def halve(rgb):
    """MATLAB's imresize(rgb, 0.5): bicubic a = -0.5, widened by 2, edges mirrored, 8 bits."""
    taps = np.array([-0.01171875, -0.03515625, 0.11328125, 0.43359375])
    taps = np.concatenate([taps, taps[::-1]])  # at -3.5 .. 3.5, halved in width and height
    out = rgb.astype(np.float64)
    for axis in (0, 1):
        pad = [(3, 3) if a == axis else (0, 0) for a in range(3)]
        wide = np.moveaxis(np.pad(out, pad, mode="symmetric"), axis, 0)
        count = (wide.shape[0] - 6) // 2
        out = sum(t * wide[k:k + 2 * count:2] for k, t in enumerate(taps))
        out = np.moveaxis(out, 0, axis)
    return np.clip(np.floor(out + 0.5), 0, 255).astype(np.uint8)


def gradient(y):
    """Mean absolute difference to the neighbours, in levels."""
    g = np.zeros_like(y)
    g[:-1] += np.abs(np.diff(y, axis=0))
    g[:, :-1] += np.abs(np.diff(y, axis=1))
    return g * 255


def make():
    arrays = {}
    for _, _, path in pictures():
        rgb = np.asarray(clean(path))
        arrays[f"hr{len(arrays) // 2}"] = luma(rgb)
        arrays[f"lr{len(arrays) // 2}"] = luma(halve(rgb))
    np.savez(RUN / "photos.npz", **arrays)
    print(f"{len(arrays) // 2} pictures, {sum(a.size for a in arrays.values()) / 1.25e6:.1f} Mpixel")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["fetch", "make", "list"])
    action = parser.parse_args().action
    if action == "list":
        for package, licence, path in pictures():
            print(f"{package}\t{licence}\t{path.name}")
    else:
        {"fetch": fetch, "make": make}[action]()


if __name__ == "__main__":
    main()
