#!/usr/bin/python3
"""costs.py - measures the starting rates of server/work/cost.c: how many nanoseconds of one thread a
byte of samples takes to decode and to encode, by compression, by how densely the file packs its
samples (a column for each halving, from 1/2 on), and by whether the picture is resized. For each it
prints the most of several pictures of 1024x768: photographs of Debian's mate-backgrounds, the same
with fewer colours, noise, dots, text and lines. Levels 7 to 9 take most of its six minutes."""
import io
import os
import pathlib
import re
import subprocess
import urllib.request

import numpy as np
from PIL import Image, ImageDraw

UPSCALED = os.environ.get("UPSCALED", "build/upscaled")
PHOTOS = pathlib.Path("/usr/share/backgrounds/mate/nature")
SIDES = (1024, 768)
LEVELS = (0, 2, 6, 7, 8, 9)  # one for each row of the table
COLUMNS = 7
WORDS = "the quick brown fox jumps over a lazy dog while nobody looks at files of many sizes".split()


def photographs():
    for name in ("Dune", "Storm", "LadyBird", "Garden"):
        image = Image.open(PHOTOS / (name + ".jpg")).convert("RGB")
        for side in (1024, 2048, 4096):  # the smaller, the denser
            small = image.resize((side, side * image.height // image.width), Image.LANCZOS)
            yield np.asarray(small.crop((0, 0, *SIDES)))


def drawn(rng):
    yield np.full((*SIDES[::-1], 3), 200, np.uint8)
    text, lines = Image.new("RGB", SIDES, "white"), Image.new("RGB", SIDES, "white")
    for y in range(0, SIDES[1], 14):
        ImageDraw.Draw(text).text((5, y), " ".join(rng.choice(WORDS, 30)), fill="black")
    for _ in range(60):
        ImageDraw.Draw(lines).line([tuple(map(int, rng.integers(0, SIDES))) for _ in "ab"],
                                   fill=tuple(map(int, rng.integers(0, 255, 3))), width=3)
    yield np.asarray(text)
    yield np.asarray(lines)


def pictures():
    rng = np.random.default_rng(1)
    shape = (*SIDES[::-1], 3)
    yield rng.integers(0, 256, shape, dtype=np.uint8)
    for values in (2, 4, 16, 64):
        yield (rng.integers(0, values, shape) * (255 // values)).astype(np.uint8)
    yield np.repeat(rng.integers(0, 2, (*SIDES[::-1], 1), dtype=np.uint8) * 255, 3, 2)
    for photo in photographs():
        yield photo
        for step in (8, 32, 64):
            yield photo // step * step
        yield np.asarray(Image.fromarray(photo).quantize(16).convert("RGB"))
        yield np.asarray(Image.fromarray(photo).convert("1").convert("RGB"))
    yield from drawn(rng)


def times(url, body, compression, scale):
    request = urllib.request.Request(f"{url}/v1/upscale?model=psnr-m5&scale={scale}&compression={compression}", body)
    with urllib.request.urlopen(request) as answer:
        answer.read()
        return {name: 1e6 * float(ms) for name, ms in
                re.findall(r"(\w+);dur=([\d.]+)", answer.headers["Server-Timing"])}


def main():
    decode = np.zeros(COLUMNS)
    encode = np.zeros((2, len(LEVELS), COLUMNS))
    with subprocess.Popen([UPSCALED, "serve", "--listen", "127.0.0.1:0", "--threads", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        url = next(line for line in daemon.stdout if "listening" in line).split()[-1]
        for picture in pictures():
            out = io.BytesIO()
            Image.fromarray(picture).save(out, "png")
            body = out.getvalue()
            column = min(max(0, int(np.ceil(-np.log2(2 * len(body) / picture.nbytes)))), COLUMNS - 1)
            for resized, scale in enumerate((1, 2)):
                for row, compression in enumerate(LEVELS):
                    took = times(url, body, compression, scale)
                    decode[column] = max(decode[column], took["decode"] / picture.nbytes)
                    encode[resized, row, column] = max(encode[resized, row, column],
                                                       took["encode"] / picture.nbytes / scale ** 2)
        daemon.terminate()
    print("decode", " ".join(f"{ns:6.1f}" for ns in decode))
    for resized, table in enumerate(encode):
        for compression, row in zip(LEVELS, table):
            rates = " ".join(f"{ns:6.1f}" for ns in row)
            print("resized" if resized else "as it is", f"compression {compression}", rates)


if __name__ == "__main__":
    main()
