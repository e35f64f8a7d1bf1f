/* tile.c - see tile.h. */
#include "engine/tile.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/border.h"
#include "engine/image/color.h"
#include "engine/window.h"

enum {
    DOWN_MARGIN = 16,             /* an antialiased bicubic reaches less than 8 pixels each way */
    TILE_BYTES = 6 * 1024 * 1024, /* about what one core's caches hold */
    WINDOW_MOST = 128,            /* input pixels inside a window: its halo costs a third more */
    WINDOW_LEAST = 16,
};

/* Which samples of the picture go through the network. */
enum source { SOURCE_LUMA, SOURCE_RGB, SOURCE_GRAY, SOURCE_ALPHA };

/* Sides of what a tile works on; or, to measure, the largest they can be. */
struct extent {
    int window_width, window_height; /* the largest window */
    int got_width, got_height;       /* what the last network gives */
    int out_width, out_height;
    int near_width, near_height; /* the picture's pixels that chroma is made from */
};

/* Where everything lies in a worker's scratch. */
struct layout {
    float *data;    /* [y][x][c]: the picture's samples, then what each network gives */
    float *window;  /* [y][x][c]: the same with its border */
    float *got;     /* [y][x]: one channel of the last network's output */
    float *near[2]; /* [y][x]: Cb and Cr of the picture */
    float *unread;  /* one row of the luma that comes with them */
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

static struct layout lay_out(const struct tile_job *job, const struct extent *x, size_t plan_bytes,
                             void *base)
{
    struct layout l;
    size_t used = 0, channels = (size_t)plan_model(job->plan)->geometry.in_channels;
    bool got_larger =
        area_of(x->got_width, x->got_height) > area_of(x->window_width, x->window_height);
    l.window = take_plane(base, &used, x->window_width, x->window_height, channels);
    l.data = got_larger ? take_plane(base, &used, x->got_width, x->got_height, channels)
                        : take_plane(base, &used, x->window_width, x->window_height, channels);
    l.got = take_plane(base, &used, x->got_width, x->got_height, 1);
    for (int i = 0; i < 2; i++)
        l.near[i] = take_plane(base, &used, x->near_width, x->near_height, 1);
    l.unread = take_plane(base, &used, x->near_width, 1, 1);
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

int tile_side(const struct plan *p)
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
    int side = tile_side(p), got = side + DOWN_MARGIN;
    int window = window_bound(g, WINDOW_MAX_STAGES, got);
    struct tile_job job = {.plan = p};
    struct extent x = {window, window, got, got, side, side, got, got};
    return measure(&job, &x, bytes, e);
}

enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    int width = job->img->format.width, height = job->img->format.height;
    int got_width = window_side(g, job->stages, width);
    int got_height = window_side(g, job->stages, height);
    struct extent x = {
        window_bound(g, 1, got_width),
        window_bound(g, 1, got_height),
        got_width,
        got_height,
        job->out.width,
        job->out.height,
        width,
        height,
    };
    return measure(job, &x, bytes, e);
}

/* Loads the picture's pixels x0.., y0.. as [y][x][c]; `row` holds three rows of `width` floats. */
static void load(const struct tile_job *job, enum source source, struct resample_area a,
                 float *data, float *row)
{
    const struct image_format *f = &job->img->format;
    size_t width = (size_t)a.width, pixel_bytes = (size_t)(f->channels * f->depth / 8);
    int channels = plan_model(job->plan)->geometry.in_channels;
    for (int y = 0; y < a.height; y++) {
        const uint8_t *from =
            job->img->pixels + (size_t)(a.y + y) * job->img->row_bytes + (size_t)a.x * pixel_bytes;
        float *to = data + (size_t)y * width * (size_t)channels;
        if (source == SOURCE_LUMA) {
            color_load_ycc(f, from, a.width, to, NULL, NULL);
            continue;
        }
        for (int c = 0; c < channels; c++) {
            int channel = source == SOURCE_RGB ? c : source == SOURCE_GRAY ? 0 : f->channels - 1;
            color_load(f, from, a.width, channel, channels == 1 ? to : row);
            for (size_t x = 0; channels > 1 && x < width; x++)
                to[x * (size_t)channels + (size_t)c] = row[x];
        }
    }
}

/* Spreads data[y][x][c], the pixels first..last-1, over the positions of a window. */
static void extend(enum model_border border, int width, int height, const struct window_span *sx,
                   const struct window_span *sy, size_t channels, const float *data, float *window)
{
    size_t data_row = (size_t)(sx->last - sx->first) * channels;
    size_t window_row = (size_t)(sx->end - sx->begin) * channels;
    bool endless_x = sx->first == sx->begin && sx->last == sx->end;
    bool endless_y = sy->first == sy->begin && sy->last == sy->end;
    for (int y = sy->begin; y < sy->end; y++, window += window_row) {
        int from_y = endless_y ? y : border_map(border, y, height);
        if (!endless_y && from_y == BORDER_NOTHING) {
            memset(window, 0, window_row * sizeof *window);
            continue;
        }
        const float *from = data + (size_t)(from_y - sy->first) * data_row;
        if (endless_x) {
            memcpy(window, from, window_row * sizeof *window);
            continue;
        }
        float *to = window;
        for (int x = sx->begin; x < sx->end; x++, to += channels) {
            int from_x = border_map(border, x, width);
            if (from_x == BORDER_NOTHING)
                memset(to, 0, channels * sizeof *to);
            else
                memcpy(to, from + (size_t)(from_x - sx->first) * channels, channels * sizeof *to);
        }
    }
}

/* Brings l->data from the picture to the area `want` of the last network's output. */
static void run_networks(const struct tile_job *job, const struct layout *l, enum source source,
                         struct resample_area want, const struct window_chain *wx,
                         const struct window_chain *wy)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    const struct image_format *f = &job->img->format;
    size_t channels = (size_t)g->in_channels;
    struct resample_area a = {wx->stage[1].first, wy->stage[1].first,
                              wx->stage[1].last - wx->stage[1].first,
                              wy->stage[1].last - wy->stage[1].first};
    load(job, source, a, l->data, l->window); /* the window is not in use yet: a row to spare */
    for (int k = 1; k <= job->stages; k++) {
        const struct window_span *sx = &wx->stage[k], *sy = &wy->stage[k];
        extend(job->border, window_side(g, k - 1, f->width), window_side(g, k - 1, f->height), sx,
               sy, channels, l->data, l->window);
        bool last = k == job->stages;
        int x0 = last ? want.x : sx[1].first, x1 = last ? want.x + want.width : sx[1].last;
        int y0 = last ? want.y : sy[1].first, y1 = last ? want.y + want.height : sy[1].last;
        struct plan_rect keep = {x0 - sx->begin * g->scale, y0 - sy->begin * g->scale, x1 - x0,
                                 y1 - y0};
        plan_run(job->plan, l->plan, l->window, sx->end - sx->begin, sy->end - sy->begin, keep,
                 l->data, (size_t)keep.width * channels);
    }
}

/* Takes channel `c` of l->data, [y][x][channels], apart into l->got. */
static void pick(const struct layout *l, size_t count, size_t channels, size_t c)
{
    for (size_t i = 0; i < count; i++)
        l->got[i] = l->data[i * channels + c];
}

/* The luma of l->data, [y][x][3]: what an RGB model makes of a gray picture. */
static void fold(const struct layout *l, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float *rgb = l->data + 3 * i;
        l->got[i] = rgb[1] + 0.299f * (rgb[0] - rgb[1]) + 0.114f * (rgb[2] - rgb[1]);
    }
}

/* Brings l->got, `want` of the last network's size, to `area` of the output's. */
static void shrink(const struct tile_job *job, const struct layout *l, struct resample_area want,
                   struct resample_area area, float *out)
{
    if (job->down_x)
        resample_run(job->down_x, job->down_y, l->got, want, out, area, l->passes);
    else
        memcpy(out, l->got, area_of(want.width, want.height) * sizeof *out);
}

/* Cb and Cr of the area, into l->out[1] and [2]. */
static void run_chroma(const struct tile_job *job, const struct layout *l,
                       struct resample_area near, struct resample_area area)
{
    const struct image_format *f = &job->img->format;
    size_t pixel_bytes = (size_t)(f->channels * f->depth / 8);
    for (int y = 0; y < near.height; y++) {
        const uint8_t *row = job->img->pixels + (size_t)(near.y + y) * job->img->row_bytes +
                             (size_t)near.x * pixel_bytes;
        size_t at = (size_t)y * (size_t)near.width;
        color_load_ycc(f, row, near.width, l->unread, l->near[0] + at, l->near[1] + at);
    }
    for (int i = 0; i < 2; i++)
        resample_run(job->chroma_x, job->chroma_y, l->near[i], near, l->out[1 + i], area,
                     l->passes);
}

static void store_plane(const struct tile_job *job, const float *plane, struct resample_area area,
                        int channel, uint8_t *pixels, size_t row_bytes)
{
    for (int y = 0; y < area.height; y++)
        color_store(&job->out, plane + (size_t)y * (size_t)area.width, area.width, channel,
                    pixels + (size_t)y * row_bytes);
}

/* All that a tile's computation is made of. */
struct tile {
    const struct tile_job *job;
    struct resample_area area, want, near;
    struct window_chain x, y;
    struct layout l;
};

static void run_color(const struct tile *t, uint8_t *pixels, size_t row_bytes)
{
    const struct tile_job *job = t->job;
    const struct layout *l = &t->l;
    size_t count = area_of(t->want.width, t->want.height);
    int net = plan_model(job->plan)->geometry.in_channels;
    if (job->out.channels < 3) {
        run_networks(job, l, SOURCE_GRAY, t->want, &t->x, &t->y);
        if (net == 1)
            pick(l, count, 1, 0);
        else
            fold(l, count);
        shrink(job, l, t->want, t->area, l->out[0]);
        store_plane(job, l->out[0], t->area, 0, pixels, row_bytes);
        return;
    }
    run_networks(job, l, net == 1 ? SOURCE_LUMA : SOURCE_RGB, t->want, &t->x, &t->y);
    for (int c = 0; c < net; c++) {
        pick(l, count, (size_t)net, (size_t)c);
        shrink(job, l, t->want, t->area, l->out[c]);
        if (net == 3)
            store_plane(job, l->out[c], t->area, c, pixels, row_bytes);
    }
    if (net == 3)
        return;
    run_chroma(job, l, t->near, t->area);
    for (int y = 0; y < t->area.height; y++) {
        size_t at = (size_t)y * (size_t)t->area.width;
        color_store_ycc(&job->out, l->out[0] + at, l->out[1] + at, l->out[2] + at, t->area.width,
                        pixels + (size_t)y * row_bytes);
    }
}

static void run_alpha(const struct tile *t, uint8_t *pixels, size_t row_bytes)
{
    const struct tile_job *job = t->job;
    const struct layout *l = &t->l;
    size_t count = area_of(t->want.width, t->want.height);
    if (job->alpha) {
        run_networks(job, l, SOURCE_ALPHA, t->want, &t->x, &t->y);
        if (plan_model(job->plan)->geometry.in_channels == 1)
            pick(l, count, 1, 0);
        else
            fold(l, count);
        shrink(job, l, t->want, t->area, l->out[0]);
    } else {
        size_t pixels_out = area_of(t->area.width, t->area.height);
        for (size_t i = 0; i < pixels_out; i++)
            l->out[0][i] = 1.0f;
    }
    store_plane(job, l->out[0], t->area, job->out.channels - 1, pixels, row_bytes);
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

static int widest(const struct window_chain *c, int stages)
{
    int most = 0;
    for (int k = 1; k <= stages; k++) {
        int side = c->stage[k].end - c->stage[k].begin;
        most = side > most ? side : most;
    }
    return most;
}

void tile_run(const struct tile_job *job, struct resample_area area, uint8_t *pixels,
              size_t row_bytes, void *scratch)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    const struct image_format *f = &job->img->format;
    struct tile t = {.job = job, .area = area, .want = area};
    if (job->down_x)
        t.want = reach(job->down_x, job->down_y, area);
    if (job->chroma_x)
        t.near = reach(job->chroma_x, job->chroma_y, area);
    window_chain_find(g, job->border, job->stages, f->width, t.want.x, t.want.x + t.want.width,
                      &t.x);
    window_chain_find(g, job->border, job->stages, f->height, t.want.y, t.want.y + t.want.height,
                      &t.y);
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
    t.l = lay_out(job, &x, 0, scratch);
    run_color(&t, pixels, row_bytes);
    if (image_has_alpha(&job->out))
        run_alpha(&t, pixels, row_bytes);
}
