#!/usr/bin/python3
"""make.py BINARY [MODELS [BESIDE]] - draws before-after.png from sample.png, and quality-*.png from tests/pictures with
the models in BINARY, beside bicubic and the originals. With the folder MODELS, it draws imported.png with
realesr-animevideov3, and from the folder BESIDE (NAME.png, and NAME.general-v3.png four times as large)
quality-beside.png, with waifu2x-upconv7-photo. Needs Debian's python3-pil. Run it again when a model has changed."""
import io
import pathlib
import subprocess
import sys

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = HERE.parent.parent / "tests" / "pictures"
CUT, GAP, ZOOM = 112, 6, 2  # of 160 pixels; between them; each pixel is shown so large


def enlarged(path, model, *options):
    done = subprocess.run([sys.argv[1], "convert", "--model", model, *options, str(path), "-"], check=True,
                          stdout=subprocess.PIPE)
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")


def resized(path, how, factor=2):
    small = Image.open(path).convert("RGB")
    return small.resize((small.width * factor, small.height * factor), how)


def row(folder, name, models):
    small = PICTURES / folder / name
    return [resized(small, Image.NEAREST), resized(small, Image.BICUBIC),
            *(enlarged(small, model) for model in models), Image.open(PICTURES / "hr" / name).convert("RGB")]


def draw(rows, out):
    step = CUT * ZOOM + GAP
    sheet = Image.new("RGB", (step * len(rows[0][1]) - GAP, step * len(rows) - GAP), "white")
    for y, ((left, top), pictures) in enumerate(rows):
        for x, picture in enumerate(pictures):
            part = picture.crop((left, top, left + CUT, top + CUT))
            sheet.paste(part.resize((CUT * ZOOM, CUT * ZOOM), Image.NEAREST), (x * step, y * step))
    sheet.save(HERE / out, optimize=True)


PHOTOGRAPHS = [((24, 24), "bicubic", "bridge.png"), ((24, 24), "bicubic", "dragonfly.png"), ((24, 24), "jpeg-q75", "dragonfly.png"),
               ((24, 24), "jpeg-q75", "bridge.png")]
DRAWINGS = [((8, 8), "box", "drawn-page.png"), ((40, 24), "box", "drawn-screen.png"), ((24, 24), "box", "drawn-strokes.png")]

for parts, models, out in ((PHOTOGRAPHS, ["photo", "photo-hq", "photo-max", "photo-jpeg"], "quality-photographs.png"),
                           (PHOTOGRAPHS[:2], ["psnr-m5", "psnr-m11", "psnr-max"], "quality-psnr.png"),
                           (DRAWINGS, ["photo", "art", "art-max"], "quality-drawings.png")):
    draw([(corner, row(folder, name, models)) for corner, folder, name in parts], out)

sample = HERE / "sample.png"
halves = [part.crop((90, 40, 370, 300)) for part in (resized(sample, Image.BICUBIC), enlarged(sample, "photo"))]
sheet = Image.new("RGB", (2 * 560 + GAP, 520), "white")
for k, half in enumerate(halves):
    sheet.paste(half.resize((560, 520), Image.NEAREST), (k * (560 + GAP), 0))
sheet.save(HERE / "before-after.png", optimize=True)

FOURFOLD = [("face", (120, 60)), ("bricks", (40, 40)), ("leaves", (120, 80)), ("motorbikes", (130, 70)),
            ("house_jpeg_35", (120, 80))]  # crops, and the corner of what is shown of them, enlarged
SHOWN = (200, 160)


def beside(models, folder):
    """Draws the crops: input, bicubic, waifu2x twice, photo, vivid, Real-ESRGAN general v3."""
    sheet = Image.new("RGB", ((SHOWN[0] + GAP) * 6 - GAP, (SHOWN[1] + GAP) * len(FOURFOLD) - GAP), "white")
    for y, (name, (left, top)) in enumerate(FOURFOLD):
        small = folder / f"{name}.png"
        pictures = [resized(small, Image.NEAREST, 4), resized(small, Image.BICUBIC, 4),
                    enlarged(small, "waifu2x-upconv7-photo", "--scale", "4", "--models", models),
                    enlarged(small, "photo", "--scale", "4"), enlarged(small, "vivid", "--scale", "4"),
                    Image.open(folder / f"{name}.general-v3.png").convert("RGB")]
        for x, picture in enumerate(pictures):
            part = picture.crop((left, top, left + SHOWN[0], top + SHOWN[1]))
            sheet.paste(part, (x * (SHOWN[0] + GAP), y * (SHOWN[1] + GAP)))
    sheet.save(HERE / "quality-beside.png", optimize=True)


def imported(models):
    small = PICTURES / "box" / "drawn-strokes.png"
    after = enlarged(small, "realesr-animevideov3", "--models", models, "--scale", "4")
    sheet = Image.new("RGB", (2 * 200 + GAP, 320), "white")
    for k, picture in enumerate((resized(small, Image.BICUBIC, 4), after)):
        sheet.paste(picture.crop((0, 0, 200, 320)), (k * (200 + GAP), 0))
    sheet.quantize(128).save(HERE / "imported.png", optimize=True)


if len(sys.argv) > 2:
    imported(sys.argv[2])
if len(sys.argv) > 3:
    beside(sys.argv[2], pathlib.Path(sys.argv[3]))
