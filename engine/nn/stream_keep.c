/* stream_keep.c - finds for how long rows are kept, and how many at most. See stream.h.
 *
 * Rows in blocks give their memory back as soon as no step will read them. The next row takes what
 * was given back last, which is still in the cache. Between rounds only the rows exist that the
 * next round reads again; each further round under way adds what it has made and not used up. */
#include "engine/base/mem.h"
#include "engine/nn/stream.h"

/* Returns the first row of a part that its reader still needs when it has made `made` rows. */
static int oldest(const struct stream_step *t, struct stream_part part, int made, bool add)
{
    struct span q = stream_step_phases(t, AXIS_Y, (struct span){made, made});
    return add ? made + part.shift.y : stream_step_input(t, AXIS_Y, q).lo + part.shift.y;
}

int stream_oldest(const struct stream *s, int tensor, const int *made, const int *last)
{
    struct span readers = s->tensors[tensor].readers;
    int least = made[tensor];
    for (int k = readers.lo; k < readers.hi; k++) {
        const struct stream_step *t = &s->steps[k];
        if (last && made[t->out] >= last[t->out])
            continue;
        for (int n = 0; n <= t->in_count; n++) {
            bool add = n == t->in_count;
            struct stream_part part = add ? t->add : t->in[n];
            if (part.tensor != tensor)
                continue;
            int row = oldest(t, part, made[t->out], add);
            least = row < least ? row : least;
        }
    }
    return least;
}

int stream_slice_end(const struct stream_step *t, struct span rows)
{
    int unit = t->tile * t->phases;
    return rows.hi - (rows.hi - rows.lo - 1) / unit * unit;
}

/* Notes which steps read each tensor. */
static void find_readers(struct stream *s)
{
    for (int k = 0; k < s->tensor_count; k++)
        s->tensors[k].readers = (struct span){s->step_count, 0};
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        for (int n = 0; n <= t->in_count; n++) {
            int tensor = n == t->in_count ? t->add.tensor : t->in[n].tensor;
            if (tensor < 0)
                continue;
            struct span *readers = &s->tensors[tensor].readers;
            readers->lo = k < readers->lo ? k : readers->lo;
            readers->hi = k + 1;
        }
    }
}

static void find_pools(struct stream *s)
{
    for (int k = 0; k < s->tensor_count; k++) {
        struct stream_tensor *t = &s->tensors[k];
        t->pool = STREAM_OWN;
        if (!t->blocked)
            continue;
        for (t->pool = 0; t->pool < s->pool_count; t->pool++)
            if (s->pools[t->pool].rate == t->rate.x)
                break;
        if (t->pool == s->pool_count)
            s->pools[s->pool_count++] = (struct stream_pool){.rate = t->rate.x};
    }
}

/* The rows of each tensor that exist in a simulated run: from held[tensor] to made[tensor]. Where
 * several rounds are under way, the one that is furthest may not have reached the last reader of a
 * tensor yet, while the next ones have passed other readers. So these add more: rows from
 * kept[tensor] on, which only the last reader gives back. */
struct rows {
    int *made, *held, *kept;
    int *used;  /* of each pool, in rows of blocks */
    int *added; /* by the round, if all from kept[] on are counted */
};

static void take(struct stream *s, const struct rows *r, int tensor, int end)
{
    struct stream_tensor *t = &s->tensors[tensor];
    int count = end - r->held[tensor];
    t->ring = count > t->ring ? count : t->ring;
    if (t->pool == STREAM_OWN)
        return;
    struct stream_pool *p = &s->pools[t->pool];
    int *used = &r->used[t->pool], *added = &r->added[t->pool];
    *used += (end - r->made[tensor]) * stream_blocks(t);
    *added += (end - r->made[tensor]) * stream_blocks(t);
    p->rows = *used > p->rows ? *used : p->rows;
    p->more = *added > p->more ? *added : p->more;
}

/* Drops what no step reads any more after step k. */
static void drop(const struct stream *s, const struct rows *r, int tensor, int k)
{
    const struct stream_tensor *t = &s->tensors[tensor];
    int least = stream_oldest(s, tensor, r->made, NULL);
    if (tensor == s->output || least <= r->kept[tensor])
        return;
    if (least > r->held[tensor]) {
        if (t->pool != STREAM_OWN)
            r->used[t->pool] -= (least - r->held[tensor]) * stream_blocks(t);
        r->held[tensor] = least;
    }
    if (k + 1 >= t->readers.hi) {
        if (t->pool != STREAM_OWN)
            r->added[t->pool] -= (least - r->kept[tensor]) * stream_blocks(t);
        r->kept[tensor] = least;
    }
}

/* Simulates one round of stream_run, of which `spans` has the needs. The output's rows below
 * `stored` are stored. */
static void simulate(struct stream *s, const struct span *spans, int stored, const struct rows *r)
{
    int *held = &r->held[s->output];
    *held = stored > *held ? stored : *held;
    for (int k = 0; k < s->pool_count; k++)
        r->added[k] = 0;
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        int end, all = spans[t->out].hi - r->made[t->out];
        s->tensors[t->out].more = all > s->tensors[t->out].more ? all : s->tensors[t->out].more;
        for (int lo = r->made[t->out]; lo < spans[t->out].hi; lo = end) {
            end = stream_slice_end(t, (struct span){lo, spans[t->out].hi});
            take(s, r, t->out, end);
            r->made[t->out] = end;
            for (int n = 0; n < t->in_count; n++)
                drop(s, r, t->in[n].tensor, k);
            if (t->add.tensor >= 0)
                drop(s, r, t->add.tensor, k);
            drop(s, r, t->out, k); /* perhaps nobody reads it */
        }
    }
}

static void reset(const struct stream *s, const struct rows *r)
{
    for (int k = 0; k < s->tensor_count; k++)
        r->held[k] = r->kept[k] = r->made[k];
    for (int k = 0; k < s->pool_count; k++)
        r->used[k] = 0;
}

/* All positions repeat with the period, and so does every round once all steps have begun. Areas
 * that end at the edges of a picture have no rows that endless ones lack: their steps begin later
 * and end earlier, in the same slices. */
enum err_code stream_find_kept(struct stream *s, struct span *spans, struct err *e)
{
    size_t tensors = (size_t)s->tensor_count;
    int *all = mem_calloc(5 * tensors, sizeof *all);
    if (!all)
        return err_set(e, ERR_MEMORY, "no memory to size a plan");
    struct rows r = {all, all + tensors, all + 2 * tensors, all + 3 * tensors, all + 4 * tensors};
    find_readers(s);
    find_pools(s);
    for (int from = 0; from < stream_period(s); from++) {
        int to = stream_begin(s, from, spans, r.made);
        reset(s, &r);
        for (; to <= from + 3 * stream_round(s); to += stream_round(s)) {
            stream_needs(s, AXIS_Y, (struct span){from, to}, spans);
            simulate(s, spans, to - stream_round(s), &r);
        }
    }
    mem_free(all);
    return ERR_OK;
}
