"""Makes small pictures as people have them: several ways to shrink one, noise, JPEG.

All functions take and return [y][x][3] uint8. evaluate.py measures by `shrink` and `ROWS`; training
uses `MIXES`.
"""
import io

import numpy as np
from PIL import Image, ImageFilter

PILLOW = {"box": Image.BOX, "lanczos": Image.LANCZOS,
          "area": Image.BILINEAR}  # Pillow widens all of them when it shrinks, which antialiases


def cubic(x):
    """Returns the bicubic kernel with a = -0.5."""
    x = np.abs(x)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def bicubic(rgb, scale=2):
    """Computes MATLAB's imresize(rgb, 1 / scale): bicubic, widened by `scale`, edges mirrored, 8
    bits."""
    reach = 2 * scale  # pixels at either side of the middle of `scale` pixels
    at = np.arange(2 * reach) - reach + 0.5 if scale % 2 == 0 else np.arange(2 * reach - 1) - reach + 1
    taps = cubic(at / scale)
    taps /= taps.sum()
    before = (len(taps) - scale) // 2
    out = rgb.astype(np.float64)
    for axis in (0, 1):
        pad = [(before, before) if a == axis else (0, 0) for a in range(3)]
        wide = np.moveaxis(np.pad(out, pad, mode="symmetric"), axis, 0)
        count = (wide.shape[0] - 2 * before) // scale
        out = sum(t * wide[k:k + scale * count:scale][:count] for k, t in enumerate(taps))
        out = np.moveaxis(out, 0, axis)
    return np.clip(np.floor(out + 0.5), 0, 255).astype(np.uint8)


def shrink(rgb, kernel="bicubic", scale=2):
    if scale == 1:
        return rgb
    if kernel == "bicubic":
        return bicubic(rgb, scale)
    img = Image.fromarray(rgb)
    return np.asarray(img.resize((img.width // scale, img.height // scale), PILLOW[kernel]))


def noise(rgb, sigma, rng, gray=False):
    """Adds Gaussian noise of `sigma` levels, independent in each channel or the same in all
    (`gray`)."""
    shape = (*rgb.shape[:2], 1) if gray else rgb.shape
    grain = rng.standard_normal(shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(np.rint(rgb + grain), 0, 255).astype(np.uint8)


def jpeg(rgb, quality, subsampling=2):
    """Compresses by libjpeg and decodes again. `subsampling` is Pillow's: 2 is 4:2:0, its
    default."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=int(quality), subsampling=int(subsampling))
    return np.asarray(Image.open(file).convert("RGB"))


def sharpened(rgb, amount, radius, least):
    """Sharpens as the targets of Real-ESRGAN are sharpened (Wang et al. 2021, section 3.4): adds `amount` of what a
    blur of sigma `radius` removes, where that is over `least` levels, with soft borders."""
    soft = ImageFilter.GaussianBlur(radius)
    values = rgb.astype(np.float32)
    less = values - np.asarray(Image.fromarray(rgb).filter(soft), np.float32)
    busy = Image.fromarray(((np.abs(less) > least) * 255).astype(np.uint8)).filter(soft)
    share = np.asarray(busy, np.float32) / 255
    more = np.clip(values + amount * less, 0, 255)
    return np.rint(share * more + (1 - share) * values).astype(np.uint8)


def stage(rgb, m, size, rng):
    """Applies blur, a resize to `size` (x, y), noise and JPEG: one of the two stages of `twice`."""
    img = Image.fromarray(rgb)
    if rng.random() < m["blur"]:
        img = img.filter(ImageFilter.GaussianBlur(rng.uniform(*m["radius"])))
    kernel = (Image.BOX, Image.BILINEAR, Image.BICUBIC)[rng.integers(3)]
    small = np.asarray(img.resize(size, kernel))
    if rng.random() < m["noise"]:
        small = noise(small, rng.uniform(*m["sigma"]), rng, rng.random() < 0.4)
    return jpeg(small, rng.integers(*m["quality"]), rng.choice([0, 2]))


def twice(rgb, m, rng, scale):
    """Damages a picture as one that was saved, shared and saved again: in two stages, of which the
    first ends at a random size."""
    size = np.array([rgb.shape[1], rgb.shape[0]]) // scale
    between = np.maximum(16, np.rint(size * scale * rng.uniform(*m["between"]))).astype(int)
    first = stage(rgb, m, tuple(between), rng)
    return stage(first, m["second"], tuple(size), rng)


def row(kernel="bicubic", sigma=0, quality=0):
    def make(rgb, scale=2):
        small = shrink(rgb, kernel, scale)
        if sigma:
            small = noise(small, sigma, np.random.default_rng(sigma))
        return jpeg(small, quality) if quality else small
    return make


# The rows by which a model is measured: a name, and the way from the large picture to the small
# one.
ROWS = {
    "bicubic": row(), "lanczos": row("lanczos"), "box": row("box"), "area": row("area"),
    "jpeg-q90": row(quality=90), "jpeg-q75": row(quality=75), "jpeg-q50": row(quality=50),
    "noise-5": row(sigma=5), "noise-10": row(sigma=10),
}

KERNELS = ("bicubic", "bicubic", "bicubic", "box", "lanczos", "area")
# The mixes on which models are trained: the kernels to choose from, the share that stays clean, the
# shares of the rest that get noise and JPEG (independently, but at least one of them), and their
# strengths.
MIXES = {
    "clean": dict(kernels=("bicubic",), clean=1.0),
    "photo": dict(kernels=(*KERNELS, *KERNELS, "lanczos"), clean=0.5, noise=0.25, sigma=(0.5, 11), jpeg=0.85,
                  quality=(37, 95)),
    # a larger network learns rare damage by itself, and needs the common cases
    "photo-hq": dict(kernels=("bicubic", "bicubic", "box", "box", "lanczos", "area"), clean=0.5, noise=0.3,
                     sigma=(0.5, 8), jpeg=0.75, quality=(50, 97)),
    # the widest has noise to spare, and misses clean pictures, box and JPEG
    "photo-max": dict(kernels=("bicubic", "bicubic", "bicubic", "box", "box", "box", "lanczos", "area"), clean=0.45,
                      noise=0.2, sigma=(0.5, 11), jpeg=0.9, quality=(40, 96)),
    "jpeg": dict(kernels=KERNELS, clean=0.1, noise=0.35, sigma=(1, 12), jpeg=0.8,
                 quality=(55, 95)),
    "jpeg-strong": dict(kernels=KERNELS, clean=0.0, noise=0.4, sigma=(5, 25), jpeg=0.85,
                        quality=(15, 75)),
    # for pictures that look good: sharpened targets. Most pictures stay clean, the others go through two rounds of
    # blur, resize, noise and JPEG
    "vivid": dict(sharp=dict(amount=1.0, radius=0.5, least=2), clean=0.7,
                  kernels=("bicubic", "bicubic", "bicubic", "box", "lanczos"),
                  blur=0.5, radius=(0.2, 1.0), between=(0.5, 0.95), noise=0.4, sigma=(1, 8),
                  quality=(55, 96), second=dict(blur=0.2, radius=(0.2, 0.6), noise=0.3, sigma=(0.5, 6),
                                                quality=(55, 96))),
    # a renderer computes a small pixel as the mean of an area: box
    "art": dict(kernels=("box", *KERNELS), clean=0.8, noise=0.0, sigma=(0, 0), jpeg=1.0,
                quality=(60, 96)),
    "art-max": dict(kernels=("box", "box", "box", "box", "bicubic", "bicubic", "bicubic", "lanczos"), clean=0.9,
                    noise=0.0, sigma=(0, 0), jpeg=1.0, quality=(70, 96)),
}


def target(rgb, mix, scale=2):
    """Returns the picture that a mix wants a network to produce. A radius is one of pixels of the small picture."""
    sharp = MIXES[mix].get("sharp")
    return sharpened(rgb, sharp["amount"], scale * sharp["radius"], sharp["least"]) if sharp else rgb


def degrade(rgb, mix, rng, scale=2):
    """Makes a small picture as `mix` (a name) has them."""
    m = MIXES[mix]
    small = shrink(rgb, m["kernels"][rng.integers(len(m["kernels"]))], scale)
    if rng.random() < m["clean"]:
        return small
    if "second" in m:
        return twice(rgb, m, rng, scale)
    noisy, packed = rng.random() < m["noise"], rng.random() < m["jpeg"]
    if noisy or not packed:
        low, high = m["sigma"]
        small = noise(small, rng.uniform(low, high), rng)
    if packed:
        small = jpeg(small, rng.integers(*m["quality"]), rng.choice([0, 2]))
    return small
