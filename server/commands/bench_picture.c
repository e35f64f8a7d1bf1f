/* bench_picture.c - makes a picture to measure with. Its noise is a hash of positions, so that any
 * program can make the same picture (value noise after Perlin 1985, "An Image Synthesizer"). */
#include "server/commands/bench.h"

enum { GRAIN = 6, EDGE = 60 };

/* Returns the value, 0..255, of a point of the lattice of that octave. */
static int lattice(uint32_t x, uint32_t y, uint32_t octave)
{
    uint32_t h = x * 0x9E3779B1u ^ y * 0x85EBCA77u ^ octave * 0xC2B2AE3Du;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return (int)(h >> 24);
}

/* Returns the noise at a pixel, 0..255: values at the corners of cells of 2^octave pixels,
 * interpolated linearly. */
static int noise(int x, int y, int octave)
{
    int cell = 1 << octave, fx = x & (cell - 1), fy = y & (cell - 1);
    uint32_t cx = (uint32_t)(x >> octave), cy = (uint32_t)(y >> octave), o = (uint32_t)octave;
    int top = lattice(cx, cy, o) * (cell - fx) + lattice(cx + 1, cy, o) * fx;
    int bottom = lattice(cx, cy + 1, o) * (cell - fx) + lattice(cx + 1, cy + 1, o) * fx;
    return (top * (cell - fy) + bottom * fy) >> (2 * octave);
}

static uint8_t sample(int x, int y, int channel)
{
    int shade = (noise(x, y, 8) * 4 + noise(x, y, 6) * 2 + noise(x, y, 4) + noise(x, y, 2)) / 8;
    int edge = noise(x, y, 7) > 128 ? EDGE : 0;
    int tint = channel * (noise(x, y, 9) - 128) / 8;
    int v = shade / 2 + edge + tint + noise(x, y, 0) * GRAIN / 256 + 32;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

enum err_code bench_picture(int width, int height, int channels, struct image **out, struct err *e)
{
    struct image_format f = {width, height, channels, 8};
    struct image *img;
    enum err_code rc = image_new(&f, &img, e);
    if (rc != ERR_OK)
        return rc;
    for (int y = 0; y < height; y++) {
        uint8_t *row = img->pixels + (size_t)y * img->row_bytes;
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++)
                *row++ = sample(x, y, c);
    }
    *out = img;
    return ERR_OK;
}
