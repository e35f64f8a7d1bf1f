/* test_inflate_codes.c - zlib streams made by hand, bit by bit: those with codes that zlib refuses
 * are refused, others are read. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/inflate_whole.h"

struct bits {
    uint8_t data[2000];
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

/* Writes the check sum of what the stream stands for. */
static struct bytes end_stream(struct bits *b, const void *bytes, size_t length)
{
    uint32_t adler = __builtin_bswap32(libdeflate_adler32(1, bytes, length));
    b->count = (b->count + 7) / 8 * 8;
    put(b, adler & 0xffff, 16);
    put(b, adler >> 16, 16);
    return (struct bytes){b->data, b->count / 8, b->count / 8};
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
    return end_stream(b, "a", 1);
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
        uint8_t *out = inflate_whole(&z, &(struct inflate_cut){z.length, 100}, 100, &length);
        ck_assert_ptr_null(out);
        ck_assert_ptr_null(inflate_by_zlib(&z, 100, &length));
    }
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
    struct bytes z = end_stream(&b, "aaaa", 4);
    uint8_t *out = inflate_whole(&z, &(struct inflate_cut){1, 1}, 4, &length);
    ck_assert(out && length == 4 && memcmp(out, "aaaa", 4) == 0);
    free(out);
}
END_TEST

/* --- codes at random ---------------------------------------------------------------------------
 */

enum fault { COMPLETE, INCOMPLETE, CROWDED };

/* The symbols that have codes, and these codes, as RFC 1951 assigns them (3.2.2). */
struct code {
    unsigned symbols[6], count;
    unsigned lengths[6], codes[6];
};

/* Gives the symbols codes that are complete; or makes one code a bit longer, or shorter. */
static void make_code(struct code *c, enum fault fault, uint64_t *seed)
{
    unsigned odd = 0, next = 0;
    c->lengths[0] = 0;
    for (unsigned i = 1; i < c->count; i++) { /* one leaf of a tree becomes two */
        unsigned leaf = (unsigned)(harness_random(seed) % i);
        c->lengths[i] = ++c->lengths[leaf];
    }
    while (fault == CROWDED && c->lengths[odd] == 1)
        odd++;
    c->lengths[odd] += fault == INCOMPLETE ? 1 : fault == CROWDED ? -1u : 0;
    for (unsigned n = 1; n <= 15; n++, next <<= 1)
        for (unsigned i = 0; i < c->count; i++)
            if (c->lengths[i] == n)
                c->codes[i] = next++;
}

static void put_symbol(struct bits *b, const struct code *c, unsigned i)
{
    put_code(b, c->codes[i], c->lengths[i]);
}

/* Writes the lengths of the codes of `count` symbols, each of them by a code of 4 bits. */
static void put_lengths(struct bits *b, const struct code *c, unsigned count)
{
    for (unsigned s = 0, i = 0; s < count; s++) {
        bool coded = i < c->count && c->symbols[i] == s;
        put_code(b, coded ? c->lengths[i] : 0, 4);
        i += coded;
    }
}

/* Which of a block's three codes are faulty. */
struct faults {
    enum fault literals, distances;
    bool lengths; /* incomplete */
};

/* Writes a dynamic block of literals and a match, and to `text` what it stands for. */
static void put_block(struct bits *b, const struct faults *f, bool last, struct bytes *text,
                      uint64_t *seed)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    struct code literal = {.symbols = {'a', 'b', 'c', 'd', 256, 257}, .count = 6};
    struct code distance = {.symbols = {0, 1, 2}, .count = 3};
    make_code(&literal, f->literals, seed);
    make_code(&distance, f->distances, seed);
    put(b, last, 1);
    put(b, 2, 2);
    put(b, 258 - 257, 5);
    put(b, 3 - 1, 5);
    put(b, 15, 4);
    for (int i = 0; i < 19; i++)
        put(b, order[i] < (f->lengths ? 15 : 16) ? 4 : 0, 3);
    put_lengths(b, &literal, 258);
    put_lengths(b, &distance, 3);
    for (int i = 0; i < 6; i++) {
        unsigned s = (unsigned)(harness_random(seed) % 4);
        put_symbol(b, &literal, s);
        bytes_add(text, &(uint8_t){(uint8_t)literal.symbols[s]}, 1);
    }
    unsigned back = (unsigned)(harness_random(seed) % 3); /* 3 bytes from 1 to 3 back */
    put_symbol(b, &literal, 5);
    put_symbol(b, &distance, back);
    for (int i = 0; i < 3; i++)
        bytes_add(text, &(uint8_t){text->data[text->length - back - 1]}, 1);
    put_symbol(b, &literal, 4);
}

/* ISA-L alone would take the incomplete codes. */
START_TEST(takes_the_codes_that_zlib_takes_and_no_others)
{
    uint64_t seed = 90 + (uint64_t)_i;
    int taken = 0, refused = 0;
    for (int n = 0; n < 3000; n++) {
        struct bits b = {.count = 0};
        struct bytes text = {0};
        size_t length, want;
        unsigned blocks = (unsigned)(harness_random(&seed) % 4) + 1;
        unsigned faulty = (unsigned)(harness_random(&seed) % (2 * blocks));
        put(&b, 0x0178, 16);
        for (unsigned i = 0; i < blocks; i++) {
            unsigned kind = i == faulty ? (unsigned)(harness_random(&seed) % 5) : 5;
            struct faults f = {.literals = kind < 2 ? INCOMPLETE + kind : COMPLETE,
                               .distances = kind == 2 || kind == 3 ? kind - 1 : COMPLETE,
                               .lengths = kind == 4};
            put_block(&b, &f, i == blocks - 1, &text, &seed);
        }
        struct bytes z = end_stream(&b, text.data, text.length);
        uint8_t *expected = inflate_by_zlib(&z, text.length, &want);
        uint8_t *out = inflate_whole(&z, &(struct inflate_cut){0, 7}, text.length, &length);
        ck_assert_int_eq(expected != NULL, faulty >= blocks);
        ck_assert_int_eq(out != NULL, expected != NULL);
        if (out)
            ck_assert(length == text.length && memcmp(out, text.data, length) == 0);
        *(out ? &taken : &refused) += 1;
        free(out);
        free(expected);
        bytes_done(&text);
    }
    ck_assert(taken > 1000 && refused > 1000);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inflate_codes");
    TCase *c = tcase_create("inflate_codes");
    tcase_add_test(c, refuses_codes_that_zlib_refuses);
    tcase_add_test(c, reads_a_match_by_the_fixed_code);
    tcase_add_loop_test(c, takes_the_codes_that_zlib_takes_and_no_others, 0, 3);
    suite_add_tcase(s, c);
    return harness_run(s);
}
