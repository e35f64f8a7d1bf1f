#!/usr/bin/python3
"""make.py BINARY - draws quality-photographs.png and quality-drawings.png from tests/pictures with the models in
BINARY, beside bicubic and the originals. Needs Debian's python3-pil. Run it again when a model has changed."""
import io
import pathlib
import subprocess
import sys

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
PICTURES = HERE.parent.parent / "tests" / "pictures"
CUT, GAP, ZOOM = 112, 6, 2  # of 160 pixels; between them; each pixel is shown so large


def enlarged(path, model):
    done = subprocess.run([sys.argv[1], "convert", "--model", model, str(path), "-"], check=True,
                          stdout=subprocess.PIPE)
    return Image.open(io.BytesIO(done.stdout)).convert("RGB")


def resized(path, how):
    small = Image.open(path).convert("RGB")
    return small.resize((small.width * 2, small.height * 2), how)


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


draw([((24, 24), row("bicubic", "bridge.png", ["photo"])), ((24, 24), row("bicubic", "dragonfly.png", ["photo"])),
      ((24, 24), row("jpeg-q75", "dragonfly.png", ["photo"]))], "quality-photographs.png")
draw([((8, 8), row("box", "drawn-page.png", ["photo", "art"])), ((40, 24), row("box", "drawn-screen.png", ["photo", "art"]))],
     "quality-drawings.png")
