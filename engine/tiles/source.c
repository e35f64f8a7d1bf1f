/* source.c - see source.h. */
#include "engine/tiles/source.h"

#include <string.h>

#include "engine/image/color.h"
#include "engine/tiles/border.h"

/* Loads `count` pixels from `x` of a row on to place `at` of an output row. */
typedef void load_run(void *arg, const uint8_t *row, int x, int count, int at);

/* The part of a row that lies inside the picture at once, pixels beyond it one by one. */
static void load_row(const struct image *img, enum model_border border, int y, int begin, int end,
                     load_run *load, void *arg)
{
    const uint8_t *row = img->pixels + (size_t)y * img->row_bytes;
    int width = img->format.width;
    for (int x = begin, count; x < end; x += count) {
        int from = border_map(border, x, width);
        count = 1;
        if (from == x)
            count = end < width ? end - x : width - x;
        if (from != BORDER_NOTHING)
            load(arg, row, from, count, x - begin);
    }
}

struct plain {
    const struct image_format *format;
    enum source source;
    float *const *planes;
};

static void load_plain(void *arg, const uint8_t *row, int x, int count, int at)
{
    const struct plain *p = arg;
    const struct image_format *f = p->format;
    const uint8_t *from = row + (size_t)x * (size_t)(f->channels * f->depth / 8);
    if (p->source == SOURCE_LUMA)
        color_load_ycc(f, from, count, p->planes[0] + at, NULL, NULL);
    else if (p->source == SOURCE_RGB)
        for (int c = 0; c < 3; c++)
            color_load(f, from, count, c, p->planes[c] + at);
    else
        color_load(f, from, count, p->source == SOURCE_GRAY ? 0 : f->channels - 1,
                   p->planes[0] + at);
}

void source_load(const struct image *img, enum model_border border, enum source source, int y,
                 int x, int count, int channels, float *const *planes)
{
    struct plain p = {&img->format, source, planes};
    int from = border_map(border, y, img->format.height);
    size_t bytes = (size_t)count * sizeof **planes;
    int loaded = source == SOURCE_RGB ? 3 : 1;
    if (border == BORDER_ZERO)
        for (int c = 0; c < loaded; c++)
            memset(planes[c], 0, bytes);
    if (from != BORDER_NOTHING)
        load_row(img, border, from, x, x + count, load_plain, &p);
    for (int c = loaded; c < channels; c++)
        memcpy(planes[c], planes[0], bytes);
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
            load_row(img, border, from, area.x, area.x + area.width, load_chroma, &c);
    }
}
