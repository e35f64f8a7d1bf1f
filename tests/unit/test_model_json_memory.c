/* test_model_json_memory.c - how much memory the loading of a model takes, and that any allocation
 * may fail.
 *
 * The large model is nn.ConvTranspose2d(2048, 256, 4, stride=2, padding=1, bias=False) between two
 * 1x1 convolutions: 8.4 million weights, 90 MB as nested lists, 45 MB as base64. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

enum { IN = 2048, OUT = 256, SIDE = 4, WEIGHTS = IN * OUT * SIDE * SIDE };
enum { PARAMETERS = WEIGHTS + 3 * IN + OUT * 3 };

/* Returns a figure of /proc/self/status, in bytes. */
static size_t status_bytes(const char *field)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[200];
    size_t kilobytes = 0;
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, field, strlen(field)) == 0)
            kilobytes = (size_t)strtoul(line + strlen(field) + 1, NULL, 10);
    fclose(f);
    ck_assert_uint_gt(kilobytes, 0);
    return kilobytes * 1024;
}

struct text {
    char *bytes;
    size_t length, room;
};

static void put(struct text *t, const char *words)
{
    size_t count = strlen(words);
    if (count > t->room - t->length) /* ck_assert would make a system call each time */
        ck_abort();
    memcpy(t->bytes + t->length, words, count);
    t->length += count;
}

/* Writes the brackets that open (or close) at element i of a list of that shape. */
static void put_brackets(struct text *t, const int *shape, int rank, int i, bool open)
{
    int inner = 1;
    for (int k = rank - 1; k >= 0; k--) {
        inner *= shape[k];
        if ((open ? i : i + 1) % inner == 0)
            put(t, open ? "[" : "]");
    }
}

static void put_nested(struct text *t, const int *shape, int rank)
{
    int count = 1;
    for (int k = 0; k < rank; k++)
        count *= shape[k];
    for (int i = 0; i < count; i++) {
        char number[16];
        snprintf(number, sizeof number, "%s-0.0%05d", i ? "," : "", i % 99991);
        if (i)
            put(t, ",");
        put_brackets(t, shape, rank, i, true);
        put(t, number + (i ? 1 : 0));
        put_brackets(t, shape, rank, i, false);
    }
}

static void put_base64(struct text *t)
{
    put(t, "{\"shape\": [2048, 256, 4, 4], \"dtype\": \"float32\", \"base64\": \"");
    for (int i = 0; i < WEIGHTS / 3; i++)
        put(t, "AACAPwAAgD8AAIA/"); /* the number 1 three times */
    put(t, WEIGHTS % 3 == 2 ? "AACAPwAAgD8=" : "AACAPw==");
    put(t, "\"}");
}

static struct text large_model(bool base64)
{
    struct text t = {.room = base64 ? 46u << 20 : 110u << 20};
    t.bytes = malloc(t.room); /* pages are used as they are filled */
    ck_assert_ptr_nonnull(t.bytes);
    put(&t, "{\"format\": \"upscaled-model/1\", \"scale\": 2, \"color\": \"rgb\", \"layers\": ["
            "{\"type\": \"conv2d\", \"in_channels\": 3, \"out_channels\": 2048, "
            "\"kernel_size\": 1, \"weight\": ");
    put_nested(&t, (int[]){IN, 3, 1, 1}, 4);
    put(&t, "}, {\"type\": \"conv_transpose2d\", \"in_channels\": 2048, \"out_channels\": 256, "
            "\"kernel_size\": 4, \"stride\": 2, \"padding\": 1, \"weight\": ");
    if (base64)
        put_base64(&t);
    else
        put_nested(&t, (int[]){IN, OUT, SIDE, SIDE}, 4);
    put(&t, "}, {\"type\": \"conv2d\", \"in_channels\": 256, \"out_channels\": 3, "
            "\"kernel_size\": 1, \"weight\": ");
    put_nested(&t, (int[]){3, OUT, 1, 1}, 4);
    put(&t, "}]}");
    return t;
}

/* The slack is for the skeleton, its tree and the C library; this file has three layers. */
START_TEST(a_large_file_costs_its_weights_and_little_more)
{
    const size_t weights = (size_t)PARAMETERS * sizeof(float), slack = 2u << 20;
    struct text t = large_model(_i == 1);
    struct err e = ERR_INIT;
    struct model *m = NULL;
    mem_trim();
    size_t before = status_bytes("VmRSS"), peak_before = status_bytes("VmHWM");
    size_t own_before = status_bytes("RssAnon"); /* without the pages of programs and libraries */
    ck_assert_uint_le(peak_before, before + slack); /* otherwise the peak would mean nothing */
    enum err_code rc =
        model_read(&(struct model_file){"large", (const uint8_t *)t.bytes, t.length, NULL},
                   &model_default_limits, &m, &e);
    size_t own_after = status_bytes("RssAnon"), peak = status_bytes("VmHWM");
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    printf("# a file of %zu bytes, %zu of weights: %zu at the peak, %zu afterwards\n", t.length,
           weights, peak - before, own_after - own_before);
    fflush(stdout);
    ck_assert_uint_eq(m->parameters, PARAMETERS);
    ck_assert_float_eq(m->layers[1].conv.weight[WEIGHTS - 1],
                       _i == 1 ? 1.0f : -(float)((WEIGHTS - 1) % 99991) / 1e6f);
    ck_assert_uint_le(peak, before + weights + slack);
    ck_assert_uint_le(own_after, own_before + weights + slack / 2);
    model_free(m);
    mem_trim();
    ck_assert_uint_le(status_bytes("RssAnon"), own_before + slack / 2);
    free(t.bytes);
}
END_TEST

/* Texts that are only skeleton, as long as the reader accepts. */
static const struct {
    const char *before, *piece, *after;
    int count;
} hostile[] = {
    {"{\"description\": \"", "long words.", "\"}", (5 << 20) / 11 - 20},
    {"{\"trained\": [", "{},", "0]}", 40000},
    {"{\"trained\": [", "[],", "0]}", 40000},
    {"{\"trained\": [", "\"\",", "0]}", 80000},
    {"{\"trained\": [", "{\"a\":{\"b\":\"0123456789012345678901234567890\"}},", "0]}", 15000},
};

START_TEST(a_hostile_file_costs_65_mib_at_most)
{
    size_t length = strlen(hostile[_i].piece) * (size_t)hostile[_i].count;
    struct text t = {.room = length + 100};
    t.bytes = malloc(t.room);
    ck_assert_ptr_nonnull(t.bytes);
    put(&t, hostile[_i].before);
    for (int n = 0; n < hostile[_i].count; n++)
        put(&t, hostile[_i].piece);
    put(&t, hostile[_i].after);
    struct err e = ERR_INIT;
    struct model *m = NULL;
    size_t before = status_bytes("VmRSS");
    enum err_code rc =
        model_read(&(struct model_file){"hostile", (const uint8_t *)t.bytes, t.length, NULL},
                   &model_default_limits, &m, &e);
    size_t peak = status_bytes("VmHWM");
    ck_assert_msg(rc == ERR_MODEL && strstr(e.text, "$.format"), "%d %s", rc, e.text);
    printf("# %zu bytes of text: %zu at the peak\n", t.length, peak - before);
    fflush(stdout);
    ck_assert_uint_le(peak, before + (65u << 20));
    free(t.bytes);
}
END_TEST

#define CONV                                                                                       \
    "{\"type\": \"conv2d\", \"name\": \"c\", \"in_channels\": 1, \"out_channels\": 1, "            \
    "\"kernel_size\": 1, \"weight\": [[[[1]]]], \"bias\": {\"shape\": [1], "                       \
    "\"dtype\": \"float32\", \"base64\": \"AACAPw==\"}}"
#define PRELU "{\"type\": \"prelu\", \"weight\": [0.25]}"

static const char everything[] =
    FORMAT "\"name\": \"a-name-of-23-characters\", \"scale\": 2, \"color\": \"y\", "
           "\"license\": \"a licence of more than sixteen letters\", \"description\": \"d\", "
           "\"trained\": {\"a\": [1.5, true], \"b\": \"a text of more than sixteen letters\"}, "
           "\"scores\": {}, \"layers\": [" CONV ", " PRELU
           ", {\"type\": \"add\", \"with\": [\"c\", \"input\"]}, " DOUBLE "]}";
static const char refused[] = FORMAT
    "\"name\": \"n\", \"scale\": 2, \"color\": \"y\", \"layers\": [" CONV ", " PRELU ", {}]}";
static const char waifu2x[] = "[{\"nInputPlane\": 1, \"nOutputPlane\": 1, \"kW\": 1, \"kH\": 1, "
                              "\"weight\": [1], \"bias\": [0]}]";
static const struct {
    const char *text;
    enum err_code code;
} loads[] = {{everything, ERR_OK}, {refused, ERR_MODEL}, {waifu2x, ERR_OK}};

/* Loads a model while the nth allocation fails. Returns true if the result was as expected all the
 * same. */
static bool load_failing(const char *text, enum err_code expected, void (*arm)(long), long n)
{
    struct err e = ERR_INIT;
    struct model *m = NULL;
    arm(n);
    enum err_code rc =
        model_read(&(struct model_file){"stem", (const uint8_t *)text, strlen(text), NULL},
                   &model_default_limits, &m, &e);
    arm(-1);
    ck_assert_msg(rc == expected || rc == ERR_MEMORY, "allocation %ld: %d %s", n, rc, e.text);
    ck_assert_int_eq(rc == ERR_OK, m != NULL);
    ck_assert_int_eq(rc, e.code);
    model_free(m);
    return rc == expected;
}

START_TEST(any_allocation_may_fail)
{
    long n = 0;
    while (!load_failing(loads[_i].text, loads[_i].code, mem_fail_nth, n))
        ck_assert_int_lt(n++, 1000);
    ck_assert_int_gt(n, 3);
}
END_TEST

static long json_countdown = -1;

static void json_fail_nth(long n)
{
    json_countdown = n;
}

static void *json_malloc_failing(size_t bytes)
{
    return json_countdown >= 0 && json_countdown-- == 0 ? NULL : malloc(bytes);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Compares the texts that Jansson makes: a model must have all of them, or be refused. */
static bool same_texts(const struct model *a, const struct model *b)
{
    bool all = same(a->name, b->name) && same(a->license, b->license) &&
               same(a->description, b->description) && same(a->trained_json, b->trained_json) &&
               same(a->scores_json, b->scores_json);
    for (int i = 0; all && i < a->layer_count; i++)
        all = same(a->layers[i].name, b->layers[i].name);
    return all;
}

/* Jansson may succeed although a buffer could not grow, so this test does not end at the first
 * success. */
START_TEST(any_allocation_of_jansson_may_fail)
{
    struct model *whole = NULL;
    json_set_alloc_funcs(json_malloc_failing, free); /* concerns the process of this test alone */
    enum err_code expected = model_read(
        &(struct model_file){"stem", (const uint8_t *)loads[_i].text, strlen(loads[_i].text), NULL},
        &model_default_limits, &whole, &(struct err)ERR_INIT);
    ck_assert_int_eq(expected, loads[_i].code);
    for (long n = 0; n < 400; n++) {
        struct err e = ERR_INIT;
        struct model *m = NULL;
        json_fail_nth(n);
        enum err_code rc = model_read(&(struct model_file){"stem", (const uint8_t *)loads[_i].text,
                                                           strlen(loads[_i].text), NULL},
                                      &model_default_limits, &m, &e);
        json_fail_nth(-1);
        ck_assert_int_eq(rc == ERR_OK, m != NULL);
        ck_assert_int_eq(rc, e.code);
        ck_assert_msg(!m || same_texts(m, whole), "allocation %ld: a text is not whole", n);
        model_free(m);
    }
    ck_assert(load_failing(loads[_i].text, loads[_i].code, json_fail_nth, -1));
    model_free(whole);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model_json_memory");
    TCase *c = tcase_create("model_json_memory");
    int hostiles = (int)(sizeof hostile / sizeof *hostile);
    if (HARNESS_SANITIZED) {
        harness_left_out(2, "a_large_file_costs_its_weights_and_little_more",
                         "sanitizers keep memory");
        harness_left_out(hostiles, "a_hostile_file_costs_65_mib_at_most", "sanitizers keep memory");
    } else {
        tcase_add_loop_test(c, a_large_file_costs_its_weights_and_little_more, 0, 2);
        tcase_add_loop_test(c, a_hostile_file_costs_65_mib_at_most, 0, hostiles);
    }
    tcase_add_loop_test(c, any_allocation_may_fail, 0, (int)(sizeof loads / sizeof *loads));
    tcase_add_loop_test(c, any_allocation_of_jansson_may_fail, 0,
                        (int)(sizeof loads / sizeof *loads));
    suite_add_tcase(s, c);
    return harness_run(s);
}
