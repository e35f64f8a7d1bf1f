/* source.c - see source.h. */
#include "engine/source.h"

#include <string.h>

#include "engine/border.h"
#include "engine/image/color.h"

/* Loads `count` pixels from `x` of a row on to place `at` of an output row. */
typedef void load_run(void *arg, const uint8_t *row, int x, int count, int at);

/* One row of an area: the part inside the picture at once, pixels beyond it one by one. */
static void load_row(const struct image *img, enum model_border border, int y,
                     struct resample_area area, load_run *load, void *arg)
{
    const uint8_t *row = img->pixels + (size_t)y * img->row_bytes;
    int width = img->format.width, end = area.x + area.width;
    for (int x = area.x, count; x < end; x += count) {
        int from = border_map(border, x, width);
        count = 1;
        if (from == x)
            count = end < width ? end - x : width - x;
        if (from != BORDER_NOTHING)
            load(arg, row, from, count, x - area.x);
    }
}

struct plain {
    const struct image_format *format;
    enum source source;
    int channels;
    float *out, *spare;
};

static void load_plain(void *arg, const uint8_t *row, int x, int count, int at)
{
    const struct plain *p = arg;
    const struct image_format *f = p->format;
    size_t channels = (size_t)p->channels;
    const uint8_t *from = row + (size_t)x * (size_t)(f->channels * f->depth / 8);
    float *out = p->out + (size_t)at * channels;
    if (p->source == SOURCE_LUMA) {
        color_load_ycc(f, from, count, out, NULL, NULL);
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        int channel = p->source == SOURCE_RGB    ? (int)c
                      : p->source == SOURCE_GRAY ? 0
                                                 : f->channels - 1;
        color_load(f, from, count, channel, channels == 1 ? out : p->spare);
        for (int i = 0; channels > 1 && i < count; i++)
            out[(size_t)i * channels + c] = p->spare[i];
    }
}

void source_load(const struct image *img, enum model_border border, enum source source,
                 struct resample_area area, int channels, float *restrict out,
                 float *restrict spare)
{
    size_t row = (size_t)area.width * (size_t)channels;
    struct plain p = {&img->format, source, channels, out, spare};
    if (border == BORDER_ZERO)
        memset(out, 0, (size_t)area.height * row * sizeof *out);
    for (int y = 0; y < area.height; y++, p.out += row) {
        int from = border_map(border, area.y + y, img->format.height);
        if (from != BORDER_NOTHING)
            load_row(img, border, from, area, load_plain, &p);
    }
}

struct chroma {
    const struct image_format *format;
    float *cb, *cr, *spare;
};

static void load_chroma(void *arg, const uint8_t *row, int x, int count, int at)
{
    const struct chroma *c = arg;
    const uint8_t *from = row + (size_t)x * (size_t)(c->format->channels * c->format->depth / 8);
    color_load_ycc(c->format, from, count, c->spare, c->cb + at, c->cr + at);
}

void source_load_chroma(const struct image *img, enum model_border border,
                        struct resample_area area, float *restrict cb, float *restrict cr,
                        float *restrict spare)
{
    size_t row = (size_t)area.width;
    struct chroma c = {&img->format, cb, cr, spare};
    if (border == BORDER_ZERO) { /* black has no colour */
        memset(cb, 0, (size_t)area.height * row * sizeof *cb);
        memset(cr, 0, (size_t)area.height * row * sizeof *cr);
    }
    for (int y = 0; y < area.height; y++, c.cb += row, c.cr += row) {
        int from = border_map(border, area.y + y, img->format.height);
        if (from != BORDER_NOTHING)
            load_row(img, border, from, area, load_chroma, &c);
    }
}
