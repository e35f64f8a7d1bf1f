"""Draws pictures to train `art` on: drawings, icons, text and screens. They are rendered, so they
are sharp at any size.

Clip art and icons come from Debian packages as SVG and are rendered by rsvg-convert (librsvg2-bin).
Pages of text and windows are made here from fonts. All are SIDE x SIDE pixels, [y][x][3] uint8. A
sheet depends only on its number. Numbers below HELD are held out for tests, and so is the clip art
that only they use.
"""
import io
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = 384
HELD = 40
LETTERS = "eeeeeetttttaaaaoooiiinnnssshhhrrrdddlluuccmmwwffggyyppbbvvkkxjqz"


def rendered(path, width):
    """Returns an SVG as RGBA, `width` pixels wide; None if it is broken or mostly empty."""
    done = subprocess.run(["rsvg-convert", "-w", str(width), path], capture_output=True,
                          check=False, timeout=20)
    try:
        img = Image.open(io.BytesIO(done.stdout)).convert("RGBA")
    except OSError:
        return None
    return img if img.height <= 3 * width and img.getbbox() else None


def colour(rng, light):
    """Returns a colour: mostly near white or black, sometimes any."""
    if rng.random() < 0.3:
        return tuple(int(v) for v in rng.integers(0, 256, 3))
    base, spread = (255, 30) if light else (0, 60)
    return tuple(abs(base - int(v)) for v in rng.integers(0, spread, 3))


def word(rng):
    text = "".join(LETTERS[i] for i in rng.integers(len(LETTERS), size=rng.integers(1, 10)))
    kind = rng.random()
    if kind < 0.15:
        return text.upper()
    if kind < 0.4:
        return text.capitalize()
    return str(rng.integers(100000)) if kind < 0.5 else text + (",.:;!?)-"[rng.integers(8)]
                                                                if kind < 0.6 else "")


def paragraph(draw, rng, box, font, ink):
    """Draws words in lines until the box is full."""
    x0, y0, x1, y1 = box
    x, y, step = x0, y0, int(font.size * rng.uniform(1.15, 1.5))
    while y + step < y1:
        text = word(rng)
        width = draw.textlength(text + " ", font=font)
        if x + width > x1:
            x, y = x0, y + step
            if width > x1 - x0:
                return
            continue
        draw.text((x, y), text, font=font, fill=ink)
        x += int(width)


def any_font(fonts, rng):
    """Returns a font: a small size as often as a large one, as on screens."""
    return ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), int(11 * 2**rng.uniform(0, 1.9)))


def page(rng, fonts):
    """Returns a page of paragraphs, dark on light or light on dark."""
    light = rng.random() < 0.7
    img = Image.new("RGB", (SIDE, SIDE), colour(rng, light))
    draw, y = ImageDraw.Draw(img), 6
    while y < SIDE - 40:
        bottom = y + int(rng.integers(40, 160))
        paragraph(draw, rng, (8, y, SIDE - 8, bottom), any_font(fonts, rng), colour(rng, not light))
        y = bottom
    return img


def window(draw, rng, fonts, box):
    """Draws a frame with a title, lines of 1 or 2 pixels, buttons and text."""
    x0, y0, x1, y1 = box
    light = rng.random() < 0.7
    ink, font = colour(rng, not light), any_font(fonts, rng)
    thin = int(rng.integers(1, 4))
    draw.rectangle(box, fill=colour(rng, light), outline=ink, width=thin)
    draw.rectangle((x0, y0, x1, y0 + font.size + 8), fill=colour(rng, rng.random() < 0.5))
    draw.text((x0 + 6, y0 + 2), word(rng), font=font, fill=colour(rng, rng.random() < 0.5))
    y = y0 + font.size + 14
    while y + 40 < y1:
        kind = rng.random()
        if kind < 0.3:
            draw.line((x0 + 4, y, x1 - 4, y), fill=ink, width=thin)
            y += int(rng.integers(4, 12))
        elif kind < 0.6:
            draw.rounded_rectangle((x0 + 8, y, x0 + 8 + int(rng.integers(40, 120)), y + 32),
                                   int(rng.integers(0, 10)), fill=colour(rng, light), outline=ink,
                                   width=thin)
            draw.text((x0 + 14, y + 4), word(rng), fill=ink,
                      font=ImageFont.truetype(font.path, 18))
            y += 40
        else:
            paragraph(draw, rng, (x0 + 6, y, x1 - 6, y + 60), any_font(fonts, rng), ink)
            y += 64


def screen(rng, fonts, icons):
    """Returns a screen: windows over one another, and rows of icons."""
    img = Image.new("RGB", (SIDE, SIDE), colour(rng, rng.random() < 0.5))
    draw = ImageDraw.Draw(img)
    for _ in range(rng.integers(1, 4)):
        x, y = (int(v) for v in rng.integers(-20, SIDE // 2, 2))
        w, h = (int(v) for v in rng.integers(120, 340, 2))
        window(draw, rng, fonts, (x, y, x + w, y + h))
    for k in range(rng.integers(0, 9)):
        icon = rendered(icons[rng.integers(len(icons))], int(rng.integers(16, 80)))
        if icon:
            img.paste(icon, (8 + 48 * k % SIDE, int(rng.integers(SIDE - 60))), icon)
    return img


def strokes(rng):
    """Returns ink on paper: curves of 1 to 6 pixels and flat patches, drawn four times as large."""
    big = 4 * SIDE
    img = Image.new("RGB", (big, big), colour(rng, True))
    draw = ImageDraw.Draw(img)
    for _ in range(rng.integers(8, 40)):
        t = np.linspace(0, 1, 60)[:, None]
        a, b, c, d = rng.uniform(-0.1, 1.1, (4, 2)) * big
        curve = a * (1 - t)**3 + 3 * b * t * (1 - t)**2 + 3 * c * t**2 * (1 - t) + d * t**3
        points = [tuple(p) for p in curve]
        if rng.random() < 0.25:
            draw.polygon(points, fill=colour(rng, rng.random() < 0.5))
        draw.line(points, fill=colour(rng, False), width=int(rng.integers(4, 24)), joint="curve")
    return img.resize((SIDE, SIDE), Image.BOX)


def drawing(rng, clips):
    """Returns a piece of clip art, as large as the sheet or larger."""
    width = int(rng.integers(SIDE, 3 * SIDE // 2))
    for _ in range(20):
        clip = rendered(clips[rng.integers(len(clips))], width)
        if clip and clip.height >= SIDE // 2:
            img = Image.new("RGB", (width, max(SIDE, clip.height)), colour(rng, True))
            img.paste(clip, (0, 0), clip)
            x, y = rng.integers(width - SIDE + 1), rng.integers(img.height - SIDE + 1)
            return img.crop((x, y, x + SIDE, y + SIDE))
    raise FileNotFoundError("no clip art can be rendered")


def end(rng):
    """Returns a colour at an end of a ramp: black, white, a gray, or any."""
    kind = rng.integers(4)
    return rng.integers(0, 256, 3) if kind == 3 else np.full(3, (0, 255, rng.integers(256))[kind])


def ramps(number):
    """Returns bars whose colour stays the same, rises or falls in one step, or in a straight line,
    which no other sheet has. They are down or across by turns."""
    rng = np.random.default_rng((6, number))
    img, y = np.empty((SIDE, SIDE, 3), np.uint8), 0
    while y < SIDE:
        at, colours = [0], [end(rng)]
        while at[-1] < SIDE:
            flat, slope = rng.integers(4, 40), int(4 * 2**rng.uniform(0, 6)) if rng.random() < 0.8 else 1
            at += [at[-1] + flat, at[-1] + flat + slope]
            colours += [colours[-1], end(rng)]
        height = rng.integers(8, 48)
        bar = np.stack([np.interp(np.arange(SIDE), at, [c[k] for c in colours]) for k in range(3)], 1)
        img[y:y + height] = np.rint(bar)
        y += height
    return img.transpose(1, 0, 2) if number % 2 else img


def sheet(number, clips, icons, fonts):
    rng = np.random.default_rng((5, number))
    held = number < HELD
    mine = [c for c in clips if (zlib.crc32(c.name.encode()) % 8 == 0) == held]
    kind = number % 5
    if kind < 2:
        img = drawing(rng, mine)
    elif kind == 2:
        img = page(rng, fonts)
    else:
        img = screen(rng, fonts, icons) if kind == 3 else strokes(rng)
    return np.asarray(img)
