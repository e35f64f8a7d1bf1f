/* source.c - see source.h. */
#include "engine/tiles/source.h"

#include <string.h>

#include "engine/image/color.h"
#include "engine/tiles/border.h"

/* Loads `count` pixels of a row, from `x` on, to position `at` of an output row. */
typedef void load_run(void *arg, const uint8_t *row, int x, int count, int at);

/* Loads the samples `x` of row y: the part inside the picture together, the others one by one. */
static void load_row(const struct source *s, int y, struct span x, load_run *load, void *arg)
{
    const struct image *img = s->img;
    const uint8_t *row = img->pixels + (size_t)y * img->row_bytes;
    int width = img->format.width;
    for (int at = x.lo, count; at < x.hi; at += count) {
        int from = border_map(s->border, at, width);
        count = 1;
        if (from == at)
            count = x.hi < width ? x.hi - at : width - at;
        if (from != BORDER_NOTHING)
            load(arg, row, from, count, at - x.lo);
    }
}

struct plain {
    const struct source *source;
    float *const *planes;
};

static void load_plain(void *arg, const uint8_t *row, int x, int count, int at)
{
    const struct plain *p = arg;
    const struct image_format *f = &p->source->img->format;
    enum source_kind kind = p->source->kind;
    const uint8_t *from = row + (size_t)x * (size_t)(f->channels * f->depth / 8);
    if (kind == SOURCE_LUMA)
        color_load_ycc(f, from, count, &(struct color_planes){p->planes[0] + at, NULL, NULL});
    else if (kind == SOURCE_RGB)
        for (int c = 0; c < 3; c++)
            color_load(f, from, count, c, p->planes[c] + at);
    else
        color_load(f, from, count, kind == SOURCE_GRAY ? 0 : f->channels - 1, p->planes[0] + at);
}

void source_load(const struct source *s, int y, struct span x, int channels, float *const *planes)
{
    struct plain p = {s, planes};
    int from = border_map(s->border, y, s->img->format.height);
    size_t bytes = (size_t)(x.hi - x.lo) * sizeof **planes;
    int loaded = s->kind == SOURCE_RGB ? 3 : 1;
    if (s->border == BORDER_ZERO)
        for (int c = 0; c < loaded; c++)
            memset(planes[c], 0, bytes);
    if (from != BORDER_NOTHING)
        load_row(s, from, x, load_plain, &p);
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
    struct color_planes to = {c->spare, c->cb + at, c->cr + at};
    color_load_ycc(c->format, from, count, &to);
}

void source_load_chroma(const struct source *s, struct resample_area area, float *restrict cb,
                        float *restrict cr, float *restrict spare)
{
    size_t row = (size_t)area.width;
    struct chroma c = {&s->img->format, cb, cr, spare};
    struct span x = {area.x, area.x + area.width};
    if (s->border == BORDER_ZERO) { /* black has no chroma */
        memset(cb, 0, (size_t)area.height * row * sizeof *cb);
        memset(cr, 0, (size_t)area.height * row * sizeof *cr);
    }
    for (int y = 0; y < area.height; y++, c.cb += row, c.cr += row) {
        int from = border_map(s->border, area.y + y, s->img->format.height);
        if (from != BORDER_NOTHING)
            load_row(s, from, x, load_chroma, &c);
    }
}
