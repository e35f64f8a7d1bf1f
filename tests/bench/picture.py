"""Makes the picture that `upscaled bench` measures with (server/commands/bench_picture.c)."""
import numpy as np

GRAIN, EDGE = 6, 60


def lattice(x, y, octave):
    h = (x * np.uint32(0x9E3779B1) ^ y * np.uint32(0x85EBCA77)
         ^ np.uint32(octave * 0xC2B2AE3D & 0xFFFFFFFF))
    h = (h ^ h >> np.uint32(15)) * np.uint32(0x2C1B3C6D)
    h = (h ^ h >> np.uint32(12)) * np.uint32(0x297A2D39)
    return (h >> np.uint32(24)).astype(np.int64)


def noise(width, height, octave):
    cell = 1 << octave
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    fx, fy = x % cell, y % cell
    cx, cy, one = (x >> octave).astype(np.uint32), (y >> octave).astype(np.uint32), np.uint32(1)
    top = lattice(cx, cy, octave) * (cell - fx) + lattice(cx + one, cy, octave) * fx
    bottom = lattice(cx, cy + one, octave) * (cell - fx) + lattice(cx + one, cy + one, octave) * fx
    return (top * (cell - fy) + bottom * fy) >> (2 * octave)


def picture(width, height, channels):
    """Returns [y][x][c] of bytes."""
    n = {o: noise(width, height, o) for o in (0, 2, 4, 6, 7, 8, 9)}
    shade = (n[8] * 4 + n[6] * 2 + n[4] + n[2]) // 8
    v = shade // 2 + (n[7] > 128) * EDGE + n[0] * GRAIN // 256 + 32
    planes = [v + np.trunc(c * (n[9] - 128) / 8).astype(np.int64) for c in range(channels)]
    return np.stack(planes, -1).clip(0, 255).astype(np.uint8)
