/* stream_range.c - finds the samples that each step must make. See stream.h.
 *
 * The tiles of Winograd stand on a fixed grid. By rounding, each output of a tile depends on all of
 * its inputs. So a tile is always computed completely, from inputs that are all correct. The grids
 * are placed so that whole tiles of successive layers fit into each other: alternately the left and
 * the right end of an area of whole tiles lies on the grid of the next layer. */
#include <limits.h>

#include "engine/base/cpu.h"
#include "engine/nn/stream.h"

/* Returns the last multiple of `unit` from `origin` on that is not above i. */
static int floor_to(int i, int unit, int origin)
{
    return i - ((i - origin) % unit + unit) % unit;
}

static int ceil_to(int i, int unit, int origin)
{
    return floor_to(i + unit - 1, unit, origin);
}

/* Returns the whole phases that make the output samples `want`. */
static struct span whole_phases(const struct stream_step *t, enum axis axis, struct span want)
{
    int start = pair_at(t->origin, axis);
    return (struct span){(int)floor_div(want.lo - start, t->phases),
                         (int)ceil_div(want.hi - start, t->phases)};
}

/* Returns the whole phases and tiles that make the output samples `want`. */
static struct span phases_of(const struct stream_step *t, enum axis axis, struct span want)
{
    struct span q = whole_phases(t, axis, want);
    if (stream_is_tiled(t, axis)) {
        int origin = pair_at(t->grid, axis);
        q = (struct span){floor_to(q.lo, t->tile, origin), ceil_to(q.hi, t->tile, origin)};
    }
    return q;
}

struct span stream_step_phases(const struct stream_step *t, enum axis axis, struct span out)
{
    int origin = pair_at(t->origin, axis);
    return (struct span){(out.lo - origin) / t->phases, (out.hi - origin) / t->phases}; /* exact */
}

struct span stream_step_input(const struct stream_step *t, enum axis axis, struct span q)
{
    int first = pair_at(t->first, axis), taps = pair_at(t->taps, axis);
    return (struct span){q.lo * t->stride + first, (q.hi - 1) * t->stride + first + taps};
}

static void widen(struct span *s, struct span by, int shift)
{
    s->lo = by.lo + shift < s->lo ? by.lo + shift : s->lo;
    s->hi = by.hi + shift > s->hi ? by.hi + shift : s->hi;
}

static const struct span nobody = {INT_MAX, INT_MIN};

static bool is_read(const struct span *s)
{
    return s->lo != nobody.lo || s->hi != nobody.hi;
}

struct span stream_domain(const struct stream_tensor *t, enum axis axis, int side)
{
    return (struct span){-pair_at(t->lead, axis),
                         pair_at(t->rate, axis) * side + pair_at(t->extra, axis)};
}

struct span stream_within(const struct stream_step *t, enum axis axis, struct span domain,
                          struct span want)
{
    int unit = stream_is_tiled(t, axis) ? t->tile * t->phases : t->phases;
    struct span s = want;
    if (domain.lo > want.lo)
        s.lo = want.lo + (domain.lo - want.lo) / unit * unit;
    if (domain.hi < want.hi)
        s.hi = want.lo + (int)ceil_div(domain.hi - want.lo, unit) * unit;
    if (s.lo >= s.hi)
        s.hi = s.lo = want.lo;
    return s;
}

/* An axis, with the side of a picture that has edges; otherwise STREAM_ENDLESS. */
struct line {
    enum axis axis;
    int side;
};

/* Widens the spans that step t reads for the span of its output, which is widened to whole phases.
 * Samples outside a picture with edges are zeros, for which nothing is read. */
static void ask(const struct stream *s, const struct stream_step *t, struct line line,
                struct span *spans)
{
    enum axis axis = line.axis;
    struct span *out = &spans[t->out];
    if (!is_read(out)) {
        *out = (struct span){0, 0};
        return;
    }
    struct span q = phases_of(t, axis, *out);
    int start = pair_at(t->origin, axis);
    *out = (struct span){q.lo * t->phases + start, q.hi * t->phases + start};
    struct span made = *out;
    if (line.side != STREAM_ENDLESS)
        made = stream_within(t, axis, stream_domain(&s->tensors[t->out], axis, line.side), *out);
    if (made.lo == made.hi && out->lo < out->hi)
        return;
    struct span in = stream_step_input(t, axis, stream_step_phases(t, axis, made));
    for (int n = 0; n < t->in_count; n++)
        widen(&spans[t->in[n].tensor], in, pair_at(t->in[n].shift, axis));
    if (t->add.tensor >= 0)
        widen(&spans[t->add.tensor], made, pair_at(t->add.shift, axis));
}

static void begin(const struct stream *s, struct span want, struct span *spans)
{
    for (int k = 0; k < s->tensor_count; k++)
        spans[k] = nobody;
    spans[s->output] = want;
}

void stream_needs_within(const struct stream *s, enum axis axis, int side, struct span want,
                         struct span *spans)
{
    begin(s, want, spans);
    for (int k = s->step_count - 1; k >= 0; k--)
        ask(s, &s->steps[k], (struct line){axis, side}, spans);
}

void stream_needs(const struct stream *s, enum axis axis, struct span want, struct span *spans)
{
    stream_needs_within(s, axis, STREAM_ENDLESS, want, spans);
}

int stream_period(const struct stream *s)
{
    return s->tile * s->m->scale * s->m->geometry.align;
}

int stream_round(const struct stream *s)
{
    return s->round * stream_period(s);
}

static void place_grids(struct stream *s, enum axis axis, struct span *spans)
{
    bool left = true;
    begin(s, (struct span){0, 16 * stream_period(s)}, spans);
    for (int k = s->step_count - 1; k >= 0; k--) {
        struct stream_step *t = &s->steps[k];
        struct span want = spans[t->out];
        if (stream_is_tiled(t, axis) && is_read(&want)) {
            want = whole_phases(t, axis, want);
            *(axis == AXIS_Y ? &t->grid.y : &t->grid.x) = left ? want.lo : want.hi;
            left = !left;
        }
        ask(s, t, (struct line){axis, STREAM_ENDLESS}, spans);
    }
}

int stream_begin(const struct stream *s, int from, struct span *spans, int *made)
{
    stream_needs(s, AXIS_Y, (struct span){from, from + 1}, spans);
    for (int k = 0; k < s->tensor_count; k++)
        made[k] = spans[k].lo;
    for (int to = from;; to -= stream_round(s)) {
        bool idle = true;
        stream_needs(s, AXIS_Y, (struct span){from, to}, spans);
        for (int k = 0; k < s->tensor_count; k++)
            idle = idle && spans[k].hi <= made[k];
        if (idle)
            return to;
    }
}

static void find_picture(struct stream *s, enum axis axis, struct span *spans)
{
    for (int i = 0; i < stream_period(s); i++) {
        stream_needs(s, axis, (struct span){i, i}, spans);
        s->picture[axis][i] = spans[STREAM_PICTURE];
    }
}

struct span stream_picture(const struct stream *s, enum axis axis, struct span want)
{
    int period = stream_period(s);
    int lo = (int)floor_div(want.lo, period), hi = (int)floor_div(want.hi, period);
    int pixels = s->tile * s->m->geometry.align;
    const struct span *table = s->picture[axis];
    return (struct span){table[want.lo - lo * period].lo + lo * pixels,
                         table[want.hi - hi * period].hi + hi * pixels};
}

size_t stream_column_bytes(const struct stream *s, int depth)
{
    size_t floats = 0; /* channels and rings are too small to overflow */
    for (int k = 0; k < s->tensor_count; k++) {
        const struct stream_tensor *t = &s->tensors[k];
        if (t->pool == STREAM_OWN)
            floats +=
                (size_t)(t->ring + (depth - 1) * t->more) * (size_t)t->channels * (size_t)t->rate.x;
    }
    for (int k = 0; k < s->pool_count; k++) {
        const struct stream_pool *p = &s->pools[k];
        floats += (size_t)(p->rows + (depth - 1) * p->more) * (size_t)p->rate * KERNEL_LANES;
    }
    return floats * sizeof(float);
}

/* The needs of areas are linear in their width, except within the period. */
static void find_spares(struct stream *s, struct span *spans)
{
    int period = stream_period(s);
    for (int from = 0; from < period; from++)
        for (int width = period; width < 2 * period; width++) {
            stream_needs(s, AXIS_X, (struct span){from, from + width}, spans);
            for (int k = 0; k < s->tensor_count; k++) {
                struct stream_tensor *t = &s->tensors[k];
                int more = spans[k].hi - spans[k].lo - t->rate.x * stream_cells(s->m, width);
                t->spare = more > t->spare ? more : t->spare;
            }
        }
}

double stream_weight_bytes(const struct stream *s)
{
    double floats = 0;
    for (int k = 0; k < s->step_count; k++)
        floats += (double)s->steps[k].phase_floats;
    return floats * sizeof(float);
}

/* Returns the number of periods of a round. If the weights do not all fit the L2 cache, every round
 * reads them from beyond it. Then a round makes two rows of tiles, which share each read of the
 * weights; the rings grow by a third. */
static int choose_round(const struct stream *s)
{
    return stream_weight_bytes(s) > (double)cpu_l2_bytes() ? 2 : 1;
}

/* Returns how far beyond the domain of a part a step reads to make the samples of its own domain.
 * The step makes whole phases and whole tiles. A domain begins at 0, or at -1 for folded phases,
 * which `room` covers. For n cells, the part's domain ends at rate * n + extra. */
static int reach_of(const struct stream *s, const struct stream_step *t, struct stream_part part,
                    bool add, enum axis axis)
{
    int stride = add ? 1 : t->stride, phases = add ? 1 : t->phases;
    int first = add ? 0 : pair_at(t->first, axis), taps = add ? 1 : pair_at(t->taps, axis);
    int room = stride * (t->tile + 2) + t->phases, shift = pair_at(part.shift, axis);
    int lost = pair_at(s->tensors[part.tensor].extra, axis);
    int made = (int)ceil_div(pair_at(s->tensors[t->out].extra, axis), phases) * stride;
    int before = room - first - shift, behind = room + made + first + taps + shift - lost;
    return before > behind ? before : behind;
}

static void find_skirts(struct stream *s)
{
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        for (int n = 0; n <= t->in_count; n++) {
            bool add = n == t->in_count;
            if (add && t->add.tensor < 0)
                continue;
            struct stream_part part = add ? t->add : t->in[n];
            int *skirt = &s->tensors[part.tensor].skirt;
            for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
                int reach = reach_of(s, t, part, add, axis);
                *skirt = reach > *skirt ? reach : *skirt;
            }
        }
    }
}

void stream_find_spans(struct stream *s, struct span *spans)
{
    s->round = choose_round(s);
    place_grids(s, AXIS_Y, spans);
    place_grids(s, AXIS_X, spans);
    find_skirts(s);
    find_spares(s, spans);
    find_picture(s, AXIS_Y, spans);
    find_picture(s, AXIS_X, spans);
}

int stream_widest(const struct stream *s, int width, int tensor)
{
    const struct stream_tensor *t = &s->tensors[tensor];
    return t->rate.x * stream_cells(s->m, width) + t->spare;
}
