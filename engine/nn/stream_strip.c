/* stream_strip.c - strips: rounds of steps that run one behind another. See stream.h. */
#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/stream_area.h"
#include "engine/nn/stream_run.h"

/* A strip: an area whose rows are made in several calls. */
struct stream_strip {
    struct stream_area area; /* what the rounds share */
    struct stream_wave wave;
    struct plan_rect keep;
    struct pair sides; /* area.sides points to it */
    int from;          /* the output row at which the first round begins */
};

/* The state begins with struct stream_strip, and goes on with the numbers of the wave and the block
 * that rounds share. */
struct state_layout {
    size_t ended, area;
};

static struct state_layout lay_state_out(const struct stream *s)
{
    struct state_layout l;
    size_t used = 0;
    mem_part(NULL, &used, 1, sizeof(struct stream_strip));
    l.ended = used;
    mem_part(NULL, &used, (size_t)s->step_count + 1, sizeof(int));
    l.area = used;
    return l;
}

enum err_code stream_strip_bytes(const struct stream *s, int width, int depth, size_t *bytes,
                                 struct err *e)
{
    size_t rest;
    enum err_code rc = stream_area_bytes(s, width, depth, &rest, e);
    if (rc == ERR_OK && !size_add(rest, lay_state_out(s).area, bytes))
        rc = err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    return rc;
}

void stream_strip_begin(const struct stream *s, void *state, struct plan_rect keep,
                        const struct pair *sides, int depth)
{
    struct stream_strip *t = state;
    struct state_layout l = lay_state_out(s);
    *t = (struct stream_strip){.area = {.s = s, .wave = &t->wave, .depth = depth}, .keep = keep};
    if (sides) {
        t->sides = *sides;
        t->area.sides = &t->sides;
    }
    t->from = stream_area_lay_out(&t->area, (char *)state + l.area, keep);
    int *ended = (int *)(void *)((char *)state + l.ended);
    stream_wave_begin(&t->wave, ended, s->step_count + 1); /* the last step stores */
}

void stream_strip_end(void *state)
{
    struct stream_strip *t = state;
    stream_wave_end(&t->wave);
}

int stream_strip_round(const void *state, int row)
{
    const struct stream_strip *t = state;
    return (int)floor_div(row - t->from, stream_round(t->area.s));
}

/* Returns the end of the output's rows that the round makes. */
static int end_of(const struct stream_strip *t, int round)
{
    return t->from + (round + 1) * stream_round(t->area.s);
}

static int within(const struct stream_strip *t, int row)
{
    int lo = t->keep.y, hi = lo + t->keep.height;
    return row < lo ? lo : row > hi ? hi : row;
}

struct span stream_strip_rows(const void *state, int round)
{
    const struct stream_strip *t = state;
    return (struct span){within(t, end_of(t, round - 1)), within(t, end_of(t, round))};
}

/* Runs all steps of a round. Returns false if it ended early. */
static bool run_steps(struct stream_strip *t, struct stream_area *a, int round)
{
    stream_needs(a->s, AXIS_Y, (struct span){t->keep.y, end_of(t, round)}, a->y);
    for (int k = 0; k < a->s->step_count; k++) {
        if (!stream_wave_await(&t->wave, k, round))
            return false;
        stream_run_step(a, &a->s->steps[k]);
        if (plan_io_cancelled(a->io))
            return false;
        stream_wave_pass(&t->wave, k);
    }
    return true;
}

/* Runs the round, unless an earlier call has done it, and stores rows. */
static bool run_round(struct stream_strip *t, struct stream_area *a, int round, struct span rows)
{
    int store = a->s->step_count;
    if (!stream_wave_await(&t->wave, store, round + 1 - a->depth))
        return false;
    bool is_run = stream_wave_ended(&t->wave, 0) > round;
    if (!is_run && !run_steps(t, a, round))
        return false;
    if (!stream_wave_await(&t->wave, store, round))
        return false;
    stream_run_store(a, t->keep, rows);
    if (rows.hi == within(t, end_of(t, round)))
        stream_wave_pass(&t->wave, store);
    return true;
}

void stream_strip_run(void *state, void *scratch, int round, struct span rows,
                      const struct plan_io *io)
{
    struct stream_strip *t = state;
    struct stream_area a = t->area;
    a.io = io;
    a.hand = round % a.depth;
    stream_area_own(&a, scratch);
    if (!run_round(t, &a, round, rows))
        stream_wave_stop(&t->wave);
}
