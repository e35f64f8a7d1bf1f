/* tile.c - see tile.h. */
#include "engine/tile.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/color.h"
#include "engine/source.h"
#include "engine/window.h"

enum {
    TILE_BYTES = 6 * 1024 * 1024, /* about what one core's caches hold */
    WINDOW_MOST = 128,            /* input pixels inside a window: its halo costs a third more */
    WINDOW_LEAST = 16,
};

/* Sides of what a tile works on; or, to measure, the largest they can be. */
struct extent {
    int window_width, window_height; /* the largest window */
    int got_width, got_height;       /* what the last network gives */
    int out_width, out_height;
    int near_width, near_height; /* the picture's pixels that chroma is made from */
};

/* Where everything lies in a worker's scratch. */
struct layout {
    float *data;    /* [y][x][c]: what a network gives */
    float *window;  /* [y][x][c]: what the next one takes, with its border */
    float *got;     /* [y][x]: one channel of the last network's output */
    float *near[2]; /* [y][x]: Cb and Cr of the picture */
    float *spare;   /* a row of anything */
    float *out[3];  /* [y][x]: planes of the result */
    float *passes;  /* for resample_run */
    void *plan;
    size_t bytes; /* of all that, SIZE_MAX when it cannot be counted */
};

bool tile_has_chroma(const struct model *m, const struct image_format *f)
{
    return m->color == COLOR_Y && f->channels >= 3;
}

/* Takes count x size bytes from the block at `base`, which may be NULL to measure only. */
static void *take(void *base, size_t *used, size_t count, size_t size)
{
    size_t bytes, end, at = *used;
    if (!size_mul(count, size, &bytes) || !size_add(bytes, MEM_ALIGN - 1, &bytes) ||
        !size_add(at, bytes / MEM_ALIGN * MEM_ALIGN, &end)) {
        *used = SIZE_MAX;
        return NULL;
    }
    *used = end;
    return base ? (unsigned char *)base + at : NULL;
}

static float *take_plane(void *base, size_t *used, int width, int height, size_t channels)
{
    /* sides are below 2^31, so this product fits 64 bits */
    return take(base, used, (size_t)width * (size_t)height, channels * sizeof(float));
}

static size_t area_of(int width, int height)
{
    return (size_t)width * (size_t)height;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static struct layout lay_out(const struct tile_job *job, const struct extent *x, size_t plan_bytes,
                             void *base)
{
    struct layout l;
    size_t used = 0, channels = (size_t)plan_model(job->plan)->geometry.in_channels;
    /* each may hold any stage's pixels, and the last one's with the border a downscale needs */
    int width = larger(x->window_width, x->got_width);
    int height = larger(x->window_height, x->got_height);
    l.window = take_plane(base, &used, width, height, channels);
    l.data = take_plane(base, &used, width, height, channels);
    l.got = take_plane(base, &used, x->got_width, x->got_height, 1);
    for (int i = 0; i < 2; i++)
        l.near[i] = take_plane(base, &used, x->near_width, x->near_height, 1);
    l.spare = take_plane(base, &used, larger(width, x->near_width), 1, 1);
    for (int i = 0; i < 3; i++)
        l.out[i] = take_plane(base, &used, x->out_width, x->out_height, 1);
    struct resample_area got = {0, 0, x->got_width, x->got_height};
    struct resample_area near = {0, 0, x->near_width, x->near_height};
    struct resample_area out = {0, 0, x->out_width, x->out_height};
    size_t down = resample_scratch(got, out), up = resample_scratch(near, out);
    l.passes = take(base, &used, down > up ? down : up, sizeof(float));
    l.plan = take(base, &used, plan_bytes, 1);
    l.bytes = used;
    return l;
}

/* The side of the last network's output that tiles are laid out for. */
static int tile_side(const struct plan *p)
{
    const struct model_geometry *g = &plan_model(p)->geometry;
    int inside = WINDOW_MOST;
    size_t bytes;
    for (; inside > WINDOW_LEAST; inside /= 2) {
        int window = window_bound(g, 1, inside * g->scale);
        if (plan_scratch_bytes(p, window, window, &bytes, NULL) == ERR_OK && bytes <= TILE_BYTES)
            break;
    }
    return inside * g->scale;
}

/* How much more than a side a downscale may want: the networks make up to `full` times the picture
 * and the output may be as small as the picture along one axis, and an antialiased bicubic reaches
 * two output pixels, which are 2 * full, to either side. With the fifth `full` a tile of one pixel
 * always fits. */
static int tile_margin(const struct plan *p)
{
    int scale = plan_model(p)->geometry.scale, full = scale;
    while (full < 1 << WINDOW_MAX_STAGES)
        full *= scale;
    return 5 * full + 2;
}

int tile_most(const struct plan *p, int full, int out)
{
    int side = tile_side(p), ratio = (full + out - 1) / out;
    if (full == out)
        return side;
    int most = (side + tile_margin(p) - 2) / ratio - 4; /* want <= (most + 4) * ratio + 2 */
    return most < side ? most : side;
}

static enum err_code measure(const struct tile_job *job, const struct extent *x, size_t *bytes,
                             struct err *e)
{
    size_t plan_bytes = 0;
    enum err_code rc =
        plan_scratch_bytes(job->plan, x->window_width, x->window_height, &plan_bytes, e);
    if (rc != ERR_OK)
        return rc;
    struct layout l = lay_out(job, x, plan_bytes, NULL);
    if (l.bytes == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    *bytes = l.bytes;
    return ERR_OK;
}

enum err_code tile_scratch_bytes(const struct plan *p, size_t *bytes, struct err *e)
{
    const struct model_geometry *g = &plan_model(p)->geometry;
    int side = tile_side(p), got = side + tile_margin(p);
    int window = window_bound(g, WINDOW_MAX_STAGES, got);
    const struct tile_job job = {.plan = p};
    struct extent x = {window, window, got, got, side, side, got, got};
    return measure(&job, &x, bytes, e);
}

enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    int width = job->img->format.width, height = job->img->format.height;
    int got_width = window_side(g, job->stages, width);
    int got_height = window_side(g, job->stages, height), margin = tile_margin(job->plan);
    struct extent x = {
        window_bound(g, 1, got_width),
        window_bound(g, 1, got_height),
        got_width + margin,
        got_height + margin,
        job->out.width,
        job->out.height,
        width + margin,
        height + margin,
    };
    return measure(job, &x, bytes, e);
}

/* One axis of a tile: what is wanted of the last network's output, and the windows for it. */
struct axis {
    int side; /* of the picture */
    struct window_span want;
    struct window_chain chain;
};

/* Brings the picture to the wanted area of the last network's output, [y][x][c], which is in
 * l->data or, where it reaches beyond the edge, in l->window. */
static const float *run_networks(const struct tile_job *job, const struct layout *l,
                                 enum source source, const struct axis *ax, const struct axis *ay)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    size_t channels = (size_t)g->in_channels;
    for (int k = 1; k <= job->stages; k++) {
        const struct window_span *sx = &ax->chain.stage[k], *sy = &ay->chain.stage[k];
        struct resample_area window = {sx->begin, sy->begin, sx->end - sx->begin,
                                       sy->end - sy->begin};
        if (k == 1)
            source_load(job->img, job->border, source, window, g->in_channels, l->window, l->spare);
        else
            window_extend(job->border, window_side(g, k - 1, ax->side),
                          window_side(g, k - 1, ay->side), sx, sy, channels, l->data, l->window);
        const struct window_span *nx = k == job->stages ? &ax->want : sx + 1;
        const struct window_span *ny = k == job->stages ? &ay->want : sy + 1;
        struct plan_rect keep = {nx->first - sx->begin * g->scale, ny->first - sy->begin * g->scale,
                                 nx->last - nx->first, ny->last - ny->first};
        plan_run(job->plan, l->plan, l->window, window.width, window.height, keep, l->data,
                 (size_t)keep.width * channels);
    }
    if (window_is_inside(&ax->want) && window_is_inside(&ay->want))
        return l->data;
    window_extend(job->border, window_side(g, job->stages, ax->side),
                  window_side(g, job->stages, ay->side), &ax->want, &ay->want, channels, l->data,
                  l->window);
    return l->window;
}

/* Takes channel `c` of made[y][x][channels] apart into l->got. */
static void pick(const struct layout *l, const float *made, size_t count, size_t channels, size_t c)
{
    for (size_t i = 0; i < count; i++)
        l->got[i] = made[i * channels + c];
}

/* The luma of made[y][x][3]: what an RGB model makes of a gray picture. */
static void fold(const struct layout *l, const float *made, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float *rgb = made + 3 * i;
        l->got[i] = rgb[1] + 0.299f * (rgb[0] - rgb[1]) + 0.114f * (rgb[2] - rgb[1]);
    }
}

/* All that a tile's computation is made of. */
struct tile {
    const struct tile_job *job;
    struct resample_area area, want, near;
    struct axis x, y;
    struct layout l;
};

/* Brings l->got, `want` of the last network's size, to `area` of the output's. */
static void shrink(const struct tile *t, float *out)
{
    const struct tile_job *job = t->job;
    if (job->down_x)
        resample_run(job->down_x, job->down_y, t->l.got, t->want, out, t->area, t->l.passes);
    else
        memcpy(out, t->l.got, area_of(t->want.width, t->want.height) * sizeof *out);
}

/* Cb and Cr of the area, into l->out[1] and [2]. */
static void run_chroma(const struct tile *t)
{
    const struct layout *l = &t->l;
    source_load_chroma(t->job->img, t->job->border, t->near, l->near[0], l->near[1], l->spare);
    for (int i = 0; i < 2; i++)
        resample_run(t->job->chroma_x, t->job->chroma_y, l->near[i], t->near, l->out[1 + i],
                     t->area, l->passes);
}

static void store_plane(const struct tile_job *job, const float *plane, struct resample_area area,
                        int channel, uint8_t *pixels, size_t row_bytes)
{
    for (int y = 0; y < area.height; y++)
        color_store(&job->out, plane + (size_t)y * (size_t)area.width, area.width, channel,
                    pixels + (size_t)y * row_bytes);
}

/* One sample a pixel through the network, into l->out[0]. */
static void run_single(const struct tile *t, enum source source)
{
    const struct layout *l = &t->l;
    size_t count = area_of(t->want.width, t->want.height);
    const float *made = run_networks(t->job, l, source, &t->x, &t->y);
    if (plan_model(t->job->plan)->geometry.in_channels == 1)
        pick(l, made, count, 1, 0);
    else
        fold(l, made, count);
    shrink(t, l->out[0]);
}

static void run_rgb(const struct tile *t, uint8_t *pixels, size_t row_bytes)
{
    const struct layout *l = &t->l;
    size_t count = area_of(t->want.width, t->want.height);
    const float *made = run_networks(t->job, l, SOURCE_RGB, &t->x, &t->y);
    for (int c = 0; c < 3; c++) {
        pick(l, made, count, 3, (size_t)c);
        shrink(t, l->out[c]);
        store_plane(t->job, l->out[c], t->area, c, pixels, row_bytes);
    }
}

static void run_luma_and_chroma(const struct tile *t, uint8_t *pixels, size_t row_bytes)
{
    const struct layout *l = &t->l;
    run_single(t, SOURCE_LUMA);
    run_chroma(t);
    for (int y = 0; y < t->area.height; y++) {
        size_t at = (size_t)y * (size_t)t->area.width;
        color_store_ycc(&t->job->out, l->out[0] + at, l->out[1] + at, l->out[2] + at, t->area.width,
                        pixels + (size_t)y * row_bytes);
    }
}

static void run_alpha(const struct tile *t, uint8_t *pixels, size_t row_bytes)
{
    const struct layout *l = &t->l;
    size_t count = area_of(t->area.width, t->area.height);
    if (t->job->alpha)
        run_single(t, SOURCE_ALPHA);
    else
        for (size_t i = 0; i < count; i++)
            l->out[0][i] = 1.0f;
    store_plane(t->job, l->out[0], t->area, t->job->out.channels - 1, pixels, row_bytes);
}

/* The part of a plane that `area` of the resampled one is made from. */
static struct resample_area reach(const struct resample_axis *x, const struct resample_axis *y,
                                  struct resample_area area)
{
    int x0, x1, y0, y1;
    resample_axis_reach(x, area.x, area.x + area.width, &x0, &x1);
    resample_axis_reach(y, area.y, area.y + area.height, &y0, &y1);
    return (struct resample_area){x0, y0, x1 - x0, y1 - y0};
}

/* Asks backwards, along one axis, from positions begin..begin+count-1 of the last network. */
static void find_axis(const struct tile_job *job, int side, int begin, int count, struct axis *out)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    out->side = side;
    out->want = window_behind(g, job->border, job->stages, window_side(g, job->stages, side), begin,
                              begin + count);
    window_chain_find(g, job->border, job->stages, side, out->want.first, out->want.last,
                      &out->chain);
}

static int widest(const struct axis *a, int stages)
{
    int most = 0;
    for (int k = 1; k <= stages; k++)
        most = larger(most, a->chain.stage[k].end - a->chain.stage[k].begin);
    return most;
}

void tile_run(const struct tile_job *job, struct resample_area area, uint8_t *pixels,
              size_t row_bytes, void *scratch)
{
    struct tile t = {.job = job, .area = area, .want = area};
    if (job->down_x)
        t.want = reach(job->down_x, job->down_y, area);
    if (job->chroma_x)
        t.near = reach(job->chroma_x, job->chroma_y, area);
    find_axis(job, job->img->format.width, t.want.x, t.want.width, &t.x);
    find_axis(job, job->img->format.height, t.want.y, t.want.height, &t.y);
    struct extent x = {
        widest(&t.x, job->stages),
        widest(&t.y, job->stages),
        t.want.width,
        t.want.height,
        area.width,
        area.height,
        t.near.width,
        t.near.height,
    };
    size_t bytes = 0;
    /* the sizes were bounded before any work; a mistake there must not reach memory */
    assert(measure(job, &x, &bytes, NULL) == ERR_OK && bytes <= job->scratch_bytes);
    t.l = lay_out(job, &x, 0, scratch);
    if (job->out.channels < 3) {
        run_single(&t, SOURCE_GRAY);
        store_plane(job, t.l.out[0], area, 0, pixels, row_bytes);
    } else if (job->chroma_x) {
        run_luma_and_chroma(&t, pixels, row_bytes);
    } else {
        run_rgb(&t, pixels, row_bytes);
    }
    if (image_has_alpha(&job->out))
        run_alpha(&t, pixels, row_bytes);
}
