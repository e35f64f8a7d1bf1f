/* test_row_kernels.c - all sets of this processor compute the same bytes. */
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/row_kernels.h"
#include "tests/lib/harness.h"

enum { WIDEST = 150, FLOATS = WIDEST * 8 };

/* The results of one set, one after another. */
struct made {
    float planes[8][FLOATS];
    uint8_t rows[8][FLOATS];
};

static float in[16][FLOATS];
static uint8_t bytes[FLOATS];

static void make(const struct row_kernels *k, const struct image_format *f, int count,
                 struct made *out)
{
    memset(out, 0, sizeof *out);
    for (int c = 0; c < f->channels; c++) {
        k->load(f, bytes, count, c, out->planes[c]);
        k->store(f, in[c], count, c, out->rows[0]);
    }
    if (f->channels < 3)
        return;
    struct color_planes all = {out->planes[4], out->planes[5], out->planes[6]},
                        luma = {out->planes[7], NULL, NULL}, from = {in[0], in[1], in[2]};
    k->load_ycc(f, bytes, count, &all);
    k->load_ycc(f, bytes, count, &luma);
    k->store_ycc(f, &from, count, out->rows[1]);
}

START_TEST(colours_agree)
{
    static struct made want, got;
    for (int kind = 0; kind < 8; kind++)
        for (int count = 1; count <= WIDEST; count++) {
            struct image_format f = {count, 1, 1 + kind % 4, kind < 4 ? 8 : 16};
            make(row_kernels_at(0), &f, count, &want);
            for (int k = 1; row_kernels_at(k); k++) {
                make(row_kernels_at(k), &f, count, &got);
                ck_assert_msg(memcmp(&want, &got, sizeof got) == 0, "%s, %d pixels of %d x %d",
                              row_kernels_at(k)->name, count, f.channels, f.depth);
            }
        }
}
END_TEST

/* Compares also with the sum as it is defined, tap by tap. */
static void try_axis(const struct resample_axis *a, int from, int to)
{
    int first, last;
    resample_axis_reach(a, from, to, &first, &last);
    ck_assert_int_le(last - first, FLOATS);
    for (int k = 0; row_kernels_at(k); k++) {
        float got[FLOATS], down[FLOATS];
        row_kernels_at(k)->across(a, (struct row_samples){in[0], first, FLOATS}, from, to, got);
        for (int i = from; i < to; i++) {
            const float *w = a->weight + (size_t)i * (size_t)a->taps;
            const float *s = in[0] + (a->first[i] - first);
            float sum = w[0] * s[0];
            for (int t = 1; t < a->taps; t++)
                sum += w[t] * s[t];
            ck_assert_msg(memcmp(&sum, &got[i - from], sizeof sum) == 0, "%s: output %d of %d",
                          row_kernels_at(k)->name, i, a->out);
        }
        if (a->taps > 16)
            continue;
        row_kernels_at(k)->down((struct row_samples){in[0], 0, FLOATS}, a->weight, a->taps, WIDEST,
                                down);
        for (int x = 0; x < WIDEST; x++) {
            float sum = a->weight[0] * in[0][x];
            for (int t = 1; t < a->taps; t++)
                sum += a->weight[t] * in[t][x];
            ck_assert_int_eq(memcmp(&sum, &down[x], sizeof sum), 0);
        }
    }
}

START_TEST(resampling_agrees)
{
    static const int outs[] = {40, 80, 77, 160, 320, 12, 81};
    uint64_t seed = 1;
    for (size_t k = 0; k < sizeof outs / sizeof *outs; k++)
        for (int round = 0; round < 40; round++) {
            struct resample_axis *a = NULL;
            enum resample_filter filter = round % 3 ? RESAMPLE_BICUBIC : RESAMPLE_LANCZOS;
            ck_assert_int_eq(resample_axis_new(filter, 40, outs[k], &a, NULL), ERR_OK);
            int from = harness_between(&seed, 0, outs[k] - 1);
            try_axis(a, from, harness_between(&seed, from + 1, outs[k]));
            resample_axis_free(a);
        }
}
END_TEST

int main(void)
{
    uint64_t seed = 20261123;
    for (int i = 0; i < 16; i++)
        for (int x = 0; x < FLOATS; x++)
            in[i][x] = 0.6f * harness_float(&seed) + 0.4f; /* some values lie beyond 0..1 */
    for (int i = 0; i < FLOATS; i++)
        bytes[i] = (uint8_t)harness_random(&seed);
    Suite *s = suite_create("row_kernels");
    TCase *c = tcase_create("row_kernels");
    if (row_kernels_at(1))
        tcase_add_test(c, colours_agree);
    else
        harness_left_out(1, "colours_agree", "this processor has one set, so none to compare");
    tcase_add_test(c, resampling_agrees);
    suite_add_tcase(s, c);
    return harness_run(s);
}
