/* replay_png.c - checks the claims of fuzz_png for generated files, in `make check`: PNGs of every
 * type, then damaged at random with correct check sums, so that the damage reaches the decoder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"

enum { FILES = 150, DAMAGES = 40 };

static void random_chunks(struct bytes *out, uint64_t *seed)
{
    static const char types[][5] = {"gAMA", "cHRM", "iCCP", "sRGB", "sBIT", "bKGD", "pHYs",
                                    "tEXt", "zTXt", "iTXt", "eXIf", "acTL", "fdAT", "prIv",
                                    "tRNS", "hIST", "tIME", "cICP", "mDCV", "PLTE"};
    static const int lengths[] = {0, 1, 2, 3, 4, 6, 8, 9, 24, 32};
    for (int n = harness_between(seed, 0, 4); n > 0; n--) {
        uint8_t data[32];
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = (uint8_t)(harness_random(seed) & (i % 2 ? 0x0f : 0x49));
        const char *type = types[harness_random(seed) % (sizeof types / sizeof *types)];
        int length = lengths[harness_random(seed) % (sizeof lengths / sizeof *lengths)];
        png_build_chunk(out, type, data, (size_t)length);
    }
}

/* Makes samples of which deflate makes every kind of block and match: noise, few values, gradients,
 * repetition. */
static void shape_samples(struct png_build *p, uint64_t *seed)
{
    static const size_t channels_of[7] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    size_t row = (size_t)p->head.width * channels_of[p->head.color_type];
    size_t count = row * (size_t)p->head.height;
    int way = harness_between(seed, 0, 3);
    for (size_t i = row; way > 0 && i < count; i++) {
        int rare = harness_random(seed) % 16 == 0;
        if (way == 1 && !rare)
            p->samples[i] = p->samples[i - row];
        else if (way == 2)
            p->samples[i] = p->samples[harness_random(seed) % row];
        else if (way == 3 && !rare)
            p->samples[i] = (uint16_t)((p->samples[i - 1] + p->samples[i - row]) / 2);
    }
}

static void random_file(struct bytes *file, uint64_t *seed)
{
    static const int types[][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                                   {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    const int *type = types[harness_random(seed) % (sizeof types / sizeof *types)];
    int most = harness_random(seed) % 16 == 0 ? 150 : 12;
    struct png_head h = {harness_between(seed, 1, most), harness_between(seed, 1, most), type[1],
                         type[0], harness_random(seed) % 3 == 0};
    struct png_build p;
    struct bytes extra[3] = {{0}};
    for (size_t i = 0; i < 3; i++)
        random_chunks(&extra[i], seed);
    png_build_random(&p, h, harness_random(seed) % 2 == 1, seed);
    p.idat_bytes = harness_random(seed) % 2 ? harness_random(seed) % 100 + 1 : 0;
    p.level = harness_between(seed, 0, 9);
    p.strategy = harness_between(seed, 0, 4);
    shape_samples(&p, seed);
    png_build_file(&p, seed, &extra[0], &extra[1], &extra[2], file);
    png_build_done(&p);
    for (size_t i = 0; i < 3; i++)
        bytes_done(&extra[i]);
}

static void damage(struct bytes *file, uint64_t *seed)
{
    for (int n = harness_between(seed, 1, 4); n > 0; n--)
        file->data[harness_random(seed) % file->length] = (uint8_t)harness_random(seed);
    if (harness_random(seed) % 8 == 0)
        file->length = harness_random(seed) % file->length;
    if (harness_random(seed) % 8 != 0)
        png_build_mend(file);
}

/* Gives the target memory of exactly this size, so that a sanitizer notices a read beyond the
 * end. */
static void feed(const struct bytes *file)
{
    uint8_t *copy = malloc(file->length ? file->length : 1);
    memcpy(copy, file->data, file->length);
    LLVMFuzzerTestOneInput(copy, file->length);
    free(copy);
}

START_TEST(claims_hold_over_generated_files)
{
    uint64_t seed = 90 + (uint64_t)_i;
    for (int n = 0; n < FILES; n++) {
        struct bytes file = {0};
        random_file(&file, &seed);
        feed(&file);
        for (int k = 0; k < DAMAGES; k++) {
            struct bytes worse = {0};
            bytes_add(&worse, file.data, file.length);
            damage(&worse, &seed);
            feed(&worse);
            bytes_done(&worse);
        }
        bytes_done(&file);
    }
}
END_TEST

/* Each argument is a file to try, for the findings of a fuzzer. */
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct bytes file = {0};
        file.data = harness_read(argv[i], &file.length);
        if (file.data)
            feed(&file);
        bytes_done(&file);
    }
    if (argc > 1)
        return EXIT_SUCCESS;
    Suite *s = suite_create("fuzz_png");
    TCase *c = tcase_create("fuzz_png");
    tcase_add_loop_test(c, claims_hold_over_generated_files, 0, 4);
    suite_add_tcase(s, c);
    return harness_run(s);
}
