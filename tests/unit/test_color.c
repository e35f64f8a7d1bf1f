/* test_color.c - conversion of samples to planes and back. */
#include <math.h>
#include <string.h>

#include "engine/image/color.h"
#include "tests/lib/harness.h"

enum { COUNT = 37 }; /* two vectors of 16 and a rest */

static int most_of(int depth)
{
    return depth == 16 ? 65535 : 255;
}

static void put(uint8_t *row, int depth, int at, int value)
{
    uint16_t wide = (uint16_t)value;
    if (depth == 16)
        memcpy(row + 2 * at, &wide, 2);
    else
        row[at] = (uint8_t)value;
}

static int get(const uint8_t *row, int depth, int at)
{
    uint16_t wide;
    memcpy(&wide, row + 2 * at, 2);
    return depth == 16 ? wide : row[at];
}

START_TEST(a_sample_is_its_share_of_the_maximum_and_survives_the_way_back)
{
    for (int depth = 8; depth <= 16; depth += 8)
        for (int channels = 1; channels <= 4; channels++)
            for (int v = 0; v <= most_of(depth); v++) {
                struct image_format f = {1, 1, channels, depth};
                uint8_t row[8], back[8];
                float plane;
                memset(row, 0xa5, sizeof row);
                memset(back, 0xa5, sizeof back);
                int channel = v % channels;
                put(row, depth, channel, v);
                color_load(&f, row, 1, channel, &plane);
                ck_assert(plane == (float)v / (float)most_of(depth));
                color_store(&f, &plane, 1, channel, back);
                ck_assert_int_eq(memcmp(row, back, sizeof row), 0);
            }
}
END_TEST

START_TEST(rows_of_every_length_touch_only_their_channel)
{
    uint64_t seed = 1;
    for (int depth = 8; depth <= 16; depth += 8)
        for (int channels = 1; channels <= 4; channels++)
            for (int count = 1; count <= COUNT; count++) {
                struct image_format f = {count, 1, channels, depth};
                uint8_t row[COUNT * 8 + 8], back[COUNT * 8 + 8];
                float plane[COUNT + 1];
                for (size_t i = 0; i < sizeof row; i++)
                    row[i] = (uint8_t)harness_random(&seed);
                memcpy(back, row, sizeof row);
                for (int channel = 0; channel < channels; channel++) {
                    plane[count] = 42;
                    color_load(&f, row, count, channel, plane);
                    ck_assert(plane[count] == 42);
                    for (int i = 0; i < count; i++)
                        put(back, depth, i * channels + channel, 0);
                    color_store(&f, plane, count, channel, back);
                    ck_assert_int_eq(memcmp(row, back, sizeof row), 0);
                }
            }
}
END_TEST

START_TEST(store_clamps_rounds_and_takes_nan_for_0)
{
    const struct {
        float value;
        int byte;
    } cases[] = {
        {-1, 0},
        {0, 0},
        {1, 255},
        {1.5f, 255},
        {1e30f, 255},
        {-1e30f, 0},
        {INFINITY, 255},
        {-INFINITY, 0},
        {NAN, 0},
        {0.49f / 255, 0},
        {0.51f / 255, 1},
        {254.49f / 255, 254},
        {254.51f / 255, 255},
        {-0.0f, 0},
    };
    const struct image_format f = {1, 1, 1, 8};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t byte;
        color_store(&f, &cases[i].value, 1, 0, &byte);
        ck_assert_int_eq(byte, cases[i].byte);
    }
}
END_TEST

START_TEST(gray_in_rgb_gives_the_gray_luma_to_the_bit_and_no_chroma)
{
    for (int depth = 8; depth <= 16; depth += 8)
        for (int v = 0; v <= most_of(depth); v++)
            for (int channels = 3; channels <= 4; channels++) {
                struct image_format rgb = {1, 1, channels, depth}, gray = {1, 1, 1, depth};
                uint8_t row[8] = {0}, back[8] = {0};
                for (int c = 0; c < 3; c++)
                    put(row, depth, c, v);
                float g, y, alone, cb, cr;
                color_load(&gray, row, 1, 0, &g);
                const struct color_planes all = {&y, &cb, &cr}, luma = {&alone, NULL, NULL};
                color_load_ycc(&rgb, row, 1, &all);
                color_load_ycc(&rgb, row, 1, &luma);
                ck_assert(memcmp(&g, &y, sizeof g) == 0 && memcmp(&g, &alone, sizeof g) == 0);
                ck_assert(cb == 0 && cr == 0);
                color_store_ycc(&rgb, &all, 1, back);
                ck_assert_int_eq(memcmp(row, back, sizeof row), 0);
            }
}
END_TEST

START_TEST(no_chroma_gives_r_g_b_alike)
{
    uint64_t seed = 3;
    const struct image_format f = {1, 1, 3, 16};
    for (int n = 0; n < 10000; n++) {
        float y = harness_float(&seed), zero = n % 2 ? 0.0f : -0.0f;
        uint8_t row[6];
        color_store_ycc(&f, &(struct color_planes){&y, &zero, &zero}, 1, row);
        ck_assert_int_eq(get(row, 16, 0), get(row, 16, 1));
        ck_assert_int_eq(get(row, 16, 0), get(row, 16, 2));
    }
}
END_TEST

/* There are 5 operations on values below 1, scaled by at most 1/1.402: under 8 roundings of 2^-24
 * each. */
START_TEST(luma_and_chroma_are_bt601_and_invertible)
{
    uint64_t seed = 4;
    for (int depth = 8; depth <= 16; depth += 8)
        for (int n = 0; n < 2000; n++) {
            struct image_format f = {COUNT, 1, 4, depth};
            uint8_t row[COUNT * 8], back[COUNT * 8];
            float y[COUNT], cb[COUNT], cr[COUNT];
            for (size_t i = 0; i < sizeof row; i++)
                row[i] = (uint8_t)harness_random(&seed);
            memcpy(back, row, sizeof row);
            const struct color_planes planes = {y, cb, cr};
            color_load_ycc(&f, row, COUNT, &planes);
            for (int i = 0; i < COUNT; i++) {
                double r = get(row, depth, 4 * i) / (double)most_of(depth),
                       g = get(row, depth, 4 * i + 1) / (double)most_of(depth),
                       b = get(row, depth, 4 * i + 2) / (double)most_of(depth),
                       luma = 0.299 * r + 0.587 * g + 0.114 * b;
                ck_assert_double_eq_tol(y[i], luma, 8 * 6e-8);
                ck_assert_double_eq_tol(cb[i], (b - luma) / 1.772, 8 * 6e-8);
                ck_assert_double_eq_tol(cr[i], (r - luma) / 1.402, 8 * 6e-8);
            }
            color_store_ycc(&f, &planes, COUNT, back);
            ck_assert_int_eq(memcmp(row, back, sizeof row), 0);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("color");
    TCase *c = tcase_create("color");
    tcase_add_test(c, a_sample_is_its_share_of_the_maximum_and_survives_the_way_back);
    tcase_add_test(c, rows_of_every_length_touch_only_their_channel);
    tcase_add_test(c, store_clamps_rounds_and_takes_nan_for_0);
    tcase_add_test(c, gray_in_rgb_gives_the_gray_luma_to_the_bit_and_no_chroma);
    tcase_add_test(c, no_chroma_gives_r_g_b_alike);
    tcase_add_test(c, luma_and_chroma_are_bt601_and_invertible);
    suite_add_tcase(s, c);
    return harness_run(s);
}
