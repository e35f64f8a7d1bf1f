/* row_kernels_resample.c - the two passes of resampling; see row_kernels.h. The build compiles it
 * once for each set.
 *
 * Every sum adds its taps in order and rounds after each product and each addition, however many
 * outputs are computed together. */
#include "engine/image/row_kernels_set.h"

enum { CUBIC = 4 /* taps of an enlargement by the default filter */ };

static void any(const struct resample_axis *a, struct row_samples src, int from, int to,
                float *restrict dst)
{
    const float *restrict samples = src.first;
    for (int i = from; i < to; i++) {
        const float *w = a->weight + (size_t)i * (size_t)a->taps,
                    *s = samples + (a->first[i] - src.x);
        float sum = w[0] * s[0];
        for (int t = 1; t < a->taps; t++)
            sum += w[t] * s[t];
        dst[i - from] = sum;
    }
}

/* Computes `pairs` pairs of outputs, for an enlargement by 2. The even outputs share one set of
 * weights, and the odd outputs the next. From one pair to the next, both read one sample
 * further. */
static void doubled(const float *restrict even, const float *restrict even_src,
                    const float *restrict odd_src, int pairs, float *restrict dst)
{
    const float *restrict odd = even + CUBIC;
    for (int i = 0; i < pairs; i++) {
        const float *e = even_src + i, *o = odd_src + i;
        dst[2 * i] = ((even[0] * e[0] + even[1] * e[1]) + even[2] * e[2]) + even[3] * e[3];
        dst[2 * i + 1] = ((odd[0] * o[0] + odd[1] * o[1]) + odd[2] * o[2]) + odd[3] * o[3];
    }
}

void row_kernels_across(const struct resample_axis *a, struct row_samples src, int from, int to,
                        float *restrict dst)
{
    if (a->out != 2 * a->in || a->taps != CUBIC) {
        any(a, src, from, to, dst);
        return;
    }
    int begin = from + (from & 1), pairs = to > begin ? (to - begin) / 2 : 0;
    int end = begin + 2 * pairs;
    any(a, src, from, begin < to ? begin : to, dst);
    if (pairs > 0) {
        const float *w = a->weight + (size_t)begin * CUBIC;
        doubled(w, src.first + (a->first[begin] - src.x), src.first + (a->first[begin + 1] - src.x),
                pairs, dst + (begin - from));
    }
    if (begin < to)
        any(a, src, end, to, dst + (end - from));
}

void row_kernels_down(struct row_samples rows, const float *weight, int taps, size_t count,
                      float *restrict dst)
{
    const float *restrict row = rows.first;
    if (taps == CUBIC) {
        const float *a = row, *b = a + rows.stride, *c = b + rows.stride, *d = c + rows.stride;
        float u = weight[0], v = weight[1], w = weight[2], z = weight[3];
        for (size_t x = 0; x < count; x++)
            dst[x] = ((u * a[x] + v * b[x]) + w * c[x]) + z * d[x];
        return;
    }
    for (int t = 0; t < taps; t++, row += rows.stride)
        for (size_t x = 0; x < count; x++)
            dst[x] = t == 0 ? weight[t] * row[x] : dst[x] + weight[t] * row[x];
}
