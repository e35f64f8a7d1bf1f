/* png_unfilter.c - see png_unfilter.h.
 *
 * Each pixel needs the one to its left, so a row is a chain of dependent steps. The bytes of a
 * pixel are the 16-bit lanes of one vector. */
#include "engine/png/png_unfilter.h"

#include <string.h>

typedef int16_t lanes __attribute__((vector_size(16)));
typedef uint8_t octet __attribute__((vector_size(8)));

/* Loads a pixel and the bytes after it. */
static inline lanes load(const uint8_t *p)
{
    octet o;
    memcpy(&o, p, sizeof o);
    return __builtin_convertvector(o, lanes);
}

/* Stores the first `step` lanes, which are below 256. */
static inline void store(uint8_t *p, lanes v, size_t step)
{
    octet o = __builtin_convertvector(v, octet);
    memcpy(p, &o, step);
}

static inline lanes magnitude(lanes v)
{
    lanes sign = v >> 15;
    return (v ^ sign) - sign;
}

static inline lanes choose(lanes mask, lanes yes, lanes no)
{
    return (mask & yes) | (~mask & no);
}

/* Selects from left `a`, above `b` and above left `c` the one nearest to a + b - c, the first of
 * equals. The chain goes through `a`, so everything that does not need `a` is computed first. */
static inline lanes paeth(lanes a, lanes b, lanes c)
{
    lanes bc = b - c, pa = magnitude(bc), ac = a - c;
    lanes pb = magnitude(ac), pc = magnitude(ac + bc);
    lanes other = choose(pb > pc, c, b);
    return choose((pa > pb) | (pa > pc), other, a);
}

/* The predicted value of a pixel, from the pixels to the left, above, and above left. */
typedef lanes predict(lanes a, lanes b, lanes c);

static inline lanes predict_sub(lanes a, lanes b, lanes c)
{
    (void)b, (void)c;
    return a;
}

static inline lanes predict_average(lanes a, lanes b, lanes c)
{
    (void)c;
    return (a + b) >> 1;
}

/* Inlined for each predictor and step. */
static inline __attribute__((always_inline)) void run(predict *what, const struct png_filter_row *r,
                                                      size_t step, uint8_t *restrict out)
{
    const uint8_t *restrict filtered = r->row, *restrict above = r->above;
    const size_t count = r->count;
    const lanes byte = {255, 255, 255, 255, 255, 255, 255, 255};
    lanes a = {0}, c = {0};
    for (size_t i = 0; i < count; i += step) {
        lanes b = load(above + i);
        a = (load(filtered + i) + what(a, b, c)) & byte;
        c = b;
        store(out + i, a, step);
    }
}

/* Unfilters two Paeth rows, the second one pixel behind the first, so that two chains run at a
 * time. The pixels above the second row are still in the registers of the first. */
static inline __attribute__((always_inline)) void run_pair(const struct png_filter_row *r,
                                                           const uint8_t *restrict second,
                                                           size_t step, uint8_t *restrict out,
                                                           uint8_t *restrict out2)
{
    const uint8_t *restrict filtered = r->row, *restrict above = r->above;
    const size_t count = r->count;
    const lanes byte = {255, 255, 255, 255, 255, 255, 255, 255};
    lanes a = {0}, c = {0}, a2 = {0}, c2 = {0};
    for (size_t i = 0; i < count; i += step) {
        lanes b = load(above + i), b2 = a;
        a = (load(filtered + i) + paeth(a, b, c)) & byte;
        c = b;
        store(out + i, a, step);
        if (i == 0)
            continue;
        a2 = (load(second + i - step) + paeth(a2, b2, c2)) & byte;
        c2 = b2;
        store(out2 + i - step, a2, step);
    }
    a2 = (load(second + count - step) + paeth(a2, a, c2)) & byte;
    store(out2 + count - step, a2, step);
}

static inline __attribute__((always_inline)) void
run_step(predict *what, const struct png_filter_row *r, uint8_t *restrict out)
{
    switch (r->step) {
    case 1:
        run(what, r, 1, out);
        break;
    case 2:
        run(what, r, 2, out);
        break;
    case 3:
        run(what, r, 3, out);
        break;
    case 4:
        run(what, r, 4, out);
        break;
    case 6:
        run(what, r, 6, out);
        break;
    default:
        run(what, r, 8, out);
        break;
    }
}

void png_unfilter_row(int filter, const struct png_filter_row *r, uint8_t *restrict out)
{
    switch (filter) {
    case FILTER_NONE:
        memcpy(out, r->row, r->count);
        break;
    case FILTER_SUB:
        run_step(predict_sub, r, out);
        break;
    case FILTER_UP:
        for (size_t i = 0; i < r->count; i++)
            out[i] = (uint8_t)(r->row[i] + r->above[i]);
        break;
    case FILTER_AVERAGE:
        run_step(predict_average, r, out);
        break;
    default:
        run_step(paeth, r, out);
        break;
    }
}

void png_unfilter_paeths(const struct png_filter_row *r, const uint8_t *restrict second,
                         uint8_t *restrict out, uint8_t *restrict out2)
{
    switch (r->step) {
    case 1:
        run_pair(r, second, 1, out, out2);
        break;
    case 2:
        run_pair(r, second, 2, out, out2);
        break;
    case 3:
        run_pair(r, second, 3, out, out2);
        break;
    case 4:
        run_pair(r, second, 4, out, out2);
        break;
    case 6:
        run_pair(r, second, 6, out, out2);
        break;
    default:
        run_pair(r, second, 8, out, out2);
        break;
    }
}
