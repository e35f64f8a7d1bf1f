"""models.py - the shipped models, through `upscaled convert`: they keep their recorded scores on
pictures on which no model was trained (tests/pictures), and have no visible faults."""
import importlib.util
import os
import subprocess
import sys
import tempfile
import zlib

if not all(importlib.util.find_spec(m) for m in ("numpy", "PIL")):
    sys.exit(print("1..0 # SKIP numpy and PIL are not installed (./check does)"))
import numpy  # noqa: E402
from PIL import Image  # noqa: E402

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
from daemon import BINARY, DEADLINE, SIGNATURE, chunk, claim, equal, header, run_claims  # noqa: E402

TOP = os.environ.get("top_srcdir", ".")
PICTURES = os.path.join(TOP, "tests", "pictures")
SHAVE = 2

# Mean PSNR in dB of Y, or of RGB for the models of COLOURS: tests/pictures/LR/*.png enlarged by the model's factor,
# compared with hr/.
FIGURES = {
    "art": {"bicubic": 28.817, "box": 24.393},
    "art-max": {"bicubic": 29.669, "box": 27.938},
    "art-x3": {"bicubic-x3": 23.672},
    "art-x4": {"bicubic-x4": 19.953},
    "photo": {"bicubic": 32.844, "jpeg-q75": 29.481},
    "photo-hq": {"bicubic": 33.314, "jpeg-q75": 29.295},
    "photo-jpeg": {"bicubic": 30.455, "jpeg-q75": 27.794},
    "photo-jpeg-strong": {"bicubic": 27.945, "jpeg-q75": 26.871},
    "photo-max": {"bicubic": 33.693, "jpeg-q75": 29.694},
    "photo-x3": {"bicubic-x3": 27.370},
    "photo-x4": {"bicubic-x4": 25.218},
    "psnr-m11": {"bicubic": 33.808},
    "psnr-m5": {"bicubic": 33.434},
    "psnr-max": {"bicubic": 33.886},
    "vivid": {"bicubic": 26.444, "jpeg-q75": 23.290},
    "vivid-x4": {"bicubic-x4": 21.960},
}


DRAWINGS = ("art", "art-max", "art-x3", "art-x4")
COLOURS = (*DRAWINGS, "photo-jpeg", "photo-jpeg-strong", "vivid", "vivid-x4")


def pictures(model):
    """Returns the names on which a model is scored: drawings or photographs."""
    names = sorted(os.listdir(os.path.join(PICTURES, "hr")))
    return [n for n in names if n.startswith("drawn-") == (model in DRAWINGS)]


def factor(model):
    """Returns the factor of a model, which the names of those for other factors than 2 end in."""
    return model[-1] if model.endswith(("-x3", "-x4")) else "2"


def convert(model, paths, folder):
    subprocess.run([os.path.abspath(BINARY), "convert", "--quiet", "--force", "--model", model, "--scale", factor(model),
                    "--output-dir", folder, *paths], check=True, timeout=10 * DEADLINE)


def decoded(path):
    """Returns [row][column][R, G, B of 0..255]. Pillow has libpng decode them."""
    with Image.open(path) as picture:
        return numpy.asarray(picture.convert("RGB"), float)


def psnr(a, b, rgb):
    """Returns the PSNR of the picture `a`; `b` may be larger at the right and the bottom."""
    height, width, _ = a.shape
    difference = (a - b[:height, :width])[SHAVE:-SHAVE, SHAVE:-SHAVE]
    if not rgb:
        difference = 219 / 255 * difference @ (0.299, 0.587, 0.114)
    return 10 * numpy.log10(255 * 255 / numpy.mean(difference ** 2))


def each_model(check):
    listed = subprocess.run([os.path.abspath(BINARY), "models"], stdout=subprocess.PIPE, check=True)
    for line in listed.stdout.decode().splitlines():
        with tempfile.TemporaryDirectory() as folder:
            check(line.split()[0], folder)


@claim
def all_shipped_models_have_figures():
    each_model(lambda model, folder: equal(model in FIGURES, True, model))


@claim
def scores_are_those_that_were_recorded():
    def check(model, folder):
        for row, figure in FIGURES[model].items():
            names = pictures(model)
            convert(model, [os.path.join(PICTURES, row, n) for n in names], folder)
            scores = [psnr(decoded(os.path.join(folder, n)),
                           decoded(os.path.join(PICTURES, "hr", n)), model in COLOURS)
                      for n in names]
            mean = sum(scores) / len(scores)
            equal(abs(mean - figure) < 0.01, True,
                  "%s, %s: %.3f dB, not the recorded %.3f" % (model, row, mean, figure))
    each_model(check)


def colour(path):
    return decoded(path).mean(axis=(0, 1))


@claim
def photographs_keep_their_colour():
    """The mean moves by less than 0.2 levels in any channel, although these are the busiest 160 pixels of each
    photograph. `art` is not for photographs, and may move it by half as much again. Contrast that `vivid` adds is clipped
    at black and white: its targets themselves are darker by 0.4 and brighter by 1.8 levels here, and those of `vivid-x4`,
    whose mask is twice as wide, darker by 2.1 and brighter by 2.8."""
    most = {"art": 0.3, "vivid": 0.5, "vivid-x4": 0.6}

    def check(model, folder):
        names = pictures("photo")
        convert(model, [os.path.join(PICTURES, "bicubic", n) for n in names], folder)
        shift = sum(colour(os.path.join(folder, n)) - colour(os.path.join(PICTURES, "bicubic", n))
                    for n in names) / len(names)
        equal(abs(shift).max() < most.get(model, 0.2), True, "%s: channels by %s" % (model, shift))
    each_model(check)


@claim
def edges_of_drawings_have_no_halo_and_thin_lines_stay():
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as folder:
        convert("art", [made(small, "edge.png", gray_png(48, 12, lambda x, y: 200 if x < 24 else 40)),
                        made(small, "line.png", gray_png(48, 12, lambda x, y: 0 if x == 24 else 255))],
                folder)
        edge = decoded(os.path.join(folder, "edge.png"))[12, :, 0]
        line = decoded(os.path.join(folder, "line.png"))[12, :, 0]
        for x, value in enumerate(line):
            if not 46 <= x < 50:
                equal(edge[x], 200 if x < 48 else 40, "2 pixels off the edge")
            black = x in (48, 49)
            equal(value < 8 if black else value > 247, True, "the line, at %d: %d" % (x, value))


def gray_png(width, height, value):
    """Returns a gray picture of value(x, y)."""
    rows = b"".join(b"\0" + bytes(value(x, y) for x in range(width)) for y in range(height))
    return (SIGNATURE + header(width, height, 0) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def made(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


@claim
def every_gray_comes_back_as_it_was():
    def check(model, folder):
        with tempfile.TemporaryDirectory() as small:
            convert(model, [made(small, "%d.png" % g, gray_png(9, 7, lambda x, y, g=g: g))
                            for g in range(256)], folder)
        for g in range(256):
            values = decoded(os.path.join(folder, "%d.png" % g))
            equal((values.min(), values.max()), (g, g), "%s, gray %d" % (model, g))
    each_model(check)


@claim
def ramps_stay_monotonic():
    def check(model, folder):
        with tempfile.TemporaryDirectory() as small:
            convert(model, [made(small, "x.png", gray_png(256, 6, lambda x, y: x)),
                            made(small, "y.png", gray_png(6, 256, lambda x, y: y)),
                            made(small, "steep.png", gray_png(52, 6, lambda x, y: 5 * x))], folder)
        for name, axis in (("x.png", 1), ("y.png", 0), ("steep.png", 1)):
            steps = numpy.diff(decoded(os.path.join(folder, name))[:, :, 0], axis=axis)
            equal(steps.min() >= 0, True, "%s, %s: back at %s" % (model, name, numpy.argwhere(steps < 0)[:4]))
    each_model(check)


@claim
def the_linter_has_nothing_to_say():
    def check(model, folder):
        done = subprocess.run([os.path.abspath(BINARY), "models", "check", model], check=True,
                              stdout=subprocess.PIPE)
        equal(b"warning" in done.stdout, False, done.stdout.decode())
    each_model(check)


run_claims()
