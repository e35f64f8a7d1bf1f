#!/usr/bin/python3
"""Makes the pictures to train on.

They come from Debian packages, and from a collection that lies beside the project (collection.py).

    data.py fetch           downloads and unpacks the packages (apt), below run/
    data.py make MIX...     makes run/MIX.npz: clean pieces, and small ones as the mix makes them;
                            --scale 3 makes run/MIX-x3.npz, of a third of the size
    data.py list            lists the pictures, with package and licence

`fetch` prints the versions of the packages. DATA.md has the list for the weights in this folder.
WEIGHTS_RUN names another folder than run/. TEST_DATA or --shared names the folder of the
collection; `--shared none` does without it.
"""
import argparse
import itertools
import os
import pathlib
import subprocess

import numpy as np
from PIL import Image

import collection
import render
from degrade import MIXES, degrade, target

Image.MAX_IMAGE_PIXELS = None
HERE = pathlib.Path(__file__).resolve().parent
RUN = pathlib.Path(os.environ.get("WEIGHTS_RUN", HERE / "run"))

# package: (licence, folder, patterns of photographs, patterns that are held out for tests)
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
# The packages that render.py draws from: licence, folder, pattern.
DRAWN = {
    "openclipart-svg": ("public domain", "usr/share/openclipart/svg", "*.svg"),
    "tango-icon-theme": ("public domain", "usr/share/icons/Tango/scalable", "*.svg"),
    "fonts-dejavu-core": ("Bitstream Vera", "usr/share/fonts", "*.ttf"),
    "fonts-liberation2": ("OFL-1.1", "usr/share/fonts", "*.ttf"),
}
# Screenshots in manuals, for `art`: (licence, folder, the most that are taken, those held out).
SCREENS = {
    "gimp-help-en": ("GFDL-1.2+", "usr/share/gimp/2.0/help/en/images", 240, False),
    "kdevelop-data": ("GFDL-1.2+", "usr/share/doc/HTML/en", 40, False),
    "dolphin": ("GFDL-1.2+", "usr/share/doc/HTML/en", 40, True),
    "okular": ("GFDL-1.2+", "usr/share/doc/HTML/en", 40, True),
    "kde-spectacle": ("GFDL-1.2+", "usr/share/doc/HTML/en", 40, True),
    "gnome-user-docs": ("CC-BY-SA-3.0", "usr/share/help/C", 40, True),
}
SHEETS = 320  # drawn sheets to train on
RAMPS = 40  # and sheets of ramps, so that networks keep them monotonic
LONGEST = 1800  # of a clean picture: shrinking removes the noise of a camera and the blocks of JPEG
SIZES = (LONGEST, 1200, 800, 540)  # the sizes of each picture: the smaller, the denser its detail
PIECE = 768  # side of a clean piece in pixels, even
VARIANTS = 6  # the small pictures that are made of each piece


def fetch():
    debs, root = RUN / "deb", RUN / "root"
    for folder in (debs, root):
        folder.mkdir(parents=True, exist_ok=True)
    for package in [*PACKAGES, *DRAWN, *SCREENS]:
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-q", package], cwd=debs, check=True)
        deb = next(debs.glob(f"{package}_*.deb"))
        if not (root / package).exists():
            subprocess.run(["dpkg-deb", "-x", deb, root / package], check=True)
        print(deb.name)


def pictures(held_out=False):
    """Yields (package, licence, path). Of several sizes of one picture it yields one file."""
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
    """Returns a picture shrunk by 2 or more, with even sides, as RGB; None if it is too small."""
    img = Image.open(path).convert("RGB")
    factor = max(2.0, max(img.size) / LONGEST)
    if min(img.size) / factor < 200:
        factor = 1.0 if img.format == "PNG" or min(img.size) < 500 else 1.5
    size = [int(side / factor) // 2 * 2 for side in img.size]
    return img.resize(size, Image.BICUBIC)


def luma(rgb):
    """Returns the full-range BT.601 luma of 8-bit RGB as float32 in 0..1, never rounded."""
    return (rgb.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])) / np.float32(255)


def gradient(rgb):
    """Returns the mean absolute difference of luma to the neighbours, in levels."""
    y = luma(rgb)
    g = np.zeros_like(y)
    g[:-1] += np.abs(np.diff(y, axis=0))
    g[:, :-1] += np.abs(np.diff(y, axis=1))
    return g * 255


def pieces(rgb):
    """Yields the tiles of a picture that have enough detail to learn from, at all SIZES below its
    own."""
    longest = max(rgb.shape[:2])
    for size in SIZES[1:]:
        if size < longest:
            sides = [int(side * size / longest) // 2 * 2 for side in rgb.shape[1::-1]]
            small = Image.fromarray(rgb).resize(sides, Image.BICUBIC)
            yield from tiles(np.asarray(small))
    yield from tiles(rgb)


def tiles(rgb):
    for y in range(0, rgb.shape[0] - 127, PIECE):
        for x in range(0, rgb.shape[1] - 127, PIECE):
            piece = rgb[y:y + PIECE, x:x + PIECE]
            if min(piece.shape[:2]) >= 128 and np.quantile(gradient(piece), 0.9) > 10:
                yield np.ascontiguousarray(piece)


def packed(mix, scale):
    return RUN / (f"{mix}.npz" if scale == 2 else f"{mix}-x{scale}.npz")


def store(pack, clean_pieces, variants):
    """Writes a pack: each piece (hr0, ...) and its small ones (lr0.0, lr0.1, ...), RGB."""
    mix, scale, seed = pack
    arrays, rng, count, area = {}, np.random.default_rng(seed), 0, 0
    for piece in clean_pieces:
        piece = piece[:piece.shape[0] // scale * scale, :piece.shape[1] // scale * scale]
        arrays[f"hr{count}"] = target(piece, mix, scale)  # the small ones are made of the piece as it is
        for v in range(variants):
            arrays[f"lr{count}.{v}"] = degrade(piece, mix, rng, scale)
        count += 1
        area += piece.size / 3e6
    np.savez(packed(mix, scale), **arrays)
    print(f"{packed(mix, scale).name}: {count} pieces, {area:.1f} Mpixel, {variants} small ones of each")


def sheets(numbers):
    """Yields drawn pictures by number. Those below render.HELD are for tests."""
    files = [[path for path in sorted((RUN / "root" / package / folder).rglob(pattern))
              if path.is_file() and not path.is_symlink()]
             for package, (_, folder, pattern) in DRAWN.items()]
    clips, icons, *fonts = files
    for number in numbers:
        yield render.sheet(number, clips, icons, sum(fonts, []))


def screens(held_out):
    """Yields screenshots of at least 240 x 240 with some detail, on white, with even sides, as
    RGB."""
    for package, (_, folder, most, held) in SCREENS.items():
        paths = sorted(p for p in (RUN / "root" / package / folder).rglob("*.png")
                       if p.stat().st_size > 15000 and not p.is_symlink()) * (held == held_out)
        sized = [p for p in paths if min(Image.open(p).size) >= 240]
        for path in sized[::max(1, -(-len(sized) // most))]:
            img = Image.open(path).convert("RGBA")
            white = Image.new("RGBA", img.size, "white")
            white.alpha_composite(img)
            yield np.asarray(white.convert("RGB").crop([0, 0, *(s // 2 * 2 for s in img.size)]))


def hold(folder, large):
    """Writes pictures into a folder that `evaluate.py --rows` takes."""
    (RUN / folder).mkdir(exist_ok=True)
    for k, rgb in enumerate(large):
        Image.fromarray(rgb).save(RUN / folder / f"{k:02}.png")


def collected(kind, base):
    """Yields the crops of the collection to train on. The held-out ones become a folder for
    evaluate.py."""
    if base is None:
        return
    hold(f"{kind}-held", collection.pictures(kind, True, base))
    for rgb in collection.pictures(kind, False, base):
        yield from tiles(rgb)


def make_art(pack, base):
    shots = (np.ascontiguousarray(rgb[y:y + PIECE, x:x + PIECE]) for rgb in screens(False)
             for y in range(0, rgb.shape[0] - 127, PIECE) for x in range(0, rgb.shape[1] - 127, PIECE))
    drawn = sheets(range(render.HELD, render.HELD + SHEETS))
    ramps = map(render.ramps, range(RAMPS))
    store(pack, itertools.chain(drawn, shots, collected("art", base), ramps), VARIANTS)
    hold("sheets-held", sheets(range(render.HELD)))
    hold("screens-held", screens(True))


def make(pack, base):
    """`pack` is a mix, a scale and a seed."""
    if pack[0].startswith("art"):
        make_art(pack, base)
        return
    variants = 1 if pack[0] == "clean" else VARIANTS
    cut = (piece for _, _, path in pictures() for piece in pieces(np.asarray(clean(path))))
    store(pack, itertools.chain(cut, collected("photos", base)), variants)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("action", choices=["fetch", "make", "list"])
    parser.add_argument("mixes", nargs="*", choices=[*MIXES, []], default=[], metavar="MIX")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=int, default=2, choices=[1, 2, 3, 4])
    parser.add_argument("--shared", default=str(collection.folder()), metavar="FOLDER",
                        help="the collection's folder, or `none`")
    a = parser.parse_args()
    base = None if a.shared == "none" else pathlib.Path(a.shared)
    if a.action == "fetch":
        fetch()
    elif a.action == "list":
        for package, licence, path in pictures():
            print(f"{package}\t{licence}\t{path.name}")
    for mix in a.mixes:
        make((mix, a.scale, a.seed), base)


if __name__ == "__main__":
    main()
