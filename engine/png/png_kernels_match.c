/* png_kernels_match.c - finds matches by single places; see png_kernels.h. Compiled for each set.
 *
 * The tables keep one place for each hash of four bytes and of twelve. Besides these places, three
 * distances are tried, which cost nothing to find: one pixel, the last distance that was used, and
 * one row. The nearest is tried first. If it reaches the maximum length, it is taken at once,
 * because large distances take up to 13 bits more. After a short match is found, a longer one may
 * begin at the next byte. */
#include "engine/png/png_kernels_set.h"

enum {
    LENGTH_MIN = 4, /* bytes that are hashed: distant matches of 3 cost more than they save */
    LENGTH_MAX = 258,
    GOOD = 64,       /* a match of this length is taken without looking further away */
    REMEMBERED = 16, /* of a longer match, only the last places are remembered */
    LAST_PLACES = 3,
    TOKENS = 1 << 15, /* about so many in a block, so that codes follow the picture */
    MARGIN = 16       /* bytes at the end that are not searched: loads are wide */
};

struct found {
    unsigned length, distance; /* length 0: none */
};

/* Return the slot of the latest place with the same four bytes, and with the same twelve. The first
 * finds any match, the second a long one. */
static inline uint32_t *short_place(const struct deflate_search *s, const uint8_t *p)
{
    return &s->places[0][deflate_load4(p) * 0x9e3779b1U >> (32 - DEFLATE_HASH_BITS)];
}

static inline uint32_t *long_place(const struct deflate_search *s, const uint8_t *p)
{
    uint64_t v = deflate_load8(p) * UINT64_C(0x9e3779b97f4a7c15);
    v = ((v ^ v >> 29) + deflate_load4(p + 8)) * UINT64_C(0x9e3779b97f4a7c15);
    return &s->places[1][v >> (64 - DEFLATE_HASH_BITS)];
}

/* Remembers the place `at`, and returns the place that was remembered before. */
static inline size_t exchange(uint32_t *place, size_t at)
{
    size_t before = *place;
    *place = (uint32_t)at;
    return before;
}

static inline void try_distance(const uint8_t *p, size_t distance, unsigned most,
                                struct found *best)
{
    if (deflate_load4(p - distance) != deflate_load4(p))
        return;
    unsigned length = deflate_agreeing(p, p - distance, most);
    if (length > best->length)
        *best = (struct found){length, (unsigned)distance};
}

/* Returns the longest match at `at`. Remembers the place. */
static inline struct found look(const struct deflate_search *s, size_t at, unsigned last)
{
    const uint8_t *p = s->bytes + at;
    size_t left = s->count - at;
    unsigned most = left < LENGTH_MAX ? (unsigned)left : LENGTH_MAX;
    struct found best = {0, 0};
    size_t near = exchange(short_place(s, p), at), far = exchange(long_place(s, p), at);
    if (s->pixel <= at)
        try_distance(p, s->pixel, most, &best);
    if (best.length == most)
        return best;
    if (last <= at)
        try_distance(p, last, most, &best);
    if (s->row <= at)
        try_distance(p, s->row, most, &best);
    if (best.length < GOOD && far < at && at - far <= DEFLATE_WINDOW)
        try_distance(p, at - far, most, &best);
    if (best.length < GOOD && near < at && at - near <= DEFLATE_WINDOW)
        try_distance(p, at - near, most, &best);
    return best;
}

static inline void remember(const struct deflate_search *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        exchange(short_place(s, s->bytes + i), i);
        exchange(long_place(s, s->bytes + i), i);
    }
}

size_t png_kernels_match(struct deflate_search *s, struct deflate_match *matches)
{
    size_t end = s->count > MARGIN ? s->count - MARGIN : 0;
    size_t n = 0, literals = 0, told = s->at, at = s->at > 0 ? s->at : 1;
    unsigned last = (unsigned)s->pixel;
    remember(s, s->known, at < end ? at : end);
    while (at < end && n < DEFLATE_MATCHES && n + literals + (at - told) < TOKENS) {
        struct found m = look(s, at, last);
        if (m.length == 0) {
            at++;
            continue;
        }
        while (m.length < s->lazy && at + 1 < end) {
            struct found next = look(s, at + 1, last);
            if (next.length <= m.length)
                break;
            m = next;
            at++;
        }
        matches[n++] =
            (struct deflate_match){(uint32_t)(at - told), (uint16_t)m.length, (uint16_t)m.distance};
        literals += at - told;
        told = at + m.length;
        last = m.distance;
        remember(s, m.length <= REMEMBERED ? at + 1 : told - LAST_PLACES, told < end ? told : end);
        at = told;
    }
    s->known = s->at = at < end ? at : s->count;
    return n;
}
