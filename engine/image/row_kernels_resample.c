/* row_kernels_resample.c - the two passes of resampling; see row_kernels.h. The build compiles it
 * once for each set.
 *
 * Every sum adds its taps in order and rounds after each product and each addition, however many
 * outputs are computed together. */
#include "engine/image/row_kernels_set.h"

enum { CUBIC = 4 /* taps of an enlargement by the default filter */ };

static void any(const struct resample_axis *a, const float *restrict src, int x0, int from, int to,
                float *restrict dst)
{
    for (int i = from; i < to; i++) {
        const float *w = a->weight + (size_t)i * (size_t)a->taps, *s = src + (a->first[i] - x0);
        float sum = w[0] * s[0];
        for (int t = 1; t < a->taps; t++)
            sum += w[t] * s[t];
        dst[i - from] = sum;
    }
}

/* Computes `pairs` pairs of outputs, for an enlargement by 2. The even outputs share one set of
 * weights, and the odd outputs another. From one pair to the next, both read one sample further. */
static void doubled(const float *restrict even, const float *restrict odd,
                    const float *restrict even_src, const float *restrict odd_src, int pairs,
                    float *restrict dst)
{
    for (int i = 0; i < pairs; i++) {
        const float *e = even_src + i, *o = odd_src + i;
        dst[2 * i] = ((even[0] * e[0] + even[1] * e[1]) + even[2] * e[2]) + even[3] * e[3];
        dst[2 * i + 1] = ((odd[0] * o[0] + odd[1] * o[1]) + odd[2] * o[2]) + odd[3] * o[3];
    }
}

void row_kernels_across(const struct resample_axis *a, const float *restrict src, int x0, int from,
                        int to, float *restrict dst)
{
    if (a->out != 2 * a->in || a->taps != CUBIC) {
        any(a, src, x0, from, to, dst);
        return;
    }
    int begin = from + (from & 1), pairs = to > begin ? (to - begin) / 2 : 0;
    int end = begin + 2 * pairs;
    any(a, src, x0, from, begin < to ? begin : to, dst);
    if (pairs > 0) {
        const float *w = a->weight + (size_t)begin * CUBIC;
        doubled(w, w + CUBIC, src + (a->first[begin] - x0), src + (a->first[begin + 1] - x0), pairs,
                dst + (begin - from));
    }
    if (begin < to)
        any(a, src, x0, end, to, dst + (end - from));
}

void row_kernels_down(const float *restrict rows, size_t stride, const float *weight, int taps,
                      size_t count, float *restrict dst)
{
    if (taps == CUBIC) {
        const float *a = rows, *b = a + stride, *c = b + stride, *d = c + stride;
        float u = weight[0], v = weight[1], w = weight[2], z = weight[3];
        for (size_t x = 0; x < count; x++)
            dst[x] = ((u * a[x] + v * b[x]) + w * c[x]) + z * d[x];
        return;
    }
    for (int t = 0; t < taps; t++, rows += stride)
        for (size_t x = 0; x < count; x++)
            dst[x] = t == 0 ? weight[t] * rows[x] : dst[x] + weight[t] * rows[x];
}
