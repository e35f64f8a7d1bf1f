/* test_inflate.c - zlib streams of every kind, in spans and steps of any size; streams that zlib
 * refuses are refused; rows are unfiltered as by the definition. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/png/inflate.h"
#include "engine/png/png_filter.h"
#include "engine/png/png_unfilter.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"

/* A stream in spans of `span` bytes each, or of random sizes for 0. */
struct source {
    const uint8_t *bytes;
    size_t left, span;
    uint64_t seed;
};

static bool next_span(void *arg, const uint8_t **bytes, size_t *length)
{
    struct source *s = arg;
    size_t n = s->span ? s->span : harness_random(&s->seed) % 200 + 1;
    n = n < s->left ? n : s->left;
    *bytes = s->bytes;
    *length = n;
    s->bytes += n;
    s->left -= n;
    return n > 0;
}

/* Inflates all of a stream, in steps of `step` bytes. Returns the bytes, which the caller frees
 * with free(); NULL if the stream is refused or has more than `most` bytes. The memory has the
 * exact size, so that a sanitizer sees an access beyond it. */
static uint8_t *inflate_all(const struct bytes *z, size_t span, size_t step, size_t most,
                            size_t *length)
{
    struct source s = {z->data, z->length, span, 5};
    struct inflate *state = malloc(sizeof *state);
    uint8_t *out = malloc(most + 1 + INFLATE_OVER), *at = out;
    enum inflate_result got = INFLATE_MORE;
    inflate_init(state, next_span, &s);
    while (got == INFLATE_MORE && (size_t)(at - out) <= most) {
        size_t room = most + 1 - (size_t)(at - out);
        got =
            inflate_run(state, out, &at, at + (step < room ? step : room), 1 + (uint32_t)step / 64);
    }
    *length = (size_t)(at - out);
    bool fine = got == INFLATE_END && *length <= most &&
                state->adler == libdeflate_adler32(1, out, *length);
    free(state);
    if (!fine) {
        free(out);
        return NULL;
    }
    return out;
}

/* Makes noise, runs, few values and far repetitions, so that deflate uses all of its means. */
static void make_data(struct bytes *data, size_t length, uint64_t *seed)
{
    uint8_t *p = malloc(length + 1);
    int way = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t r = harness_random(seed);
        if (r % 500 == 0)
            way = (int)(r / 500 % 5);
        p[i] = (uint8_t)(r >> 32);
        if (way == 1)
            p[i] &= 7;
        else if (way == 2 && i > 0)
            p[i] = p[i - 1];
        else if (way == 3 && i > 20000)
            p[i] = p[i - 20000 - r % 3 / 2];
        else if (way == 4 && i >= 5)
            p[i] = r % 9 ? p[i - 2 - i / 700 % 4] : p[i];
    }
    *data = (struct bytes){p, length};
}

START_TEST(what_zlib_writes_is_read)
{
    static const size_t steps[] = {1, 300, 1 << 20};
    uint64_t seed = 30 + (uint64_t)_i;
    for (int strategy = 0; strategy <= 4; strategy++)
        for (int size = 0; size < 4; size++) {
            static const size_t sizes[] = {0, 1, 3000, 150000};
            struct bytes data, z;
            make_data(&data, sizes[size], &seed);
            png_build_zlib(&data, _i, strategy, &z);
            for (size_t k = 0; k < 3; k++) {
                size_t length;
                uint8_t *out =
                    inflate_all(&z, k == 2 ? z.length : k, steps[k], data.length, &length);
                ck_assert_msg(out != NULL, "level %d strategy %d size %d", _i, strategy, size);
                ck_assert_uint_eq(length, data.length);
                ck_assert_int_eq(memcmp(out, data.data, length), 0);
                free(out);
            }
            bytes_done(&data);
            bytes_done(&z);
        }
}
END_TEST

/* Reads what libdeflate writes: its blocks use long codes, and its levels differ from zlib's. */
START_TEST(what_libdeflate_writes_is_read)
{
    uint64_t seed = 77;
    for (int level = 0; level <= 12; level++) {
        struct bytes data, z;
        size_t length;
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
        make_data(&data, 200000, &seed);
        z.data = malloc(libdeflate_zlib_compress_bound(c, data.length));
        z.length = libdeflate_zlib_compress(c, data.data, data.length, z.data,
                                            libdeflate_zlib_compress_bound(c, data.length));
        uint8_t *out = inflate_all(&z, 8192, 100000, data.length, &length);
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(length, data.length);
        ck_assert_int_eq(memcmp(out, data.data, length), 0);
        free(out);
        libdeflate_free_compressor(c);
        bytes_done(&data);
        bytes_done(&z);
    }
}
END_TEST

/* Returns what zlib inflates; NULL if it refuses the stream. */
static uint8_t *by_zlib(const struct bytes *z, size_t most, size_t *length)
{
    uint8_t *out = malloc(most + 1);
    uLongf n = most + 1;
    if (uncompress(out, &n, z->data, z->length) != Z_OK) {
        free(out);
        return NULL;
    }
    *length = n;
    return out;
}

START_TEST(what_is_damaged_is_never_taken_for_more_than_zlib_takes)
{
    uint64_t seed = 400 + (uint64_t)_i;
    int taken = 0, refused = 0;
    for (int n = 0; n < 3000; n++) {
        struct bytes data, z;
        size_t length, want;
        make_data(&data, harness_random(&seed) % 3000, &seed);
        png_build_zlib(&data, harness_between(&seed, 0, 9), harness_between(&seed, 0, 4), &z);
        z.data[harness_random(&seed) % z.length] ^= (uint8_t)(1u << harness_random(&seed) % 8);
        if (harness_random(&seed) % 8 == 0)
            z.length = harness_random(&seed) % z.length;
        uint8_t *out = inflate_all(&z, 0, 997, 2 * data.length + 1000, &length);
        uint8_t *expected = by_zlib(&z, 2 * data.length + 1000, &want);
        if (out) {
            ck_assert_ptr_nonnull(expected);
            ck_assert_uint_eq(length, want);
            ck_assert_int_eq(memcmp(out, expected, want), 0);
        }
        *(out ? &taken : &refused) += 1;
        free(out);
        free(expected);
        bytes_done(&data);
        bytes_done(&z);
    }
    ck_assert_int_gt(refused, 2000);
}
END_TEST

/* --- streams made by hand ----------------------------------------------------------------------
 */

struct bits {
    uint8_t data[600];
    size_t count;
};

static void put(struct bits *b, unsigned value, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++, b->count++)
        b->data[b->count / 8] |= (uint8_t)((value >> i & 1) << b->count % 8);
}

/* Writes a Huffman code, which begins with its highest bit. */
static void put_code(struct bits *b, unsigned code, unsigned bits)
{
    while (bits-- > 0)
        put(b, code >> bits, 1);
}

/* Writes the beginning of a dynamic block whose code lengths are 1 (code 10), 6 (11) and 9 (0). */
static void begin_dynamic(struct bits *b, unsigned literals, unsigned distances)
{
    static const uint8_t order[18] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1};
    put(b, 0x0178, 16);
    put(b, 1, 1);
    put(b, 2, 2);
    put(b, literals - 257, 5);
    put(b, distances - 1, 5);
    put(b, 14, 4);
    for (int i = 0; i < 18; i++)
        put(b, order[i] == 9 ? 1 : order[i] == 1 || order[i] == 6 ? 2 : 0, 3);
}

/* Writes code lengths: 9 bits for 256 literals, and 6 for the other `literals` - 256 symbols. The
 * code is complete for 288. */
static struct bytes with_literals(struct bits *b, unsigned literals, unsigned distances)
{
    begin_dynamic(b, literals, distances);
    for (unsigned i = 0; i < literals; i++)
        i < 256 ? put_code(b, 0, 1) : put_code(b, 3, 2);
    for (unsigned i = 0; i < distances; i++)
        put_code(b, 2, 2);
    put_code(b, 256 + 'a', 9);
    put_code(b, 0, 6);
    b->count = (b->count + 7) / 8 * 8;
    put(b, __builtin_bswap32(libdeflate_adler32(1, "a", 1)) & 0xffff, 16);
    put(b, __builtin_bswap32(libdeflate_adler32(1, "a", 1)) >> 16, 16);
    return (struct bytes){b->data, b->count / 8};
}

START_TEST(refuses_codes_that_zlib_refuses)
{
    static const struct {
        unsigned literals, distances;
    } cases[] = {{288, 1}, {287, 1}, {286, 1}, {288, 2}, {286, 31}, {286, 32}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bits b = {.count = 0};
        size_t length;
        struct bytes z = with_literals(&b, cases[i].literals, cases[i].distances);
        uint8_t *out = inflate_all(&z, z.length, 100, 100, &length);
        ck_assert_ptr_null(out);
        ck_assert_ptr_null(by_zlib(&z, 100, &length));
    }
}
END_TEST

START_TEST(refuses_what_is_behind_the_end_and_other_windows)
{
    struct bytes data, z;
    uint64_t seed = 3;
    size_t length;
    make_data(&data, 1000, &seed);
    png_build_zlib(&data, 6, 0, &z);
    bytes_add(&z, "x", 1);
    ck_assert_ptr_null(inflate_all(&z, z.length, 2000, 1000, &length));
    z.length--;
    z.data[0] = 0x68; /* a window of 16 KiB */
    z.data[1] = 0x81;
    ck_assert_int_eq((z.data[0] << 8 | z.data[1]) % 31, 0);
    ck_assert_ptr_null(inflate_all(&z, z.length, 2000, 1000, &length));
    bytes_done(&data);
    bytes_done(&z);
}
END_TEST

START_TEST(reads_a_match_by_the_fixed_code)
{
    struct bits b = {.count = 0};
    size_t length;
    /* in the fixed code: "a", a match of 3 from 1 back, and the end */
    put(&b, 0x0178, 16);
    put(&b, 1, 1);
    put(&b, 1, 2);
    put_code(&b, 0x30 + 'a', 8);
    put_code(&b, 1, 7);
    put_code(&b, 0, 5);
    put_code(&b, 0, 7);
    b.count = (b.count + 7) / 8 * 8;
    uint32_t adler = __builtin_bswap32(libdeflate_adler32(1, "aaaa", 4));
    put(&b, adler & 0xffff, 16);
    put(&b, adler >> 16, 16);
    struct bytes z = {b.data, b.count / 8};
    uint8_t *out = inflate_all(&z, 1, 1, 4, &length);
    ck_assert(out && length == 4 && memcmp(out, "aaaa", 4) == 0);
    free(out);
}
END_TEST

/* --- filters -----------------------------------------------------------------------------------
 */

static int predict(int filter, int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    switch (filter) {
    case FILTER_SUB:
        return a;
    case FILTER_UP:
        return b;
    case FILTER_AVERAGE:
        return (a + b) / 2;
    case FILTER_PAETH:
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    default:
        return 0;
    }
}

/* Unfilters as the specification defines it, in 9.2. */
static void define(int filter, const uint8_t *filtered, const uint8_t *above, size_t count,
                   size_t step, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        int a = i < step ? 0 : out[i - step], c = i < step ? 0 : above[i - step];
        out[i] = (uint8_t)(filtered[i] + predict(filter, a, above[i], c));
    }
}

enum { ROW_MOST = 400 };

static void fill(uint8_t *row, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++)
        row[i] = (uint8_t)(harness_random(seed) % 3 ? harness_random(seed) : 255 * (i & 1));
}

START_TEST(rows_are_unfiltered_as_defined)
{
    static const size_t steps[] = {1, 2, 3, 4, 6, 8};
    uint64_t seed = 60 + (uint64_t)_i;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t count = steps[s]; count < ROW_MOST; count += steps[s]) {
            uint8_t in[2][ROW_MOST + PNG_UNFILTER_OVER], above[ROW_MOST + PNG_UNFILTER_OVER];
            uint8_t want[2][ROW_MOST], got[2][ROW_MOST + 1];
            fill(in[0], sizeof in, &seed);
            fill(above, sizeof above, &seed);
            memset(got, 0x5a, sizeof got);
            define(_i, in[0], above, count, steps[s], want[0]);
            png_unfilter_row(_i, in[0], above, count, steps[s], got[0]);
            ck_assert(memcmp(want[0], got[0], count) == 0 && got[0][count] == 0x5a);
            if (_i != FILTER_PAETH)
                continue;
            define(_i, in[1], want[0], count, steps[s], want[1]);
            memset(got, 0x5a, sizeof got);
            png_unfilter_paeths(in[0], in[1], above, count, steps[s], got[0], got[1]);
            ck_assert(memcmp(want[0], got[0], count) == 0 && got[0][count] == 0x5a);
            ck_assert(memcmp(want[1], got[1], count) == 0 && got[1][count] == 0x5a);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inflate");
    TCase *c = tcase_create("inflate");
    tcase_add_loop_test(c, what_zlib_writes_is_read, 0, 10);
    tcase_add_test(c, what_libdeflate_writes_is_read);
    tcase_add_loop_test(c, what_is_damaged_is_never_taken_for_more_than_zlib_takes, 0, 4);
    tcase_add_test(c, refuses_codes_that_zlib_refuses);
    tcase_add_test(c, refuses_what_is_behind_the_end_and_other_windows);
    tcase_add_test(c, reads_a_match_by_the_fixed_code);
    tcase_add_loop_test(c, rows_are_unfiltered_as_defined, 0, 5);
    suite_add_tcase(s, c);
    return harness_run(s);
}
