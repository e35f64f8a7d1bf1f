/* png_kernels_chain.c - finds matches by chains; see png_kernels.h. Compiled for each set.
 *
 * This works as in zlib: places with the same hash form a chain, the latest first, and a few of
 * them are tried (Gailly and Adler, "algorithm.txt" of zlib). A match is taken if it has fewer bits
 * than its literals, which s->least states as a length, and if no longer match begins at the next
 * byte. */
#include "engine/png/png_kernels_set.h"

enum {
    LENGTH_MAX = 258,
    TOKENS = 1 << 15, /* about so many in a block, so that codes follow the picture */
    MARGIN = 16       /* bytes at the end that are not searched: loads are wide */
};

struct found {
    unsigned length, distance; /* length 0: none */
};

/* Puts the place in front of its chain. Returns the place that was there. */
static inline size_t insert(const struct deflate_search *s, size_t at)
{
    uint64_t v = deflate_load8(s->bytes + at) << (64 - 8 * s->key);
    uint32_t *head =
        &s->chains->heads[v * UINT64_C(0x9e3779b97f4a7c15) >> (64 - DEFLATE_CHAIN_BITS)];
    size_t before = *head, step = at - before;
    if (step == 0) /* it was inserted before */
        return at;
    *head = (uint32_t)at;
    s->chains->steps[at % DEFLATE_WINDOW] = (uint16_t)(step < DEFLATE_WINDOW ? step : 0);
    return before;
}

/* Returns the longest match at `at` that s->least allows. Inserts the place. */
static inline struct found look(const struct deflate_search *s, size_t at)
{
    const uint8_t *p = s->bytes + at;
    size_t left = s->count - at, place = insert(s, at);
    unsigned most = left < LENGTH_MAX ? (unsigned)left : LENGTH_MAX;
    struct found best = {0, 0};
    for (int i = 0; i < s->depth && place < at && at - place <= DEFLATE_WINDOW; i++) {
        const uint8_t *q = s->bytes + place;
        unsigned distance = (unsigned)(at - place);
        if (deflate_load4(q) == deflate_load4(p) && q[best.length] == p[best.length]) {
            unsigned length = deflate_agreeing(p, q, most);
            if (length > best.length && length >= s->least[31 - __builtin_clz(distance)])
                best = (struct found){length, distance};
            if (length >= s->good)
                break;
        }
        size_t step = s->chains->steps[place % DEFLATE_WINDOW];
        if (step == 0 || step > place)
            break;
        place -= step;
    }
    return best;
}

static inline void insert_all(const struct deflate_search *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        insert(s, i);
}

size_t png_kernels_chain(struct deflate_search *s, struct deflate_match *matches)
{
    size_t end = s->count > MARGIN ? s->count - MARGIN : 0;
    size_t n = 0, literals = 0, told = s->at, at = s->at > 0 ? s->at : 1;
    insert_all(s, s->known, at < end ? at : end);
    while (at < end && n < DEFLATE_MATCHES && n + literals + (at - told) < TOKENS) {
        struct found m = look(s, at);
        if (m.length == 0) {
            at++;
            continue;
        }
        while (m.length < s->lazy && at + 1 < end) {
            struct found next = look(s, at + 1);
            if (next.length <= m.length)
                break;
            m = next;
            at++;
        }
        matches[n++] =
            (struct deflate_match){(uint32_t)(at - told), (uint16_t)m.length, (uint16_t)m.distance};
        literals += at - told;
        told = at + m.length;
        insert_all(s, at + 1, told < end ? told : end);
        at = told;
    }
    s->known = s->at = at < end ? at : s->count;
    return n;
}
