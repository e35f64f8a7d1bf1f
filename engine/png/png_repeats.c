/* png_repeats.c - see png_repeats.h.
 *
 * The samples are chosen by content: a byte value that is neither frequent nor rare is chosen, and
 * each place where it occurs is a sample. Repetitions have their samples at the same places. So a
 * table with one place for each hash finds a repetition at any distance, although only about every
 * hundredth byte is a sample. */
#include "engine/png/png_repeats.h"

#include <stdbool.h>
#include <string.h>

#include "engine/png/deflate_bits.h"

enum {
    SPAN_BYTES = 96 << 10, /* that are searched: three times the window */
    NEAR_BYTES = 32 << 10, /* that are packed if nothing repeats far away */
    SAMPLE = 16,           /* bytes that must agree */
    RARITY = 128,          /* about one byte in so many has the chosen value */
    LOOK_ROWS = 16,        /* in which values are counted */
    LOOK_BYTES = 512,      /* that are counted at the left of each row */
    LEAST_DISTANCE = 64,   /* the windows of png_choose.c find nearer repetitions */
    SAMPLES_MAX = 4096,    /* if the value is much more frequent than expected */
    WORTH = 4,             /* at least one sample in so many must repeat */
    GAIN = 16,             /* matching must save at least a 16th of the size with codes, */
    RAW_GAIN = 64,         /* and a 64th of the bytes, to which its time is proportional */
    /* If the costs of two ways differ by less than a 64th, the first is taken. So strips go the
     * same way as the strip before, to whose bytes they may refer. */
    ALIKE = 64,
    /* Where most bytes are paper, those of letters have far more bits than the mean. */
    EDGES = 6 * PNG_PACK_BIT,
    /* Where matches leave fewer bits of a byte, a deep search is worth its time. The literals that
     * remain cost more than the mean. */
    SPARSE = PNG_PACK_BIT / 2,
    HOPELESS = 2, /* not to filter is not tried again if it costs so many times the least */
    REMAINS = 2 * PNG_PACK_BIT,
    /* The same where areas of one colour each meet: enlarged by repeating pixels, for example. */
    FLAT = 3 * PNG_PACK_BIT,
    NARROW = 64, /* shorter rows have no samples: their bits are counted at once */
    TABLE_BITS = DEFLATE_HASH_BITS
};

/* Rows from..to - 1. */
struct span {
    int from, to;
};

struct samples {
    uint32_t *places; /* [1 << (TABLE_BITS - 1)][2]: place, and the rest of its hash */
    int count, found;
};

/* Returns the rows to search, of about so many bytes: the whole strip with its history if that is
 * small, otherwise a part from the middle. */
static struct span choose_span(const struct png_strip_work *w, size_t bytes)
{
    size_t stored = w->count + 1;
    int rows = w->job->rows, most = (int)(bytes / stored) + 1;
    if (w->history + rows <= most)
        return (struct span){-w->history, rows};
    int from = rows > most ? (rows - most) / 2 : rows - most;
    return (struct span){from, from + most};
}

/* Returns the value whose frequency among the bytes is nearest to one in RARITY, from above. */
static uint8_t choose_value(const struct png_strip_work *w, struct span s)
{
    uint32_t counts[256] = {0}, look = 0;
    for (int k = 0; k < LOOK_ROWS; k++) {
        const uint8_t *row = png_strip_work_raw(w, s.from + (s.to - 1 - s.from) * k / LOOK_ROWS);
        size_t least = w->count < LOOK_BYTES ? w->count : LOOK_BYTES;
        for (size_t i = 0; i < least; i++, look++)
            counts[row[i]]++;
    }
    int best = 0;
    for (int v = 1; v < 256; v++)
        if (counts[v] * RARITY >= look ? counts[best] * RARITY < look || counts[v] < counts[best]
                                       : counts[v] > counts[best])
            best = v;
    return (uint8_t)best;
}

static uint64_t hash(const uint8_t *p)
{
    uint64_t v = deflate_load8(p) * UINT64_C(0x9e3779b97f4a7c15);
    return ((v ^ v >> 29) + deflate_load8(p + 8)) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Takes the samples of one row. A place is the index of a byte in the span. Two places agree if
 * their hashes do; 16 other bytes pass by chance once in 2^19 times. */
static void sample_row(struct samples *t, const uint8_t *row, size_t count, size_t place, int value)
{
    if (count < SAMPLE)
        return;
    const uint8_t *end = row + count - SAMPLE, *p = row;
    while (p < end && t->count < SAMPLES_MAX && (p = memchr(p, value, (size_t)(end - p)))) {
        uint64_t h = hash(p);
        uint32_t *slot = t->places + 2 * (h >> (65 - TABLE_BITS));
        uint32_t at = (uint32_t)(place + (size_t)(p - row));
        size_t distance = at - slot[0];
        bool same = slot[1] == (uint32_t)h;
        t->count++;
        t->found += same && distance >= LEAST_DISTANCE && distance <= DEFLATE_WINDOW;
        slot[0] = at;
        slot[1] = (uint32_t)h;
        p++;
    }
}

static bool may_repeat(const struct png_strip_work *w, struct span s)
{
    struct samples t = {.places = w->room->places[0]};
    if (w->count < NARROW)
        return true;
    int value = choose_value(w, s);
    memset(t.places, 0, sizeof w->room->places[0]);
    for (int y = s.from; y < s.to; y++)
        sample_row(&t, png_strip_work_raw(w, y), w->count, (size_t)(y - s.from) * (w->count + 1),
                   value);
    return t.found * WORTH > t.count;
}

/* Counts the bits of the span packed that way. Raises way->literal_bits to the bits that a byte
 * takes with codes alone. */
static uint64_t try_span(const struct png_strip_work *w, struct png_way *way, struct span span)
{
    struct deflate_tally t = {0};
    size_t count = png_strip_work_filter(w, way->filter, span.from, span.to, w->before);
    struct deflate_sequence s = {w->before, count, w->room->matches, 0};
    s.match_count = w->kernels->runs(s.bytes, s.count, w->room->matches);
    w->kernels->tally(&s, &t);
    uint64_t bits = deflate_block_cost(&t);
    int literal_bits = (int)(bits * PNG_PACK_BIT / count);
    way->literal_bits = literal_bits > way->literal_bits ? literal_bits : way->literal_bits;
    if (way->method == METHOD_CODE)
        return bits;
    struct png_pack p = png_strip_work_pack(w, *way);
    struct deflate_search search = png_pack_search(&p, w->before, count);
    memset(&t, 0, sizeof t);
    while (search.at < count) {
        s = png_pack_next(&p, &search);
        w->kernels->tally(&s, &t);
    }
    return deflate_block_cost(&t);
}

/* The costs of a span, in bits: of the best way so far, and without a filter (0: not known). */
struct costs {
    uint64_t bytes, least, plain;
};

/* Whether the way may cost less, and is worth the time of its search. */
static bool is_tried(struct png_way way, const struct costs *c)
{
    if (way.method == METHOD_DEEP && c->least * PNG_PACK_BIT >= c->bytes * SPARSE)
        return false;
    return way.filter != FILTER_NONE || c->plain <= c->least * HOPELESS;
}

/* Returns the best of `otherwise` and of ways with chains, only the first two of which are `fast`. */
static struct png_way choose_chains(const struct png_strip_work *w, struct png_way otherwise,
                                    struct span span, bool fast)
{
    static const struct png_way ways[] = {
        {FILTER_NONE, METHOD_CHAIN, 0},     {FILTER_EACH, METHOD_CHAIN, 0},
        {FILTER_NONE, METHOD_CHAIN, EDGES}, {FILTER_SUMS, METHOD_DEEP, REMAINS},
        {FILTER_NONE, METHOD_DEEP, EDGES},  {FILTER_SUMS, METHOD_CHAIN, FLAT}};
    enum { FAST = 2 };
    struct png_way best = {otherwise.filter, otherwise.method, 0};
    struct costs c = {.bytes = (w->count + 1) * (uint64_t)(span.to - span.from),
                      .least = try_span(w, &best, span)};
    if (best.method == METHOD_CODE && fast) {
        uint64_t gain = c.least / GAIN, raw_gain = 8 * c.bytes / RAW_GAIN;
        gain = gain > raw_gain ? gain : raw_gain;
        c.least = c.least > gain ? c.least - gain : 0;
    }
    for (size_t i = 0; i < (fast ? FAST : sizeof ways / sizeof *ways); i++) {
        struct png_way way = ways[i];
        if (!is_tried(way, &c))
            continue;
        uint64_t cost = try_span(w, &way, span);
        c.plain = i == 0 ? cost : c.plain;
        if (cost + cost / ALIKE >= c.least)
            continue;
        c.least = cost;
        best = way;
    }
    return best;
}

struct png_way png_repeats_choose(const struct png_strip_work *w, struct png_way otherwise,
                                  bool searched)
{
    struct span span = choose_span(w, SPAN_BYTES);
    bool repeats = may_repeat(w, span);
    if (!repeats && !searched)
        return otherwise;
    if (!repeats)
        span = choose_span(w, NEAR_BYTES);
    return choose_chains(w, otherwise, span, !searched);
}
