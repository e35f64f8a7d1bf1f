"""png.py - measures the PNG table of docs/performance.md: `upscaled bench --png` and OpenCV on
pictures of 3840x2160 (for decoding: of 1920x1080). The pictures are made here from Debian's
mate-backgrounds, by Chromium, and drawn. upscaled has two threads; OpenCV and libpng have one. The
script needs the packages that `tests/bench/run` installs. Names of pictures (Dune-2x, lines) as
arguments select these pictures."""
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

import cv2
import numpy as np
from PIL import Image, ImageDraw

UPSCALED = os.environ.get("UPSCALED", "build/upscaled")
PHOTOS = pathlib.Path("/usr/share/backgrounds/mate/nature")
WORK = pathlib.Path("build/bench/png")
ROUNDS = 5
SMALL, LARGE = (1920, 1080), (3840, 2160)

PAGE = """<style>body { margin: 0; font: 15px sans-serif; background: #f4f4f6 } main { columns: 3;
padding: 1em; column-gap: 2em } header { background: #245; color: white; padding: 8px 16px }
img { width: 45%%; float: right; margin: 0 0 16px 16px } </style><header>%s</header>%s<main>%s</main>"""


def photograph(name, deep=False):
    """Returns a picture that is cut and reduced to 1920x1080; `deep`: with 16 bits, averaged from
    more pixels."""
    with Image.open(PHOTOS / (name + ".jpg")) as image:
        scale = max(SMALL[0] / image.width, SMALL[1] / image.height)
        size = [math.ceil(side * scale) for side in image.size]
        if deep:
            bands = [np.asarray(band.convert("F").resize(size, Image.LANCZOS))
                     for band in image.convert("RGB").split()]
            samples = (np.dstack(bands).clip(0, 255) * 257).round().astype(np.uint16)
            return samples[:SMALL[1], :SMALL[0]]
        return np.asarray(image.convert("RGB").resize(size, Image.LANCZOS))[:SMALL[1], :SMALL[0]]


def line_art():
    """Draws ink on paper, antialiased."""
    chance = random.Random(3)
    image = Image.new("L", (2 * SMALL[0], 2 * SMALL[1]), 255)
    pen = ImageDraw.Draw(image)
    for _ in range(300):
        x, y, r, turn = (chance.uniform(*ends) for ends in
                         ((0, image.width), (0, image.height), (30, 300), (0, 7)))
        points = [(x + r * math.cos(turn + t / 12) * (1 + math.sin(t / 4) / 3),
                   y + r * math.sin(turn + t / 12) * (1 + math.cos(t / 6) / 4)) for t in range(60)]
        pen.line(points, fill=chance.choice((0, 0, 0, 60)), width=chance.choice((2, 4, 6)), joint="curve")
    return np.asarray(image.resize(SMALL, Image.LANCZOS).convert("RGB"))


def screen(stem, size, picture):
    """Writes a page as Chromium draws it; `picture`: with a photograph in it."""
    words = pathlib.Path("docs/api.md").read_text() + pathlib.Path("docs/operations.md").read_text()
    text = "".join("<p>%s</p>" % part.replace("<", "&lt;") for part in words.split("\n\n") * 4)
    source = WORK / (stem + ".html")
    source.write_text(PAGE % ("Pages", '<img src="%s.png">' % picture if picture else "", text))
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--hide-scrollbars",
                    "--screenshot=%s" % (WORK / (stem + ".png")).resolve(),
                    "--window-size=%d,%d" % size, source.resolve().as_uri()],
                   check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    path = str(WORK / (stem + ".png"))
    cv2.imwrite(path, cv2.imread(path)[:size[1], :size[0]])  # no alpha


def enlarge(stem):
    subprocess.run([UPSCALED, "convert", WORK / (stem + ".png"), WORK / (stem + "-2x.png")], check=True)


def make():
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("Dune", "Storm", "LadyBird"):
        cv2.imwrite(str(WORK / (name + ".png")), photograph(name)[:, :, ::-1])
        enlarge(name)
    cv2.imwrite(str(WORK / "deep.png"), photograph("Garden", deep=True)[:, :, ::-1])
    cv2.imwrite(str(WORK / "lines.png"), line_art()[:, :, ::-1])
    screen("page", SMALL, None)
    screen("page-4k", LARGE, None)
    screen("application-4k", LARGE, "Storm")
    for stem in ("deep", "lines", "page"):
        enlarge(stem)


def median_ms(work):
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(times)


def ours(path):
    out = subprocess.run([UPSCALED, "bench", "--png", "--json", "--threads", "2", path], check=True,
                         stdout=subprocess.PIPE)
    return json.loads(out.stdout)[0]


def encode_row(name, stem):
    path = str(WORK / (stem + ".png"))
    got, image = ours(path), cv2.imread(path, cv2.IMREAD_UNCHANGED)
    ms, size, least = got["ms"], got["bytes"], got["bytes"]["libpng_6"]
    by_opencv = median_ms(lambda: cv2.imencode(".png", image))
    opencv_size = len(cv2.imencode(".png", image)[1])
    print("| %s | %.0f ms | %.2f | %.0f ms | %.2f | %.0f ms | %.2f | %.0f ms |" % (
        name, ms["encode"], size["encode"] / least, by_opencv, opencv_size / least,
        ms["libpng_1"], size["libpng_1"] / least, ms["libpng_6"]), flush=True)


def decode_row(name, stem):
    path = WORK / (stem + ".png")
    got, file = ours(path)["ms"], np.frombuffer(path.read_bytes(), np.uint8)
    by_opencv = median_ms(lambda: cv2.imdecode(file, cv2.IMREAD_UNCHANGED))
    print("| %s | %.1f ms | %.1f ms | %.1f ms |" % (name, got["decode"], by_opencv,
                                                    got["libpng_decode"]), flush=True)


ENCODED = (("photograph, enlarged twice (Dune)", "Dune-2x"),
           ("photograph, enlarged twice (Storm)", "Storm-2x"),
           ("photograph, enlarged twice (LadyBird)", "LadyBird-2x"),
           ("photograph of 16 bits, enlarged twice (Garden)", "deep-2x"),
           ("page of text, as a browser draws it", "page-4k"),
           ("page of text, enlarged twice", "page-2x"),
           ("page with a photograph in it", "application-4k"),
           ("line art, enlarged twice", "lines-2x"))
DECODED = (("photograph (Dune)", "Dune"), ("photograph (Storm)", "Storm"),
           ("photograph (LadyBird)", "LadyBird"), ("photograph of 16 bits (Garden)", "deep"),
           ("page of text", "page"), ("line art", "lines"))


def main():
    only = sys.argv[1:]
    cv2.setNumThreads(1)
    if not all((WORK / (stem + ".png")).exists() for _, stem in ENCODED + DECODED):
        make()
    encoders = "ours | size | OpenCV | size | libpng 1 | size | libpng 6"
    for title, rows, measure in (("encoding 3840x2160 | " + encoders, ENCODED, encode_row),
                                 ("decoding 1920x1080 | ours | OpenCV | libpng", DECODED, decode_row)):
        print("\n| %s |\n|%s" % (title, "---|" * (title.count("|") + 1)))
        for name, stem in rows:
            if not only or stem in only:
                measure(name, stem)


if __name__ == "__main__":
    main()
