/* test_model_json_numbers.c - the numbers of model files: all halves, and decimals, which must be
 * read as strtod reads them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/dtype.h"
#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

enum { SIDE = 40, NUMBERS = SIDE * SIDE, HALVES = 1 << 16 };

/* Computes the value by the definition of binary16: sign, exponent less 15, ten bits of
 * fraction. */
static float value_of(unsigned half)
{
    int exponent = (int)(half >> 10 & 31);
    double fraction = half & 1023;
    double size = exponent ? ldexp(1 + fraction / 1024, exponent - 15) : ldexp(fraction, -24);
    return (float)(half & 0x8000 ? -size : size);
}

START_TEST(every_half_is_widened_in_place)
{
    static float numbers[HALVES];
    unsigned stored = 0;
    for (unsigned half = 0; half < HALVES; half++) {
        const uint16_t bits = (uint16_t)half;
        if ((half >> 10 & 31) != 31)
            memcpy((uint16_t *)numbers + stored++, &bits, sizeof bits);
    }
    ck_assert(dtype_find("float16")->settle(numbers, stored));
    for (unsigned half = 0, i = 0; half < HALVES; half++) {
        if ((half >> 10 & 31) == 31)
            continue;
        const float want = value_of(half);
        ck_assert_msg(memcmp(&want, &numbers[i++], sizeof want) == 0, "half %#x", half);
    }
}
END_TEST

START_TEST(a_half_that_is_not_finite_is_found_anywhere)
{
    static const uint16_t infinite[] = {0x7c00, 0xfc00, 0x7e00, 0xfc01};
    for (size_t count = 1; count <= 200; count++)
        for (size_t k = 0; k < sizeof infinite / sizeof *infinite; k++) {
            float numbers[200] = {0};
            size_t at = count * (k + 1) / 5;
            memcpy((uint16_t *)numbers + at, &infinite[k], sizeof infinite[k]);
            ck_assert(!dtype_find("float16")->settle(numbers, count));
            memset(numbers, 0, sizeof numbers);
            if (at + 1 < 200) /* beyond the end the byte belongs to no text */
                memcpy((uint16_t *)numbers + count, &infinite[k], sizeof infinite[k]);
            ck_assert(dtype_find("float16")->settle(numbers, count));
        }
}
END_TEST

/* Writes a number in one of the forms that programs use, or in an unusual one. */
static void write_number(uint64_t *seed, char text[128])
{
    static const char *const odd[] = {
        "0",
        "-0",
        "-0.0",
        "0e999",
        "1e-999",
        "0.1e1",
        "1E+2",
        "1e22",
        "123e-22",
        "9007199254740993",
        "3e-23",
        "9007199254740992e22",
        "9007199254740991e-22",
        "1.17549429e-38",
        "1e-45",
        "7.006492321624085e-46",
        "16777217",
        "0.000000000000000000000000000000000000000000000000000001",
        "100000000000000000000.0e-20",
        "1.0000000596046447753906250000000000000000001",
    };
    double value = (double)harness_float(seed) * pow(10, harness_between(seed, -12, 3));
    switch (harness_between(seed, 0, 6)) {
    case 0:
        snprintf(text, 128, "%s", odd[harness_between(seed, 0, sizeof odd / sizeof *odd - 1)]);
        return;
    case 1:
        snprintf(text, 128, "%.17g", value);
        return;
    case 2:
        snprintf(text, 128, "%.9g", value);
        return;
    case 3:
        snprintf(text, 128, "%.*f", harness_between(seed, 0, 40), value);
        return;
    case 4:
        snprintf(text, 128, "%.*E", harness_between(seed, 0, 20), value);
        return;
    case 5:
        snprintf(text, 128, "%de%d", harness_between(seed, -99999, 99999),
                 harness_between(seed, -44, 32));
        return;
    default:
        snprintf(text, 128, "%.7f", value);
    }
}

START_TEST(decimals_are_rounded_as_strtod_does)
{
    static char text[NUMBERS * 128];
    static char numbers[NUMBERS][128];
    uint64_t seed = harness_seed((uint64_t)_i + 1);
    int used = snprintf(text, sizeof text,
                        HEAD "\"border\": \"zero\", \"layers\": [{\"type\": \"conv2d\", "
                             "\"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": %d, "
                             "\"padding\": %d, \"weight\": [",
                        SIDE - 1, SIDE / 2 - 1);
    for (int i = 0; i < (SIDE - 1) * (SIDE - 1); i++) {
        write_number(&seed, numbers[i]);
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%s%s", i ? ", " : "", numbers[i]);
    }
    snprintf(text + used, sizeof text - (size_t)used, "]}, " DOUBLE "]}");
    struct model *m = model_loaded(text);
    for (int i = 0; i < (SIDE - 1) * (SIDE - 1); i++) {
        const float want = (float)strtod(numbers[i], NULL);
        ck_assert_msg(memcmp(&want, &m->layers[0].conv.weight[i], sizeof want) == 0,
                      "%s: %a, not %a", numbers[i], (double)m->layers[0].conv.weight[i],
                      (double)want);
    }
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model_json_numbers");
    TCase *c = tcase_create("model_json_numbers");
    tcase_add_test(c, every_half_is_widened_in_place);
    tcase_add_test(c, a_half_that_is_not_finite_is_found_anywhere);
    tcase_add_loop_test(c, decimals_are_rounded_as_strtod_does, 0, 20);
    suite_add_tcase(s, c);
    return harness_run(s);
}
