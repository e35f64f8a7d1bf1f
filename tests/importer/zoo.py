"""zoo.py - published files from TEST_DATA. The importer and the server give what PyTorch gave for
them, within one level. Needs only numpy, and python3-onnx for ONNX. TAP."""
import importlib.util
import os
import subprocess
import sys
import tempfile

import place  # says where the modules below are
import tap

tap.needs("numpy", "PIL")
import numpy
from PIL import Image

ZOO = place.DATA / "zoo"
FOLDER = tempfile.TemporaryDirectory()
IMPORTER = place.TOP / "weights" / "importer.py"


# A sanitized build takes minutes to measure the speed of a large network; one claim does it for a small one.
QUICKLY = ("--no-check",)


def levels(name):
    return numpy.asarray(Image.open(name).convert("RGB")).astype(int)


def agrees(file, scale, says, *options):
    """Runs `file` through the importer as people start it, and through the server's program."""
    expected = f"{os.path.splitext(ZOO / file)[0]}.expected.png"
    out = f"{FOLDER.name}/m.json"
    done = subprocess.run([sys.executable, IMPORTER, ZOO / file, "-o", out, "--license", "BSD",
                           "--dtype", "float32", "--binary", place.BINARY, *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    line = done.stdout.splitlines()[0]
    assert all(word in line for word in says), line
    large = f"{FOLDER.name}/large.png"
    subprocess.run([place.BINARY, "convert", "--models", FOLDER.name, "--model", "m", "--scale", scale,
                    "--force", ZOO / "input.png", large], check=True)
    got, want = levels(large), levels(expected)
    assert got.shape == want.shape
    assert numpy.abs(got - want).max() <= 1, numpy.abs(got - want).max()
    assert (got != want).mean() < 0.001, "they differ where a float's last bit cannot be the cause"


def etds_as_pth():
    agrees("ETDS_M4C32_x2.pth", "2", ("ETDS, 6 layers of 32 channels; x2, RGB, 41,512 parameters, "
                                      "41,328 multiply-adds a pixel", "s a megapixel here"))


def animevideov3_as_onnx():
    agrees("realesr-animevideov3-x4.onnx", "4",
           ("ONNX graph of 18 convolutions, up to 64 channels; x4, RGB, 621,424 parameters",), *QUICKLY)


def animevideov3_as_ncnn():
    agrees("realesr-animevideov3-x4.param", "4", ("ncnn graph of 18 convolutions", "x4, RGB"), *QUICKLY)


def animevideov3_as_ncnn_by_its_weights():
    agrees("realesr-animevideov3-x4.bin", "4", ("ncnn graph of 18 convolutions", "x4, RGB"), *QUICKLY)


def the_whole_of_animevideov3_is_the_same_from_both():
    files = []
    for file in ("realesr-animevideov3-x4.onnx", "realesr-animevideov3-x4.param"):
        files.append(f"{FOLDER.name}/{file}.json")
        subprocess.run([sys.executable, IMPORTER, ZOO / file, "-o", files[-1], "--no-check"],
                       check=True, capture_output=True)
    kinds = [[w for w in open(f).read().split('"') if w in ("conv2d", "prelu", "pixel_shuffle",
                                                            "upsample", "add")] for f in files]
    assert kinds[0] == kinds[1] and len(kinds[0]) == 38, [len(k) for k in kinds]


CLAIMS = [etds_as_pth, animevideov3_as_ncnn, animevideov3_as_ncnn_by_its_weights]
if importlib.util.find_spec("onnx"):
    CLAIMS += [animevideov3_as_onnx, the_whole_of_animevideov3_is_the_same_from_both]

if not ZOO.is_dir():
    print("1..0 # SKIP no test data")
    sys.exit()
tap.run_claims(CLAIMS)
