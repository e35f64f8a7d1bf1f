/* test_png_pixels.c - the compressed pixels: where they end, what follows them, and indices without
 * a colour. */
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/png_warned.h"

/* Our own decoder reads some of these, libpng the others. */
static const struct png_head heads[] = {
    {9, 7, 8, 0, false},  {9, 7, 8, 2, true}, {9, 7, 2, 3, false}, {9, 7, 8, 3, false},
    {9, 7, 16, 6, false}, {9, 7, 1, 0, true}, {1, 1, 8, 2, false},
};

enum { HEADS = sizeof heads / sizeof *heads, IEND = 12 };

/* Makes a file whose IDAT chunks have `idat_bytes` each. */
static void build(const struct png_head *h, size_t idat_bytes, struct bytes *file)
{
    uint64_t seed = 21;
    struct png_build p;
    png_build_random(&p, *h, false, &seed);
    p.idat_bytes = idat_bytes;
    png_build_file(&p, &seed, NULL, NULL, NULL, file);
    png_build_done(&p);
}

/* Adds an IDAT behind the others. */
static void add_idat(struct bytes *file, const char *data)
{
    file->length -= IEND;
    png_build_chunk(file, "IDAT", data, strlen(data));
    png_build_chunk(file, "IEND", NULL, 0);
}

START_TEST(data_in_a_further_chunk_are_told)
{
    static const size_t sizes[] = {0, 20, 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bytes file = {0}, plain = {0};
        struct png_warnings w;
        build(&heads[_i], sizes[i], &file);
        build(&heads[_i], 0, &plain);
        ck_assert_int_eq(warned_kind(&file, &plain, &w), PNG_WARNINGS);
        add_idat(&file, "");
        ck_assert_int_eq(warned_kind(&file, &plain, &w), PNG_WARNINGS);
        add_idat(&file, "x");
        ck_assert_int_eq(warned_kind(&file, &plain, &w), PNG_WARN_MORE_ROWS);
        bytes_done(&file);
        bytes_done(&plain);
    }
}
END_TEST

/* However the check sum of the pixels is divided among chunks, it is read as a whole. */
START_TEST(the_check_sum_is_read_to_its_end)
{
    for (size_t size = 1; size <= 6; size++) {
        struct bytes file = {0};
        struct err e = ERR_INIT;
        struct image *img = NULL;
        struct png_warnings w;
        build(&heads[_i], size, &file);
        size_t last = file.length - IEND - 5; /* the last byte of the last IDAT */
        file.data[last] ^= 1;
        png_build_mend(&file);
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_ZLIB);
        image_free(img);
        img = NULL;
        bytes_done(&file);
        build(&heads[_i], 1, &file);
        file.length -= IEND + size * 13; /* the last bytes of the stream */
        png_build_chunk(&file, "IEND", NULL, 0);
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_TRUNCATED);
        image_free(img);
        bytes_done(&file);
    }
}
END_TEST

/* For each depth, interlaced or not, with transparent colours or without. */
START_TEST(an_index_without_a_colour_is_black_and_told)
{
    int depth = 1 << _i % 4;
    uint64_t seed = 22;
    for (int k = 0; k < 30; k++) {
        struct bytes file = {0};
        struct png_build p;
        struct png_warnings w;
        struct png_head h = {harness_between(&seed, 1, 40), harness_between(&seed, 1, 9), depth, 3,
                             _i & 4};
        png_build_random(&p, h, _i & 8, &seed);
        if (p.colors == 1 << depth) {
            png_build_done(&p);
            continue;
        }
        png_build_file(&p, &seed, NULL, NULL, NULL, &file);
        ck_assert_int_eq(warned_kind(&file, &file, &w), PNG_WARNINGS);
        bytes_done(&file);
        size_t at = harness_random(&seed) % (size_t)(h.width * h.height);
        p.samples[at] = (uint16_t)harness_between(&seed, p.colors, (1 << depth) - 1);
        png_build_file(&p, &seed, NULL, NULL, NULL, &file);
        ck_assert_int_eq(warned_kind(&file, &file, &w), PNG_WARN_INDEX);
        bytes_done(&file);
        png_build_done(&p);
    }
}
END_TEST

/* Cuts the file at each byte, be it before or in the check sum of an IDAT. */
START_TEST(the_file_may_end_behind_the_stream)
{
    static const size_t sizes[] = {0, 20, 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct bytes file = {0}, whole = {0};
        struct png_warnings w;
        build(&heads[_i], sizes[i], &file);
        build(&heads[_i], 0, &whole);
        size_t end = file.length - IEND - 4;
        for (file.length -= 1; file.length > 33; file.length--) {
            struct err e = ERR_INIT;
            struct image *img = NULL;
            if (file.length >= end)
                ck_assert_int_eq(warned_kind(&file, &whole, &w), PNG_WARN_IEND);
            else
                ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_TRUNCATED);
            image_free(img);
        }
        bytes_done(&file);
        bytes_done(&whole);
    }
}
END_TEST

/* Cuts the file within data that follow the stream in its IDAT. */
START_TEST(the_file_may_end_in_surplus_data)
{
    struct bytes file = {0};
    build(&heads[_i], 0, &file);
    size_t idat =
        33 + (heads[_i].color_type == 3 ? 12 + file.data[36] + ((size_t)file.data[35] << 8) : 0);
    file.length -= IEND + 4;
    file.data[idat + 1]++; /* the length, plus 65,536 */
    for (int i = 0; i < 20; i++) {
        struct err e = ERR_INIT;
        struct image *img = NULL;
        struct png_warnings w;
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_OK);
        for (int kind = 0; kind < PNG_WARNINGS; kind++)
            ck_assert_int_eq(png_warned(&w, (enum png_warning)kind),
                             kind == PNG_WARN_IEND || (i > 0 && kind == PNG_WARN_MORE_ROWS));
        image_free(img);
        bytes_add(&file, "x", 1);
    }
    bytes_done(&file);
}
END_TEST

static const struct {
    const char *bytes;
    size_t length;
} junk[] = {
#define JUNK(bytes)                                                                                \
    {                                                                                              \
        bytes, sizeof(bytes) - 1                                                                   \
    }
    JUNK("\0\0\0\0\0\0\0\0\0\0\0\0"),
    JUNK("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    JUNK("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    JUNK("<html><body>502 Bad Gateway</body></html>"),
    JUNK("AAAAAAAAAAAAAAAAAAAAAAAA"),
    JUNK("\xff\xff\xff\xfftEXta\0b1234"),
    JUNK("\0\0\1\0IENDrest"),
    JUNK("\0\0\0\0IEND"),
};

START_TEST(junk_may_stand_where_the_end_should)
{
    for (int k = 0; k < HEADS; k++) {
        struct bytes file = {0}, whole = {0};
        struct err e = ERR_INIT;
        struct image *img = NULL;
        struct png_warnings w;
        build(&heads[k], 0, &whole);
        bytes_add(&file, whole.data, whole.length - IEND);
        bytes_add(&file, junk[_i].bytes, junk[_i].length);
        ck_assert_int_eq(warned_kind(&file, &whole, &w), PNG_WARN_IEND);
        bytes_done(&file);
        bytes_done(&whole);
        build(&heads[k], 1, &whole); /* the same behind pixels that are not complete */
        bytes_add(&file, whole.data, whole.length - IEND - 13);
        bytes_add(&file, junk[_i].bytes, junk[_i].length);
        ck_assert_int_eq(warned_decode(&file, &img, &w, &e), ERR_PNG_TRUNCATED);
        image_free(img);
        bytes_done(&file);
        bytes_done(&whole);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_pixels");
    TCase *c = tcase_create("png_pixels");
    tcase_add_loop_test(c, data_in_a_further_chunk_are_told, 0, HEADS);
    tcase_add_loop_test(c, the_check_sum_is_read_to_its_end, 0, HEADS);
    tcase_add_loop_test(c, an_index_without_a_colour_is_black_and_told, 0, 16);
    tcase_add_loop_test(c, the_file_may_end_behind_the_stream, 0, HEADS);
    tcase_add_loop_test(c, the_file_may_end_in_surplus_data, 0, HEADS);
    tcase_add_loop_test(c, junk_may_stand_where_the_end_should, 0, sizeof junk / sizeof *junk);
    suite_add_tcase(s, c);
    return harness_run(s);
}
