/* test_png_warnings.c - files that are not quite PNG but that programs write: they are accepted
 * with a warning that says what was left out or mended. Damage to the pixels stays an error. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"
#include "tests/lib/png_carry.h"
#include "tests/lib/png_warned.h"

static const struct {
    const char *type, *data;
    size_t length;
    bool damaged;
    int kinds[METADATAS]; /* the warning with metadata=keep, color and none; PNG_WARNINGS: none */
} choices[] = {
#define CHOICE(type, data, damaged, ...)                                                           \
    {                                                                                              \
        type, data, sizeof(data) - 1, damaged,                                                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    CHOICE("iCCP", "a \0\0" CARRY_PROFILE_RGB, false, PNG_WARN_NAME, PNG_WARN_NAME, PNG_WARNINGS),
    CHOICE("tEXt", " a\0b", false, PNG_WARN_NAME, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("eXIf", "Exif\0\0MM\0*\0\0\0\x08\0\0", false, PNG_WARN_EXIF, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("eXIf", "MI", false, PNG_WARN_MALFORMED, PNG_WARN_MALFORMED, PNG_WARN_MALFORMED),
    CHOICE("eXIf", "MM", true, PNG_WARN_CRC, PNG_WARN_CRC, PNG_WARN_CRC),
    CHOICE("iCCP", "a\0\0" CARRY_PROFILE_RGB "x", false, PNG_WARN_SURPLUS, PNG_WARN_SURPLUS,
           PNG_WARNINGS),
    CHOICE("zTXt", "a\0\0junk", false, PNG_WARN_MALFORMED, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("gAMA", "\0\0\0\0", false, PNG_WARN_MALFORMED, PNG_WARN_MALFORMED, PNG_WARNINGS),
    CHOICE("gAMA", "\0\0\xb1\x8f", true, PNG_WARN_CRC, PNG_WARN_CRC, PNG_WARNINGS),
    CHOICE("pHYs", "\0\0\xb1\x8f", true, PNG_WARN_CRC, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("tIME", "\7\xe4\1\1\0\0\0", false, PNG_WARN_UNSAFE, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("PLTE", "123", false, PNG_WARN_UNSAFE, PNG_WARNINGS, PNG_WARNINGS),
    CHOICE("tRNS", "1", true, PNG_WARN_CRC, PNG_WARN_CRC, PNG_WARN_CRC),
    CHOICE("acTL", "\0\0\0\2\0\0\0\0", false, PNG_WARN_ANIMATION, PNG_WARN_ANIMATION,
           PNG_WARN_ANIMATION),
};

/* A warning is about the output. What the client did not ask for cannot be missing from it, and is
 * not called kept. */
START_TEST(a_warning_concerns_what_was_asked_for)
{
    struct bytes chunk = {0}, file = {0};
    struct err e = ERR_INIT;
    struct png_reader *r = NULL;
    uint64_t seed = 10;
    struct png_build p;
    png_build_random(&p, (struct png_head){5, 4, 8, 2, false}, false, &seed);
    png_build_chunk(&chunk, choices[_i].type, choices[_i].data, choices[_i].length);
    chunk.data[chunk.length - 1] ^= choices[_i].damaged;
    png_build_file(&p, &seed, &chunk, NULL, NULL, &file);
    ck_assert_int_eq(png_reader_new(file.data, file.length, &png_default_limits, &r, &e), ERR_OK);
    for (int m = 0; m < METADATAS; m++)
        for (int kind = 0; kind < PNG_WARNINGS; kind++)
            ck_assert_msg(png_warned(&png_reader_meta(r)->warnings[m], (enum png_warning)kind) ==
                              (kind == choices[_i].kinds[m]),
                          "%s, choice %d: %s", choices[_i].type, m,
                          png_warning_code((enum png_warning)kind));
    png_reader_free(r);
    bytes_done(&chunk);
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

/* Texts may have as many bytes, all together, as the limit of the chunks says. */
START_TEST(what_is_decompressed_has_a_limit)
{
    struct bytes text = {0}, packed = {0}, chunk = {0}, file = {0};
    struct err e = ERR_INIT;
    struct png_limits limits = png_default_limits;
    uint64_t seed = 11;
    struct png_build p;
    png_build_random(&p, (struct png_head){5, 4, 8, 2, false}, false, &seed);
    text.data = malloc(text.length = 50000);
    memset(text.data, 'a', text.length);
    png_build_zlib(&text, 9, Z_DEFAULT_STRATEGY, &packed);
    bytes_add(&chunk, "a\0", 3);
    bytes_add(&chunk, packed.data, packed.length);
    packed.length = 0;
    for (int i = 0; i < 3; i++)
        png_build_chunk(&packed, "zTXt", chunk.data, chunk.length);
    png_build_file(&p, &seed, &packed, NULL, NULL, &file);
    for (int whole = 0; whole <= 3; whole++) {
        struct png_reader *r = NULL;
        limits.max_chunk_bytes = (size_t)50000 * (size_t)(whole + 1) - 1;
        ck_assert_int_eq(png_reader_new(file.data, file.length, &limits, &r, &e), ERR_OK);
        ck_assert_int_eq(png_reader_meta(r)->count, whole);
        ck_assert_int_eq((int)png_reader_meta(r)->warnings->of[PNG_WARN_LARGE].count, 3 - whole);
        png_reader_free(r);
    }
    bytes_done(&text);
    bytes_done(&packed);
    bytes_done(&chunk);
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

static void add_damaged(struct bytes *out, const char *type, const char *data, size_t length)
{
    png_build_chunk(out, type, data, length);
    out->data[out->length - 1] ^= 1;
}

static const char *const ancillary[] = {"tEXt", "zTXt", "iTXt", "iCCP", "sRGB", "gAMA", "cHRM",
                                        "cICP", "mDCV", "cLLI", "sBIT", "bKGD", "hIST", "tRNS",
                                        "pHYs", "oFFs", "sPLT", "tIME", "eXIf", "acTL", "fcTL",
                                        "fdAT", "gIFg", "saFe", "unSF", "vpAg", "iDOT"};

enum { ANCILLARY = sizeof ancillary / sizeof *ancillary };

/* At each of three places, the file is read as if the chunk were not there. */
START_TEST(a_damaged_ancillary_chunk_is_left_out)
{
    static const int types[][2] = {{0, 8}, {2, 8}, {3, 4}, {6, 16}};
    static const char data[32] = "\0\0\0\1";
    for (int place = 0; place < 3; place++) {
        struct bytes chunk = {0}, file = {0}, plain = {0};
        struct png_warnings w;
        uint64_t seed = 3;
        struct png_build p;
        struct png_head h = {5, 4, types[_i % 4][1], types[_i % 4][0], false};
        const char *type = ancillary[_i];
        png_build_random(&p, h, false, &seed);
        add_damaged(&chunk, type, data, 1 + (size_t)_i);
        png_build_file(&p, &seed, place == 0 ? &chunk : NULL, place == 1 ? &chunk : NULL,
                       place == 2 ? &chunk : NULL, &file);
        png_build_file(&p, &seed, NULL, NULL, NULL, &plain);
        ck_assert_msg(warned_kind(&file, &plain, &w) == PNG_WARN_CRC, "%s", type);
        ck_assert_int_eq(w.of[PNG_WARN_CRC].count, 1);
        ck_assert_str_eq(w.of[PNG_WARN_CRC].chunks[0], type);
        bytes_done(&chunk);
        bytes_done(&file);
        bytes_done(&plain);
        png_build_done(&p);
    }
}
END_TEST

START_TEST(many_damaged_chunks_are_one_warning)
{
    struct bytes chunks = {0}, file = {0}, plain = {0};
    struct png_warnings w;
    uint64_t seed = 4;
    struct png_build p;
    char text[PNG_WARNING_TEXT];
    png_build_random(&p, (struct png_head){5, 4, 8, 2, false}, false, &seed);
    for (int i = ANCILLARY; i-- > 0;) {
        add_damaged(&chunks, ancillary[i], "1234", 4);
        add_damaged(&chunks, ancillary[i], "12345", 5);
    }
    png_build_file(&p, &seed, &chunks, &chunks, &chunks, &file);
    png_build_file(&p, &seed, NULL, NULL, NULL, &plain);
    ck_assert_int_eq(warned_kind(&file, &plain, &w), PNG_WARN_CRC);
    ck_assert_int_eq(w.of[PNG_WARN_CRC].count, 6 * ANCILLARY);
    png_warning_text(&w, PNG_WARN_CRC, text);
    ck_assert_str_eq(text, "left out because of a wrong check sum: "
                           "iDOT, vpAg, unSF, saFe, gIFg, fdAT, fcTL, acTL");
    bytes_done(&chunks);
    bytes_done(&file);
    bytes_done(&plain);
    png_build_done(&p);
}
END_TEST

START_TEST(a_damaged_critical_chunk_is_an_error)
{
    uint64_t seed = 5;
    struct png_build p;
    struct bytes file = {0};
    png_build_random(&p, (struct png_head){5, 4, 8, 3, false}, false, &seed);
    png_build_file(&p, &seed, NULL, NULL, NULL, &file);
    int seen = 0;
    for (size_t at = 8, n; at < file.length; at += n, seen++) {
        struct err e = ERR_INIT;
        struct image *img = NULL;
        struct png_warnings w;
        const uint8_t *b = file.data + at;
        n = 12 + ((size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3]);
        file.data[at + n - 1] ^= 1;
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_CRC);
        file.data[at + n - 1] ^= 1;
        image_free(img);
    }
    ck_assert_int_ge(seen, 4); /* IHDR, PLTE, IDAT, IEND */
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

enum { WIDE = 200, HIGH = 200 };

/* Adds gray pixels of 8 bits: noise whose second half repeats the first, about 20 kB before. */
static void add_far_pixels(struct bytes *file, bool interlaced, int bits, size_t split)
{
    struct bytes lines = {0}, packed = {0};
    struct png_head h = {WIDE, HIGH, 8, 0, interlaced};
    uint64_t seed = 6;
    uint8_t *raw = calloc(HIGH, WIDE + 1);
    for (size_t i = 0; i < HIGH * (WIDE + 1); i++)
        if (!interlaced && i % (WIDE + 1) == 0)
            continue;
        else if (i >= HIGH / 2 * (WIDE + 1))
            raw[i] = raw[i - HIGH / 2 * (WIDE + 1)];
        else
            raw[i] = interlaced ? (uint8_t)(i % 50 * 5 / 250 + harness_random(&seed) % 5)
                                : (uint8_t)harness_random(&seed);
    /* an interlaced picture has more lines, whose filter bytes lie at other places; so all bytes
     * are below 5 */
    size_t total = HIGH * (WIDE + 1);
    if (interlaced) {
        static const int dx[7] = {8, 8, 4, 4, 2, 2, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
        static const int x0[7] = {0, 4, 0, 2, 0, 1, 0}, y0[7] = {0, 0, 4, 0, 2, 0, 1};
        total = 0;
        for (int k = 0; k < 7; k++)
            total += (size_t)((HIGH - y0[k] + dy[k] - 1) / dy[k]) *
                     (size_t)(1 + (WIDE - x0[k] + dx[k] - 1) / dx[k]);
    }
    for (size_t i = 0; i < total; i++)
        bytes_add(&lines, raw + i % (HIGH * (WIDE + 1)), 1);
    png_build_zlib(&lines, 9, Z_DEFAULT_STRATEGY, &packed);
    packed.data[0] = (uint8_t)((bits - 8) << 4 | 8);
    packed.data[1] = (uint8_t)(31 - packed.data[0] * 256 % 31);
    png_build_signature(file);
    png_build_ihdr(file, &h);
    for (size_t at = 0; at < packed.length; at += split) {
        size_t n = packed.length - at < split ? packed.length - at : split;
        png_build_chunk(file, "IDAT", packed.data + at, n);
    }
    png_build_chunk(file, "IEND", NULL, 0);
    bytes_done(&lines);
    bytes_done(&packed);
    free(raw);
}

START_TEST(a_window_that_is_declared_too_small_is_the_largest)
{
    static const size_t splits[] = {1 << 20, 100, 1};
    int bits = 8 + _i % 8;
    bool interlaced = _i >= 8;
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        struct bytes file = {0}, right = {0};
        struct png_warnings w;
        add_far_pixels(&file, interlaced, bits, splits[i]);
        add_far_pixels(&right, interlaced, 15, splits[i]);
        int kind = warned_kind(&file, &right, &w);
        ck_assert_msg(kind == (bits == 15 ? (int)PNG_WARNINGS : (int)PNG_WARN_WINDOW),
                      "%d bits, IDATs of %zu: %d", bits, splits[i], kind);
        bytes_done(&file);
        bytes_done(&right);
    }
}
END_TEST

START_TEST(a_small_window_hides_no_damage)
{
    struct bytes file = {0};
    struct err e = ERR_INIT;
    struct image *img = NULL;
    struct png_warnings w;
    add_far_pixels(&file, false, 9, 1 << 20);
    file.data[file.length - 12 - 4 - 1] ^= 1; /* changes the Adler-32 */
    png_build_mend(&file);
    ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_ZLIB);
    ck_assert_uint_gt(strlen(e.text), 10);
    image_free(img);
    bytes_done(&file);
}
END_TEST

/* Cuts the file at each byte. Once the data of the last IDAT are complete, the picture
 * is complete. */
START_TEST(a_file_may_end_behind_its_pixels)
{
    static const int types[][3] = {{0, 8, 0}, {2, 8, 1}, {3, 2, 0}, {6, 16, 0}, {0, 1, 1}};
    uint64_t seed = 7;
    struct png_build p;
    struct bytes text = {0}, file = {0}, plain = {0};
    struct png_head h = {9, 7, types[_i][1], types[_i][0], types[_i][2]};
    png_build_chunk(&text, "tEXt", "Title\0behind", 12);
    png_build_random(&p, h, false, &seed);
    p.idat_bytes = 20;
    png_build_file(&p, &seed, NULL, NULL, &text, &file);
    png_build_file(&p, &seed, NULL, NULL, NULL, &plain);
    size_t whole = file.length, pixels = whole - 12 - text.length;
    for (file.length = 33; file.length < whole; file.length++) {
        struct err e = ERR_INIT;
        struct image *img = NULL;
        struct png_warnings w;
        if (file.length + 4 >= pixels) { /* the check sum of the last IDAT is not needed */
            ck_assert_int_eq(warned_kind(&file, &plain, &w), PNG_WARN_IEND);
            continue;
        }
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_TRUNCATED);
        ck_assert_uint_gt(strlen(e.text), 10);
        image_free(img);
    }
    bytes_done(&text);
    bytes_done(&file);
    bytes_done(&plain);
    png_build_done(&p);
}
END_TEST

START_TEST(bytes_behind_the_end_are_told)
{
    uint64_t seed = 8;
    struct png_build p;
    struct bytes file = {0};
    struct png_warnings w;
    png_build_random(&p, (struct png_head){9, 7, 8, 2, false}, false, &seed);
    png_build_file(&p, &seed, NULL, NULL, NULL, &file);
    ck_assert_int_eq(warned_kind(&file, &file, &w), PNG_WARNINGS);
    bytes_add(&file, "x", 1);
    ck_assert_int_eq(warned_kind(&file, &file, &w), PNG_WARN_MORE_BYTES);
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

START_TEST(a_list_of_all_warnings_has_one_item_each)
{
    struct png_warnings w = {0};
    char list[PNG_WARNING_LIST], *at = list;
    png_warnings_list(&w, list);
    ck_assert_str_eq(list, "");
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        for (int i = 0; i < 20; i++)
            png_warn(&w, (enum png_warning)kind, ancillary[i]);
    png_warnings_list(&w, list);
    for (int kind = 0; kind < PNG_WARNINGS; kind++) {
        const char *code = png_warning_code((enum png_warning)kind);
        char text[PNG_WARNING_TEXT];
        ck_assert_int_eq(strncmp(at, code, strlen(code)), 0);
        at += strlen(code);
        ck_assert_int_eq(strncmp(at, ";text=\"", 7), 0);
        png_warning_text(&w, (enum png_warning)kind, text);
        ck_assert_int_eq(strncmp(at + 7, text, strlen(text)), 0);
        at += 7 + strlen(text) + 1;
        ck_assert(kind == PNG_WARNINGS - 1 ? *at == 0 : strncmp(at, ", ", 2) == 0);
        at += 2;
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_warnings");
    TCase *c = tcase_create("png_warnings");
    tcase_add_loop_test(c, a_warning_concerns_what_was_asked_for, 0,
                        sizeof choices / sizeof *choices);
    tcase_add_test(c, what_is_decompressed_has_a_limit);
    tcase_add_loop_test(c, a_damaged_ancillary_chunk_is_left_out, 0, ANCILLARY);
    tcase_add_test(c, many_damaged_chunks_are_one_warning);
    tcase_add_test(c, a_damaged_critical_chunk_is_an_error);
    tcase_add_loop_test(c, a_window_that_is_declared_too_small_is_the_largest, 0, 16);
    tcase_add_test(c, a_small_window_hides_no_damage);
    tcase_add_loop_test(c, a_file_may_end_behind_its_pixels, 0, 5);
    tcase_add_test(c, bytes_behind_the_end_are_told);
    tcase_add_test(c, a_list_of_all_warnings_has_one_item_each);
    suite_add_tcase(s, c);
    return harness_run(s);
}
