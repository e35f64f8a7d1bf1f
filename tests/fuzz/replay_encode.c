/* replay_encode.c - checks the claims of fuzz_encode for generated pixels, in `make check`: noise,
 * few values, runs and repetitions of many lengths. Each argument is a file to try. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/harness.h"

enum { PICTURES = 120, BYTES_MAX = 20000 };

static void fill(uint8_t *data, size_t size, uint64_t *seed)
{
    uint64_t mask = harness_random(seed) >> harness_random(seed) % 64;
    size_t period = 1 + harness_random(seed) % 5000, run = 1 + harness_random(seed) % 500;
    for (size_t i = 0; i < size; i++) {
        bool again = i >= period && harness_random(seed) % run != 0;
        data[i] = again ? data[i - period] : (uint8_t)(harness_random(seed) & mask);
    }
}

/* Gives the target a block of exactly this size, so that a sanitizer notices a read beyond the
 * end. */
static void feed(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    memcpy(copy, bytes, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

START_TEST(claims_hold_over_generated_pictures)
{
    uint64_t seed = 300 + (uint64_t)_i;
    uint8_t *data = malloc(BYTES_MAX);
    for (int n = 0; n < PICTURES; n++) {
        size_t size = harness_random(&seed) % BYTES_MAX;
        fill(data, size, &seed);
        for (size_t i = 0; i < 4 && i < size; i++)
            data[i] = (uint8_t)harness_random(&seed);
        feed(data, size);
    }
    free(data);
}
END_TEST

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length;
        uint8_t *data = harness_read(argv[i], &length);
        if (data)
            feed(data, length);
        free(data);
    }
    if (argc > 1)
        return EXIT_SUCCESS;
    Suite *s = suite_create("fuzz_encode");
    TCase *c = tcase_create("fuzz_encode");
    tcase_add_loop_test(c, claims_hold_over_generated_pictures, 0, 4);
    suite_add_tcase(s, c);
    return harness_run(s);
}
