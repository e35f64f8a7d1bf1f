/* plan.c - see plan.h. It chooses how a model runs, and cuts windows for models that run layer by
 * layer. */
#include "engine/nn/plan.h"

#include "engine/base/cpu.h"
#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/plan_ways.h"

enum {
    WINDOW_BYTES = 6 * 1024 * 1024, /* about the size of one core's caches */
    WINDOW_MOST = 128,              /* side in pixels without the halo, which costs a third more */
    WINDOW_LEAST = 16,
    STRIP_MOST = 512, /* width in pixels; wider strips gain nothing */
    STRIP_LEAST = 32,
    STRIP_HALOS = 48, /* height of a strip in halos; the halo then adds a forty-eighth */
    STRIP_LEAST_ROWS = 256,
    MOST_SIDE = 1 << 24,
    MOST_CHANNELS = 3, /* at the ends of a model */
};

enum err_code plan_new(const struct model *m, const struct kernels *kernels, struct plan **out,
                       struct err *e)
{
    struct plan *p = mem_calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_MEMORY, "no memory for the plan of %d layers", m->layer_count);
    enum err_code rc = ERR_OK;
    p->m = m;
    p->reason = (struct stream_reason){0, "kernels are off"};
    if (kernels)
        rc = stream_new(m, kernels, &p->stream, &p->reason, e);
    if (rc == ERR_OK && !p->stream)
        rc = layerwise_new(m, &p->layerwise, e);
    if (rc == ERR_OK) {
        *out = p;
        p = NULL;
    }
    plan_free(p);
    return rc;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    stream_free(p->stream);
    layerwise_free(p->layerwise);
    mem_free(p);
}

const struct model *plan_model(const struct plan *p)
{
    return p->m;
}

bool plan_streams(const struct plan *p)
{
    return p->stream != NULL;
}

const char *plan_path(const struct plan *p, int i, const char **why)
{
    static const char *const names[] = {
        [STREAM_LOAD] = "load",           [STREAM_CONV] = "direct",
        [STREAM_WINOGRAD] = "winograd",   [STREAM_PLANES] = "planes",
        [STREAM_TALL] = "tall",           [STREAM_MERGE] = "rows",
        [STREAM_UNBLOCK] = "unblock",     [STREAM_UPSAMPLE] = "resize",
        [STREAM_JOIN] = "join",           [STREAM_SHUFFLE] = "shuffle",
        [STREAM_UNSHUFFLE] = "unshuffle",
    };
    *why = !p->stream && p->reason.layer == i ? p->reason.why : NULL;
    if (!p->stream)
        return "reference";
    for (int k = 0; k < p->stream->step_count; k++)
        if (p->stream->steps[k].layer == &p->m->layers[i])
            return names[p->stream->steps[k].op];
    return NULL;
}

static int multiple_below(int64_t i, int step)
{
    return (int)(floor_div(i, step) * step);
}

static int multiple_above(int64_t i, int step)
{
    return (int)(ceil_div(i, step) * step);
}

/* Finds a window with context on both sides. If the model pads, the window reaches beyond the
 * picture only for the alignment. */
static struct span window_of(const struct model_geometry *g, int side, bool padded,
                             struct span want)
{
    if (g->whole)
        want = (struct span){0, side * g->scale};
    struct span w = {multiple_below(floor_div(want.lo, g->scale) - g->halo, g->align),
                     multiple_above(ceil_div(want.hi, g->scale) + g->halo, g->align)};
    if (padded) {
        int last = multiple_above(side > g->least ? side : g->least, g->align);
        w.lo = w.lo > 0 ? w.lo : 0;
        w.hi = w.hi < last ? w.hi : last;
        if (w.hi - w.lo < g->least)
            w.lo = w.hi - g->least > 0 ? w.hi - g->least : 0;
    }
    if (w.hi - w.lo < g->least)
        w.hi = w.lo + g->least;
    return w;
}

struct span plan_reach(const struct plan *p, enum axis axis, const struct plan_picture *picture,
                       struct span want)
{
    int side = axis == AXIS_Y ? picture->height : picture->width;
    if (!p->stream)
        return window_of(&p->m->geometry, side, picture->padded, want);
    int crop = pair_at(p->m->geometry.crop, axis);
    struct span s = stream_picture(p->stream, axis, (struct span){want.lo - crop, want.hi - crop});
    if (picture->padded) {
        int last = multiple_above(side, p->m->geometry.align);
        s.lo = s.lo < 0 ? 0 : s.lo;
        s.hi = s.hi > last ? last : s.hi;
    }
    if (s.hi <= s.lo) /* the area lies beyond the edge of a padded picture; any pixel will do */
        s.hi = s.lo + 1;
    return s;
}

int plan_widest(const struct plan *p, int count)
{
    const struct model_geometry *g = &p->m->geometry;
    int period = p->stream ? stream_period(p->stream) : g->align * g->scale, most = 0;
    int side = (int)ceil_div(count, g->scale);
    struct plan_picture endless = {side, side, false};
    for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++)
        for (int from = 0; from < period; from++) {
            struct span s = plan_reach(p, axis, &endless, (struct span){from, from + count});
            most = s.hi - s.lo > most ? s.hi - s.lo : most;
        }
    return most;
}

struct pair plan_tile(const struct plan *p)
{
    const struct model_geometry *g = &p->m->geometry;
    if (p->stream) {
        size_t columns = (size_t)(RINGS_IN_L2 * (double)cpu_l2_bytes()) /
                         stream_column_bytes(p->stream, 1) * (size_t)g->align;
        int width = columns < STRIP_MOST ? (int)columns : STRIP_MOST;
        int height =
            STRIP_HALOS * g->halo > STRIP_LEAST_ROWS ? STRIP_HALOS * g->halo : STRIP_LEAST_ROWS;
        int unit = p->stream->tile * g->align;
        width = multiple_below(width > STRIP_LEAST ? width : STRIP_LEAST, unit);
        return (struct pair){multiple_above(height, unit) * g->scale, width * g->scale};
    }
    int inside = WINDOW_MOST;
    for (size_t bytes; inside > WINDOW_LEAST; inside /= 2)
        if (plan_scratch_bytes(p, inside * g->scale, inside * g->scale, &bytes, NULL) == ERR_OK &&
            bytes <= WINDOW_BYTES)
            break;
    return (struct pair){inside * g->scale, inside * g->scale};
}

/* The division of the scratch of a window, in bytes. */
struct window_layout {
    size_t in, out, planes, network, total;
};

static bool add_floats(size_t *total, size_t *at, size_t a, size_t b, size_t c)
{
    size_t bytes;
    *at = *total;
    return size_mul3(a, b, c, &bytes) && size_mul(bytes, sizeof(float), &bytes) &&
           size_add(bytes, MEM_ALIGN - 1, &bytes) &&
           size_add(*total, bytes / MEM_ALIGN * MEM_ALIGN, total);
}

/* Finds the division for a window and the part that is kept, except for the scratch of the network,
 * which is last. */
static bool lay_window_out(const struct model *m, struct pair window, struct pair keep,
                           struct window_layout *l)
{
    size_t in = (size_t)m->geometry.in_channels, out = (size_t)m->geometry.out_channels;
    size_t row = (size_t)(window.x > keep.x ? window.x : keep.x);
    l->total = 0;
    return add_floats(&l->total, &l->in, (size_t)window.y, (size_t)window.x, in) &&
           add_floats(&l->total, &l->out, (size_t)keep.y, (size_t)keep.x, out) &&
           add_floats(&l->total, &l->planes, row, in > out ? in : out, 1) &&
           add_floats(&l->total, &l->network, 0, 0, 0);
}

static enum err_code window_bytes(const struct plan *p, struct pair keep, size_t *bytes,
                                  struct err *e)
{
    const struct model_geometry *g = &p->m->geometry;
    struct pair window = {plan_widest(p, keep.y), plan_widest(p, keep.x)};
    struct window_layout l;
    size_t network;
    window.y = window.y > g->least ? window.y : g->least;
    window.x = window.x > g->least ? window.x : g->least;
    enum err_code rc = layerwise_scratch_bytes(p->layerwise, window.x, window.y, &network, e);
    if (rc != ERR_OK)
        return rc;
    if (!lay_window_out(p->m, window, keep, &l) || !size_add(l.total, network, bytes))
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    return ERR_OK;
}

enum err_code plan_scratch_bytes(const struct plan *p, int width, int height, size_t *bytes,
                                 struct err *e)
{
    if (width > MOST_SIDE || height > MOST_SIDE)
        return err_set(e, ERR_MODEL_LIMIT, "areas of %dx%d pixels cannot be represented", width,
                       height);
    return p->stream ? stream_scratch_bytes(p->stream, width, bytes, e)
                     : window_bytes(p, (struct pair){height, width}, bytes, e);
}

/* Convert planes to [x][c], and back. */
static void weave(const float *const *planes, int count, int channels, float *out)
{
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < count; i++)
            out[(size_t)i * (size_t)channels + (size_t)c] = planes[c][i];
}

static void unweave(const float *in, int count, int channels, float *const *planes)
{
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < count; i++)
            planes[c][i] = in[(size_t)i * (size_t)channels + (size_t)c];
}

/* Computes one rectangle layer by layer, in a window. */
static void run_window(const struct plan *p, void *scratch, struct plan_rect keep,
                       const struct plan_rect *window, const struct plan_io *io)
{
    const struct model_geometry *g = &p->m->geometry;
    struct window_layout l = {0};
    /* it fits: the scratch has been measured */
    (void)lay_window_out(p->m, (struct pair){window->height, window->width},
                         (struct pair){keep.height, keep.width}, &l);
    char *base = scratch;
    float *in = (float *)(void *)(base + l.in), *out = (float *)(void *)(base + l.out);
    float *planes[MOST_CHANNELS], *row = (float *)(void *)(base + l.planes);
    int widest = window->width > keep.width ? window->width : keep.width;
    for (int c = 0; c < MOST_CHANNELS; c++)
        planes[c] = row + (size_t)c * (size_t)widest; /* only those of existing channels are used */
    uint64_t begun = profile_begin(io->profile);
    for (int y = 0; y < window->height && !plan_io_cancelled(io); y++) {
        io->load(io->arg, window->y + y, window->x, window->width, planes);
        weave((const float *const *)planes, window->width, g->in_channels,
              in + (size_t)y * (size_t)window->width * (size_t)g->in_channels);
    }
    profile_end(io->profile, p->m->layer_count + PROFILE_LOAD, begun);
    struct plan_rect inside = {keep.x - window->x * g->scale, keep.y - window->y * g->scale,
                               keep.width, keep.height};
    size_t stride = (size_t)keep.width * (size_t)g->out_channels;
    layerwise_run(p->layerwise, base + l.network,
                  &(struct layerwise_window){.in = in,
                                             .width = window->width,
                                             .height = window->height,
                                             .keep = inside,
                                             .out = out,
                                             .out_stride = stride,
                                             .profile = io->profile,
                                             .macs = io->macs,
                                             .cancel = io->cancel});
    if (plan_io_cancelled(io))
        return;
    begun = profile_begin(io->profile);
    for (int y = 0; y < keep.height; y++) {
        unweave(out + (size_t)y * stride, keep.width, g->out_channels, planes);
        io->store(io->arg, keep.y + y, keep.x, keep.width, (const float *const *)planes);
    }
    profile_end(io->profile, p->m->layer_count + PROFILE_STORE, begun);
}

/* The sides of the picture, rounded up to whole cells, for a network whose padding is at its
 * edges. */
static const struct pair *cells_of(const struct plan *p, const struct plan_picture *picture,
                                   struct pair *cells)
{
    int align = p->m->geometry.align;
    *cells =
        (struct pair){(int)ceil_div(picture->height, align), (int)ceil_div(picture->width, align)};
    return picture->padded ? cells : NULL;
}

void plan_run(const struct plan *p, void *scratch, struct plan_rect keep,
              const struct plan_picture *picture, const struct plan_io *io)
{
    if (p->stream) {
        const struct pair crop = p->m->geometry.crop;
        struct pair cells;
        struct plan_rect own = {keep.x - crop.x, keep.y - crop.y, keep.width, keep.height};
        stream_run(p->stream, scratch, own, cells_of(p, picture, &cells), io);
        return;
    }
    struct span x = plan_reach(p, AXIS_X, picture, (struct span){keep.x, keep.x + keep.width});
    struct span y = plan_reach(p, AXIS_Y, picture, (struct span){keep.y, keep.y + keep.height});
    struct plan_rect window = {x.lo, y.lo, x.hi - x.lo, y.hi - y.lo};
    run_window(p, scratch, keep, &window, io);
}

bool plan_has_strips(const struct plan *p)
{
    return p->stream != NULL;
}

int plan_strip_depth(const struct plan *p)
{
    int most = p->stream->step_count / 2;
    return most > 1 ? most : 1;
}

enum err_code plan_strip_bytes(const struct plan *p, int width, int depth, size_t *bytes,
                               struct err *e)
{
    return stream_strip_bytes(p->stream, width, depth, bytes, e);
}

enum err_code plan_strip_scratch_bytes(const struct plan *p, int width, size_t *bytes,
                                       struct err *e)
{
    return stream_round_bytes(p->stream, width, bytes, e);
}

void plan_strip_begin(const struct plan *p, const struct plan_strip *strip,
                      const struct plan_picture *picture)
{
    const struct pair crop = p->m->geometry.crop;
    struct pair cells;
    struct plan_rect own = strip->area;
    own.x -= crop.x;
    own.y -= crop.y;
    stream_strip_begin(p->stream, strip->state, own, cells_of(p, picture, &cells), strip->depth);
}

void plan_strip_end(const struct plan_strip *strip)
{
    stream_strip_end(strip->state);
}

int plan_strip_round(const struct plan *p, const struct plan_strip *strip, int row)
{
    return stream_strip_round(strip->state, row - p->m->geometry.crop.y);
}

struct span plan_strip_rows(const struct plan *p, const struct plan_strip *strip, int round)
{
    int crop = p->m->geometry.crop.y;
    struct span own = stream_strip_rows(strip->state, round);
    return (struct span){own.lo + crop, own.hi + crop};
}

int plan_round_rows(const struct plan *p)
{
    return stream_round(p->stream);
}

void plan_strip_run(const struct plan *p, const struct plan_strip *strip, void *scratch, int round,
                    struct span rows, const struct plan_io *io)
{
    int crop = p->m->geometry.crop.y;
    struct span own = {rows.lo - crop, rows.hi - crop};
    stream_strip_run(strip->state, scratch, round, own, io);
}
