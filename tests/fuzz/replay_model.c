/* replay_model.c - checks the claims of fuzz_model for corpus/model, in `make check`: each file as
 * it is, cut short at every byte (of the first thousand), and with a few bytes changed at random.
 * Each argument is a file to try, for the findings of a fuzzer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/harness.h"

enum { FILES = 5, CUTS = 1000, MUTATIONS = 500, CHANGES_MAX = 4, PATH_BYTES = 4096 };

/* Gives the target a block of exactly this size, so that a sanitizer notices a read beyond the
 * end. */
static void run(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length ? length : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, length);
    LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static void mutate(uint8_t *bytes, size_t length, uint64_t *seed)
{
    static const char telling[] = "[]{}:,\"\\0-1e.\n";
    int changes = harness_between(seed, 1, CHANGES_MAX);
    for (int i = 0; i < changes && length > 0; i++) {
        uint8_t *at = bytes + harness_random(seed) % length;
        if (harness_random(seed) % 2)
            *at = (uint8_t)telling[harness_random(seed) % (sizeof telling - 1)];
        else
            *at = (uint8_t)harness_random(seed);
    }
}

static void replay(const uint8_t *bytes, size_t length, uint64_t *seed)
{
    run(bytes, length);
    for (size_t cut = 0; cut < length && cut < CUTS; cut++)
        run(bytes, cut);
    uint8_t *changed = malloc(length ? length : 1);
    for (int i = 0; changed && i < MUTATIONS; i++) {
        memcpy(changed, bytes, length);
        mutate(changed, length, seed);
        run(changed, length);
    }
    free(changed);
}

int main(int argc, char **argv)
{
    static const char *const corpus[] = {"kinds", "odd", "transposed", "upconv_7", "vgg_7"};
    const char *top = getenv("top_srcdir");
    char path[PATH_BYTES];
    size_t length;
    for (int i = 1; i < argc; i++) {
        uint8_t *bytes = harness_read(argv[i], &length);
        if (bytes)
            run(bytes, length);
        free(bytes);
    }
    for (int i = 0; argc == 1 && i < FILES; i++) {
        uint64_t seed = 100 + (uint64_t)i;
        snprintf(path, sizeof path, "%s/tests/fuzz/corpus/model/%s.json", top ? top : "..",
                 corpus[i]);
        uint8_t *bytes = harness_read(path, &length);
        if (bytes)
            replay(bytes, length, &seed);
        printf("%s %d - claims hold around %s.json\n", bytes ? "ok" : "not ok", i + 1, corpus[i]);
        free(bytes);
    }
    printf("1..%d\n", argc == 1 ? FILES : 0);
    return EXIT_SUCCESS;
}
