/* test_png.c - reading PNGs: pixels, damage, limits, failed allocations. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_reader.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"

static const struct {
    int color_type, bit_depth;
} types[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
             {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};

enum { TYPES = sizeof types / sizeof *types };

static bool warned; /* whether the latest file caused a warning */

static bool has_warnings(const struct png_meta *m)
{
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        if (png_warned(m->warnings, (enum png_warning)kind))
            return true;
    return false;
}

/* Decodes in steps of `step` pixels. */
static enum err_code decode(const struct bytes *file, size_t step, const struct png_limits *limits,
                            struct image **img, struct err *e)
{
    struct png_reader *r = NULL;
    bool done = false;
    *e = (struct err)ERR_INIT;
    enum err_code rc = png_reader_new(file->data, file->length, limits, &r, e);
    if (rc == ERR_OK)
        rc = image_new(png_reader_format(r), img, e);
    while (rc == ERR_OK && !done)
        rc = png_reader_step(r, *img, step, &done, e);
    warned = rc == ERR_OK && has_warnings(png_reader_meta(r));
    png_reader_free(r);
    ck_assert_int_eq(e->code, rc);
    return rc;
}

static enum err_code decode_only(const struct bytes *file)
{
    struct image *img = NULL;
    struct err e;
    enum err_code rc = decode(file, 1 << 20, &png_default_limits, &img, &e);
    image_free(img);
    return rc;
}

static void check_pixels(const struct png_build *p, const struct bytes *file, size_t step)
{
    struct image_format f;
    struct image *img = NULL;
    struct err e;
    uint8_t *want = png_build_expected(p, &f);
    enum err_code rc = decode(file, step, &png_default_limits, &img, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    ck_assert_int_eq(memcmp(&img->format, &f, sizeof f), 0);
    ck_assert_int_eq(memcmp(img->pixels, want, image_bytes(&f)), 0);
    image_free(img);
    free(want);
}

START_TEST(every_type_depth_interlacing_and_transparency_is_read_exactly)
{
    uint64_t seed = 20 + (uint64_t)_i;
    for (int n = 0; n < 240; n++) {
        struct png_head h = {harness_between(&seed, 1, 20), harness_between(&seed, 1, 20),
                             types[_i].bit_depth, types[_i].color_type, n % 2 == 1};
        struct png_build p;
        struct bytes file = {0};
        png_build_random(&p, h, n / 2 % 2 == 1, &seed);
        p.idat_bytes = (size_t)(n % 5 * 7);
        png_build_file(&p, &seed, NULL, NULL, NULL, &file);
        check_pixels(&p, &file, (size_t)harness_between(&seed, 0, 500));
        bytes_done(&file);
        png_build_done(&p);
    }
}
END_TEST

static void small_file(struct bytes *file, int color_type, int bit_depth, uint64_t seed)
{
    struct png_build p;
    struct png_head h = {5, 4, bit_depth, color_type, color_type == 2};
    struct bytes text = {0};
    png_build_chunk(&text, "tEXt", "Title\0small", 11);
    png_build_random(&p, h, true, &seed);
    png_build_file(&p, &seed, NULL, &text, &text, file);
    png_build_done(&p);
    bytes_done(&text);
}

START_TEST(every_prefix_is_truncated_and_more_than_the_file_is_fine)
{
    struct bytes file = {0}, part = {0};
    small_file(&file, types[_i].color_type, types[_i].bit_depth, 1);
    for (size_t n = 0; n < file.length; n++) {
        part.data = malloc(n + 1); /* of the exact size: a sanitizer sees a read beyond */
        part.data = realloc(part.data, n ? n : 1);
        memcpy(part.data, file.data, n);
        part.length = n;
        enum err_code rc = decode_only(&part); /* the check sum of the IDAT, the text after the
                                                * pixels and IEND take 39 bytes */
        ck_assert_int_eq(rc, n < file.length - 39 ? ERR_PNG_TRUNCATED : ERR_OK);
        ck_assert(rc != ERR_OK || warned);
        free(part.data);
    }
    ck_assert_int_eq(decode_only(&file), ERR_OK);
    bytes_add(&file, "trailing rubbish", 16);
    ck_assert_int_eq(decode_only(&file), ERR_OK);
    bytes_done(&file);
}
END_TEST

START_TEST(every_wrong_byte_is_noticed)
{
    struct bytes file = {0};
    small_file(&file, types[_i].color_type, types[_i].bit_depth, 2);
    for (size_t n = 0; n < file.length; n++)
        for (int bit = 0; bit < 9; bit++) {
            uint8_t flip = (uint8_t)(bit < 8 ? 1 << bit : 255);
            file.data[n] ^= flip;
            enum err_code rc = decode_only(&file);
            file.data[n] ^= flip;
            bool refused = rc >= ERR_NOT_PNG && rc <= ERR_TOO_MANY_PIXELS;
            ck_assert_msg(refused || (rc == ERR_OK && warned), "byte %zu ^ %d: %d", n, flip,
                          (int)rc);
        }
    bytes_done(&file);
}
END_TEST

/* Decodes 3 x 2 gray pixels whose scanlines are `lines`; the compressed data loses its last `cut`
 * bytes, gains `tail`, and has its Adler-32 changed by `adler_step`. With `split`, the end of the
 * data has an IDAT of its own, which libpng reads only after the last row. */
static enum err_code decode_damaged(const char *lines, size_t count, size_t cut, const char *tail,
                                    int adler_step, size_t split)
{
    struct png_head h = {3, 2, 8, 0, false};
    struct bytes file = {0}, idat = {0}, raw = {0}, data = {0};
    bytes_add(&raw, lines, count);
    png_build_idat(&idat, &raw, 0);
    size_t length = idat.length - 12;
    idat.data[8 + length - 1] = (uint8_t)(idat.data[8 + length - 1] + adler_step);
    bytes_add(&data, idat.data + 8, length - cut);
    bytes_add(&data, tail, strlen(tail));
    split = split < data.length ? split : data.length;
    png_build_signature(&file);
    png_build_ihdr(&file, &h);
    png_build_chunk(&file, "IDAT", data.data, data.length - split);
    png_build_chunk(&file, "IDAT", data.data + data.length - split, split);
    png_build_chunk(&file, "IEND", NULL, 0);
    enum err_code rc = decode_only(&file);
    bytes_done(&data);
    bytes_done(&file);
    bytes_done(&idat);
    bytes_done(&raw);
    return rc;
}

/* Does the same with complete data: only its lines and its check sum differ. All splits must
 * agree. */
static enum err_code decode_gray(const char *lines, size_t count, const char *tail, int adler_step)
{
    enum err_code rc = decode_damaged(lines, count, 0, tail, adler_step, 0);
    for (size_t split = 1; split < 9; split++)
        ck_assert_int_eq(decode_damaged(lines, count, 0, tail, adler_step, split), rc);
    return rc;
}

START_TEST(a_picture_is_complete_or_refused)
{
    static const char good[] = "\0abc\0def";
    ck_assert_int_eq(decode_gray(good, 8, "", 0), ERR_OK);
    ck_assert_int_eq(decode_gray(good, 7, "", 0), ERR_PNG_TRUNCATED);
    ck_assert_int_eq(decode_gray(good, 4, "", 0), ERR_PNG_TRUNCATED);
    ck_assert_int_eq(decode_gray(good, 0, "", 0), ERR_PNG_TRUNCATED);
    for (size_t cut = 1; cut <= 16; cut++)
        for (size_t split = 0; split < 9; split++)
            ck_assert_int_eq(decode_damaged(good, 8, cut, "", 0, split), ERR_PNG_TRUNCATED);
    ck_assert_int_eq(decode_damaged(good, 8, 4, "xxxx", 0, 0), ERR_PNG_ZLIB);
    ck_assert_int_eq(decode_gray(good, 8, "", 1), ERR_PNG_ZLIB);         /* the Adler-32 is wrong */
    ck_assert_int_eq(decode_gray("\5abc\0def", 8, "", 0), ERR_PNG_ZLIB); /* there is no filter 5 */
    /* too much data does no harm: the picture is complete */
    ck_assert_int_eq(decode_gray("\0abc\0def\0ghi", 12, "", 0), ERR_OK);
    ck_assert_int_eq(decode_gray(good, 8, "more behind the end", 0), ERR_OK);
}
END_TEST

/* Decodes a file that has these chunks after the signature and IHDR. "PLTE" and "IDAT" have fitting
 * contents. */
static enum err_code decode_order(int color_type, const char *names, struct err *e)
{
    static const uint8_t palette[6] = {1, 2, 3, 4, 5, 6};
    struct png_head h = {1, 1, 8, color_type, false};
    struct bytes file = {0}, lines = {0};
    struct image *img = NULL;
    bytes_add(&lines, "\0\0\0\0\0", color_type == 2 ? 4 : 2);
    png_build_signature(&file);
    png_build_ihdr(&file, &h);
    for (const char *n = names; *n; n += 4 + (n[4] == ' ')) {
        if (strncmp(n, "IDAT", 4) == 0)
            png_build_idat(&file, &lines, 0);
        else if (strncmp(n, "idat", 4) == 0) /* an empty IDAT */
            png_build_chunk(&file, "IDAT", NULL, 0);
        else
            png_build_chunk(&file, n, palette, strncmp(n, "PLTE", 4) == 0 ? 6 : 0);
    }
    enum err_code rc = decode(&file, 100, &png_default_limits, &img, e);
    image_free(img);
    bytes_done(&lines);
    bytes_done(&file);
    return rc;
}

START_TEST(chunks_stand_where_they_must)
{
    static const struct {
        int color_type;
        const char *names;
        enum err_code code;
        const char *words;
    } cases[] = {
        {0, "IDAT IEND", ERR_OK, ""},
        {0, "idat IDAT IEND", ERR_OK, ""},
        {0, "IDAT idat IEND IHDR", ERR_OK, ""}, /* decoding ends at IEND */
        {0, "IDAT", ERR_OK, ""},                /* the picture is complete */
        {0, "", ERR_PNG_TRUNCATED, "IEND"},
        {0, "IEND", ERR_PNG_CHUNK, "IEND at byte 33"},
        {0, "IDAT prIv idat IEND", ERR_PNG_CHUNK, "IDAT"},
        {0, "IHDR IDAT IEND", ERR_PNG_CHUNK, "IHDR at byte 33"},
        {0, "UNKn IDAT IEND", ERR_PNG_CHUNK, "UNKn at byte 33"},
        {0, "un1n IDAT IEND", ERR_PNG_CHUNK, "byte 33"},
        {3, "IDAT IEND", ERR_PNG_CHUNK, "palette"},
        {3, "IDAT PLTE IEND", ERR_PNG_CHUNK, "palette"},
        {3, "PLTE IDAT IEND", ERR_OK, ""},
        {3, "PLTE PLTE IDAT IEND", ERR_PNG_CHUNK, "second"},
        {2, "PLTE IDAT IEND", ERR_OK, ""},
        {2, "PLTE PLTE IDAT IEND", ERR_PNG_CHUNK, "second"},
        {0, "PLTE PLTE IDAT IEND", ERR_PNG_CHUNK, "second"},
        {0, "PLTE IDAT IEND", ERR_OK, ""},
        {2, "IDAT PLTE IEND", ERR_PNG_CHUNK, "after the pixels"},
        {0, "tRNS IDAT tRNS IEND", ERR_OK, ""}, /* it has no use, and all decoders ignore it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e;
        enum err_code rc = decode_order(cases[i].color_type, cases[i].names, &e);
        ck_assert_msg(rc == cases[i].code && strstr(e.text, cases[i].words), "%s: %d %s",
                      cases[i].names, (int)rc, e.text);
    }
}
END_TEST

START_TEST(what_is_outside_the_palette_is_black_as_in_browsers)
{
    uint64_t seed = 5;
    struct png_build p;
    struct png_head h = {4, 1, 8, 3, false};
    struct bytes file = {0};
    png_build_random(&p, h, false, &seed);
    p.colors = 2;
    p.samples[2] = 2;
    p.samples[3] = 255;
    memset(p.palette + 6, 0, sizeof p.palette - 6);
    p.samples[0] = p.samples[1] = 1;
    png_build_file(&p, &seed, NULL, NULL, NULL, &file);
    check_pixels(&p, &file, 100);
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

/* Each chunk is work, but adds no pixels. */
START_TEST(empty_pixel_chunks_and_frames_are_counted)
{
    static const struct {
        const char *type;
        size_t length;
    } empty[] = {{"IDAT", 0}, {"fdAT", 0}, {"fdAT", 4}, {"fcTL", 0}, {"fcTL", 25}};
    struct png_limits limits = png_default_limits;
    struct png_build p;
    uint64_t seed = 8;
    limits.max_chunks = 20;
    png_build_random(&p, (struct png_head){2, 2, 8, 6, false}, false, &seed);
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        for (int n = 20; n <= 21; n++) {
            struct bytes chunks = {0}, file = {0};
            struct image *img = NULL;
            struct err e;
            uint8_t zeros[32] = {0};
            for (int k = 0; k < n; k++)
                png_build_chunk(&chunks, empty[i].type, zeros, empty[i].length);
            png_build_file(&p, &seed, NULL, &chunks, NULL, &file);
            enum err_code rc = decode(&file, 100, &limits, &img, &e);
            ck_assert_int_eq(rc, n == 20 ? ERR_OK : ERR_PNG_LIMIT);
            ck_assert(n == 20 || strcmp(e.option, "max-chunks") == 0);
            image_free(img);
            bytes_done(&chunks);
            bytes_done(&file);
        }
    png_build_done(&p);
}
END_TEST

START_TEST(chunks_beside_the_pixels_are_counted_before_memory_is_taken)
{
    struct png_limits limits = png_default_limits;
    struct png_build p;
    uint64_t seed = 6;
    struct png_head h = {2, 2, 8, 6, false};
    struct bytes texts = {0}, file = {0};
    for (int i = 0; i < 10; i++)
        png_build_chunk(&texts, "tEXt", "Key\0abcdef", 10);
    for (int i = 0; i < 50; i++) /* frames are not kept, and take no memory */
        png_build_chunk(&texts, "fdAT", "12345678901234567890", 20);
    png_build_random(&p, h, false, &seed);
    png_build_file(&p, &seed, &texts, NULL, &texts, &file);
    for (int n = 18; n < 23; n++)
        for (int bytes = 190; bytes < 210; bytes += 5) {
            struct image *img = NULL;
            struct err e;
            limits.max_chunks = (uint32_t)n;
            limits.max_chunk_bytes = (size_t)bytes;
            bool fits = n >= 20 && bytes >= 200;
            if (!fits)
                mem_fail_nth(0); /* a failed allocation would return ERR_MEMORY */
            enum err_code rc = decode(&file, 100, &limits, &img, &e);
            mem_fail_nth(-1);
            ck_assert_int_eq(rc, fits ? ERR_OK : ERR_PNG_LIMIT);
            ck_assert(fits || (e.option && e.limit > 0 && strstr(e.text, e.option)));
            image_free(img);
        }
    bytes_done(&texts);
    bytes_done(&file);
    png_build_done(&p);
}
END_TEST

START_TEST(a_length_that_lies_is_told_by_chunk_and_place)
{
    struct bytes file = {0};
    struct image *img = NULL;
    struct err e;
    small_file(&file, 0, 8, 3);
    file.data[33] = 0x80;
    ck_assert_int_eq(decode(&file, 1, &png_default_limits, &img, &e), ERR_PNG_CHUNK);
    file.data[33] = 0x7f;
    ck_assert_int_eq(decode(&file, 1, &png_default_limits, &img, &e), ERR_PNG_TRUNCATED);
    ck_assert_ptr_nonnull(strstr(e.text, "tRNS at byte 33"));
    bytes_done(&file);
}
END_TEST

START_TEST(every_failed_allocation_is_told)
{
    struct bytes file = {0};
    small_file(&file, types[_i].color_type, types[_i].bit_depth, 4);
    long n = 0;
    enum err_code rc;
    do {
        struct image *img = NULL;
        struct err e;
        mem_fail_nth(n++);
        rc = decode(&file, 7, &png_default_limits, &img, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        image_free(img);
    } while (rc != ERR_OK);
    ck_assert_int_gt(n, 6);
    bytes_done(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png");
    TCase *c = tcase_create("png");
    tcase_add_loop_test(c, every_type_depth_interlacing_and_transparency_is_read_exactly, 0, TYPES);
    tcase_add_loop_test(c, every_prefix_is_truncated_and_more_than_the_file_is_fine, 0, TYPES);
    tcase_add_loop_test(c, every_wrong_byte_is_noticed, 0, TYPES);
    tcase_add_test(c, a_picture_is_complete_or_refused);
    tcase_add_test(c, chunks_stand_where_they_must);
    tcase_add_test(c, what_is_outside_the_palette_is_black_as_in_browsers);
    tcase_add_test(c, empty_pixel_chunks_and_frames_are_counted);
    tcase_add_test(c, chunks_beside_the_pixels_are_counted_before_memory_is_taken);
    tcase_add_test(c, a_length_that_lies_is_told_by_chunk_and_place);
    tcase_add_loop_test(c, every_failed_allocation_is_told, 0, TYPES);
    suite_add_tcase(s, c);
    return harness_run(s);
}
