/* harness.c - see harness.h. */
#include "tests/lib/harness.h"

#include <stdio.h>
#include <stdlib.h>

int harness_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int harness_skip(const char *reason)
{
    printf("1..0 # SKIP %s\n", reason);
    return EXIT_SUCCESS;
}

void harness_left_out(int tests, const char *name, const char *reason)
{
    printf("# LEFT OUT %d %s: %s\n", tests, name, reason);
    fflush(stdout); /* once: tests are forked */
}

bool harness_has_pngcheck(void)
{
    return system("command -v pngcheck >/dev/null 2>&1") == 0;
}

const char *harness_data(const char *name)
{
    static char path[4096];
    const char *folder = getenv("TEST_DATA");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared/data", name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    fclose(f);
    return path;
}

uint8_t *harness_read(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    uint8_t *bytes = NULL;
    size_t have = 0, room = 0, got = 0;
    do {
        have += got;
        if (have == room)
            bytes = realloc(bytes, room = room ? 2 * room : 65536);
        got = bytes ? fread(bytes + have, 1, room - have, f) : 0;
    } while (got > 0);
    fclose(f);
    *length = have;
    return bytes;
}

uint64_t harness_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int harness_between(uint64_t *state, int least, int most)
{
    uint64_t span = (uint64_t)((int64_t)most - least) + 1;
    return least + (int)(harness_random(state) % span);
}

uint64_t harness_seed(uint64_t otherwise)
{
    const char *given = getenv("TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : otherwise;
    printf("# TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout); /* once: tests are forked */
    return seed;
}

float harness_float(uint64_t *state)
{
    return (float)(harness_random(state) >> 40) / 8388608.0f - 1.0f;
}
