/* test_deflate.c - codes, blocks and the encoder's kernels: zlib inflates the bytes that were
 * packed. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "engine/png/png_kernels.h"
#include "tests/lib/harness.h"

enum { BYTES = 70000, SETS = 3 };

/* Makes counts of many shapes, above all those that make trees deep. */
static void make_counts(int shape, int symbols, uint64_t *seed, uint32_t *counts)
{
    uint32_t a = 1, b = 1;
    for (int i = 0; i < symbols; i++) {
        uint32_t next = a + b < 1 << 23 ? a + b : 1 << 23;
        switch (shape) {
        case 0: /* Fibonacci numbers, whose tree is as deep as possible */
            counts[i] = a;
            a = b;
            b = next;
            break;
        case 1:
            counts[i] = (uint32_t)(harness_random(seed) & 0xffffff) >> harness_random(seed) % 25;
            break;
        case 2:
            counts[i] = i == 7 ? (1 << 24) - 1 : harness_random(seed) % 40 == 0;
            break;
        case 3:
            counts[i] = 5;
            break;
        default: /* one symbol, or none */
            counts[i] = shape == 4 && i == 3;
        }
    }
}

static uint64_t cost(const uint32_t *counts, int symbols, const uint8_t *lengths)
{
    uint64_t sum = 0;
    for (int i = 0; i < symbols; i++)
        sum += (uint64_t)counts[i] * lengths[i];
    return sum;
}

static int by_weight(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Computes the least cost under a limit, by the coin collector's problem (Larmore and Hirschberg
 * 1990): it is that of the 2 * (n - 1) lightest packages of the last level. */
static uint64_t least_cost(const uint32_t *counts, int symbols, int limit)
{
    uint64_t leaves[DEFLATE_LITERALS], level[2 * DEFLATE_LITERALS], sum = 0;
    int n = 0, have = 0;
    for (int i = 0; i < symbols; i++)
        if (counts[i])
            leaves[n++] = counts[i];
    if (n < 2)
        return n ? leaves[0] : 0;
    for (int d = 0; d < limit; d++) {
        int pairs = have / 2;
        for (int i = 0; i < pairs; i++)
            level[i] = level[2 * i] + level[2 * i + 1];
        memcpy(level + pairs, leaves, (size_t)n * sizeof *leaves);
        have = pairs + n;
        qsort(level, (size_t)have, sizeof *level, by_weight);
    }
    for (int i = 0; i < 2 * (n - 1); i++)
        sum += level[i];
    return sum;
}

START_TEST(code_lengths_are_complete_limited_and_near_the_best)
{
    static const int alphabets[][2] = {{286, 15}, {286, 14}, {286, 12}, {30, 14}, {19, 7}, {2, 1}};
    uint64_t seed = 60 + (uint64_t)_i;
    for (int round = 0; round < 60; round++) {
        const int *a = alphabets[round % 6];
        uint32_t counts[DEFLATE_LITERALS];
        uint8_t lengths[DEFLATE_LITERALS];
        int used = 0, coded = 0;
        uint32_t space = 0;
        make_counts(_i, a[0], &seed, counts);
        deflate_code_lengths(counts, a[0], a[1], lengths);
        for (int i = 0; i < a[0]; i++) {
            ck_assert_int_le(lengths[i], a[1]);
            ck_assert(counts[i] == 0 || lengths[i] > 0);
            used += counts[i] > 0;
            coded += lengths[i] > 0;
            space += lengths[i] ? 1U << (15 - lengths[i]) : 0;
        }
        ck_assert_uint_eq(space, 1U << 15);
        ck_assert_int_eq(coded, used < 2 ? 2 : used);
        uint64_t least = least_cost(counts, a[0], a[1]), ours = cost(counts, a[0], lengths);
        ck_assert_uint_ge(ours, least);
        ck_assert_uint_le(ours, least + least / 8);
    }
}
END_TEST

START_TEST(canonical_codes_are_those_of_the_specification)
{
    static const uint8_t lengths[8] = {3, 3, 3, 3, 3, 2, 4, 4}; /* RFC 1951, 3.2.2 */
    static const uint16_t codes[8] = {2, 3, 4, 5, 6, 0, 14, 15};
    uint16_t made[8];
    deflate_code_assign(lengths, 8, made);
    for (int i = 0; i < 8; i++) {
        int sent = 0;
        for (int k = 0; k < lengths[i]; k++)
            sent |= (codes[i] >> k & 1) << (lengths[i] - 1 - k);
        ck_assert_int_eq(made[i], sent);
    }
}
END_TEST

/* Makes bytes of many kinds: noise, one value, runs of all lengths, few values, skewed values. */
static size_t make_bytes(int kind, uint64_t *seed, uint8_t *bytes)
{
    size_t count =
        kind == 0 ? (size_t)harness_between(seed, 1, 40) : (size_t)harness_between(seed, 1, BYTES);
    uint8_t value = 0;
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t r = harness_random(seed);
        if (left-- == 0) {
            left = kind == 3 ? r % 700 : kind == 4 ? r % 60 : 0;
            value = (uint8_t)(r >> 32);
        }
        bytes[i] = kind == 1 ? 77 : kind == 5 ? (uint8_t)__builtin_ctzll(r | 1ULL << 60) : value;
    }
    return count;
}

/* Makes matches of any length, wherever a random distance has one. */
static size_t random_matches(const uint8_t *bytes, size_t count, uint64_t *seed,
                             struct deflate_match *matches)
{
    size_t n = 0, told = 0;
    for (size_t i = 1; i < count; i++) {
        size_t most = i < 32768 ? i : 32768, length = 0;
        size_t distance = 1 + harness_random(seed) % (harness_random(seed) % 4 ? 3 : most);
        if (distance > i)
            continue;
        while (length < 258 && i + length < count &&
               bytes[i + length] == bytes[i + length - distance])
            length++;
        if (length < 3)
            continue;
        matches[n++] =
            (struct deflate_match){(uint32_t)(i - told), (uint16_t)length, (uint16_t)distance};
        i += length - 1;
        told = i + 1;
    }
    return n;
}

static void check_inflates(const uint8_t *packed, size_t length, const uint8_t *bytes, size_t count)
{
    static uint8_t back[BYTES + 1];
    z_stream z = {0};
    ck_assert_int_eq(inflateInit2(&z, -MAX_WBITS), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)packed;
    z.avail_in = (uInt)length;
    z.next_out = back;
    z.avail_out = sizeof back;
    ck_assert_int_eq(inflate(&z, Z_SYNC_FLUSH), Z_OK);
    ck_assert_uint_eq(z.avail_in, 0);
    ck_assert_uint_eq(z.total_out, count);
    ck_assert_int_eq(memcmp(back, bytes, count), 0);
    inflateEnd(&z);
}

START_TEST(blocks_inflate_to_what_went_in)
{
    uint64_t seed = 70 + (uint64_t)_i;
    static uint8_t bytes[BYTES], packed[2][BYTES + 1024];
    static struct deflate_match matches[BYTES];
    for (int round = 0; round < 40; round++) {
        struct deflate_sequence s = {bytes, make_bytes(_i, &seed, bytes), matches, 0};
        s.match_count = round % 2 ? random_matches(bytes, s.count, &seed, matches)
                                  : png_kernels_at(0)->runs(bytes, s.count, matches);
        size_t length = 0;
        for (int k = 0; k < SETS && png_kernels_at(k); k++) {
            struct deflate_bits b = {.next = packed[k > 0]};
            deflate_block_put(png_kernels_at(k), &s, &b);
            deflate_flush_put(&b);
            size_t here = (size_t)(b.next - packed[k > 0]);
            ck_assert_uint_le(here, s.count + (s.count / 65535 + 2) * 5);
            ck_assert(k == 0 || (here == length && memcmp(packed[0], packed[1], here) == 0));
            length = here;
        }
        check_inflates(packed[0], length, bytes, s.count);
    }
}
END_TEST

/* Makes bytes that repeat earlier ones with some changes: pixels, rows, and bytes far away. */
static size_t make_picture(int kind, uint64_t *seed, size_t pixel, size_t row, uint8_t *bytes)
{
    size_t count = make_bytes(kind % 6, seed, bytes);
    for (size_t i = row + 1; i < count && kind >= 6; i++) {
        size_t distances[] = {pixel, row, 1 + harness_random(seed) % i};
        size_t distance = distances[harness_random(seed) % 3], length = harness_random(seed) % 600;
        for (; length > 0 && i < count; length--, i++)
            bytes[i] = bytes[i - distance];
    }
    return count;
}

/* Packs as the encoder does, block by block. Returns the number of bytes. */
static size_t pack_matches(const struct png_kernels *k, struct deflate_search s, uint8_t *packed)
{
    static struct deflate_match matches[DEFLATE_MATCHES];
    struct deflate_bits b = {.next = packed};
    memset(s.places, 0, 2 * sizeof *s.places);
    while (s.at < s.count) {
        struct deflate_sequence q = {s.bytes + s.at, s.at, matches, 0};
        q.match_count = k->match(&s, matches);
        ck_assert_uint_le(q.match_count, DEFLATE_MATCHES);
        ck_assert_uint_gt(s.at, q.count);
        q.count = s.at - q.count;
        deflate_block_put(k, &q, &b);
    }
    deflate_flush_put(&b);
    return (size_t)(b.next - packed);
}

START_TEST(matches_inflate_to_what_they_were_found_in)
{
    uint64_t seed = 90 + (uint64_t)_i;
    static uint8_t bytes[BYTES], packed[2][BYTES + 1024];
    static uint32_t places[2][1 << DEFLATE_HASH_BITS];
    const struct png_kernels *k;
    for (int round = 0; round < 40; round++) {
        struct deflate_search s = {.bytes = bytes, .places = places, .lazy = round % 2 ? 32 : 0};
        s.pixel = 1 + harness_random(&seed) % 8;
        s.row = 1 + harness_random(&seed) % (round % 3 ? 4000 : 32768);
        s.count = make_picture(_i, &seed, s.pixel, s.row, bytes);
        size_t length = pack_matches(png_kernels_at(0), s, packed[0]);
        check_inflates(packed[0], length, bytes, s.count);
        for (int i = 1; (k = png_kernels_at(i)); i++) {
            ck_assert_uint_eq(pack_matches(k, s, packed[1]), length);
            ck_assert_int_eq(memcmp(packed[0], packed[1], length), 0);
        }
    }
}
END_TEST

/* Compares with zlib's fastest level on data like text, and checks that one value packs to almost
 * nothing. */
START_TEST(matches_are_worth_their_while)
{
    uint64_t seed = 99;
    static uint8_t bytes[BYTES], packed[BYTES + 1024], reference[BYTES + 1024];
    static uint32_t places[2][1 << DEFLATE_HASH_BITS];
    struct deflate_search s = {
        .bytes = bytes, .places = places, .lazy = 32, .pixel = 3, .row = 1501};
    do
        s.count = make_picture(11, &seed, s.pixel, s.row, bytes);
    while (s.count < BYTES / 2);
    uLongf zlib = sizeof reference;
    ck_assert_int_eq(compress2(reference, &zlib, bytes, s.count, 1), Z_OK);
    ck_assert_uint_le(pack_matches(png_kernels_at(0), s, packed), zlib + zlib / 20);
    memset(bytes, 9, BYTES);
    s.count = BYTES;
    ck_assert_uint_le(pack_matches(png_kernels_at(0), s, packed), 150);
}
END_TEST

START_TEST(stored_bytes_inflate_too)
{
    uint64_t seed = 80;
    static uint8_t bytes[BYTES], packed[BYTES + 1024];
    for (int kind = 0; kind < 6; kind++) {
        struct deflate_bits b = {.next = packed};
        size_t count = make_bytes(kind, &seed, bytes);
        deflate_stored_put(bytes, count, &b);
        deflate_flush_put(&b);
        check_inflates(packed, (size_t)(b.next - packed), bytes, count);
    }
}
END_TEST

START_TEST(the_sets_agree)
{
    uint64_t seed = 81;
    static uint8_t bytes[BYTES];
    static struct deflate_match matches[2][PNG_KERNELS_RUNS(BYTES)];
    const struct png_kernels *c = NULL, *k;
    for (int i = 0; (k = png_kernels_at(i)); i++)
        c = k; /* the last set is the plain one */
    ck_assert_str_eq(c->name, "c");
    for (int round = 0; round < 60; round++) {
        size_t count = make_bytes(round % 6, &seed, bytes),
               runs = c->runs(bytes, count, matches[0]);
        ck_assert_uint_le(runs, PNG_KERNELS_RUNS(count));
        for (int i = 0; (k = png_kernels_at(i)); i++) {
            memset(matches[1], 0, runs * sizeof **matches);
            ck_assert_uint_eq(k->runs(bytes, count, matches[1]), runs);
            ck_assert_int_eq(memcmp(matches[0], matches[1], runs * sizeof **matches), 0);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deflate");
    TCase *c = tcase_create("deflate");
    tcase_add_loop_test(c, code_lengths_are_complete_limited_and_near_the_best, 0, 6);
    tcase_add_test(c, canonical_codes_are_those_of_the_specification);
    tcase_add_loop_test(c, blocks_inflate_to_what_went_in, 0, 6);
    tcase_add_loop_test(c, matches_inflate_to_what_they_were_found_in, 0, 12);
    tcase_add_test(c, matches_are_worth_their_while);
    tcase_add_test(c, stored_bytes_inflate_too);
    if (png_kernels_at(1))
        tcase_add_test(c, the_sets_agree);
    else
        harness_left_out(1, "the_sets_agree", "this processor has one set, so none to compare");
    suite_add_tcase(s, c);
    return harness_run(s);
}
