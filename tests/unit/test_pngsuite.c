/* test_pngsuite.c - Willem van Schaik's PngSuite: every valid file decodes as libpng alone decodes
 * it, and every broken file is refused with the code that says why. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_reader.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"
#include "tests/lib/png_libpng.h"
#include "tests/lib/write_png.h"

static enum err_code decode(const uint8_t *bytes, size_t length, size_t step, struct image **img,
                            struct err *e)
{
    struct png_reader *r = NULL;
    bool done = false;
    enum err_code rc = png_reader_new(bytes, length, &png_default_limits, &r, e);
    if (rc == ERR_OK)
        rc = image_new(png_reader_format(r), img, e);
    while (rc == ERR_OK && !done)
        rc = png_reader_step(r, *img, step, &done, e);
    png_reader_free(r);
    return rc;
}

/* Calls `check` for each file of the suite: if `broken`, for those that start with x, else for the
 * others. */
static int each(bool broken, void (*check)(const char *name, const char *path))
{
    char folder[4096], path[8192];
    snprintf(folder, sizeof folder, "%s", harness_data("pngsuite/basn0g01.png"));
    *strrchr(folder, '/') = 0;
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(d));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".png") != 0 || (entry->d_name[0] == 'x') != broken)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        check(entry->d_name, path);
        count++;
    }
    closedir(d);
    return count;
}

static void check_valid(const char *name, const char *path)
{
    struct image_format f;
    size_t length;
    uint8_t *bytes = harness_read(path, &length);
    uint8_t *want = png_libpng_decode(bytes, length, &f);
    ck_assert_ptr_nonnull(want);
    for (size_t step = 1; step < 100000; step *= 7) {
        struct err e = ERR_INIT;
        struct image *img = NULL;
        enum err_code rc = decode(bytes, length, step, &img, &e);
        ck_assert_msg(rc == ERR_OK, "%s: %s", name, e.text);
        ck_assert_msg(memcmp(&img->format, &f, sizeof f) == 0, "%s: another format", name);
        ck_assert_msg(memcmp(img->pixels, want, image_bytes(&f)) == 0, "%s: other pixels", name);
        image_free(img);
    }
    free(bytes);
    free(want);
}

START_TEST(valid_files_decode_as_libpng_decodes_them)
{
    ck_assert_int_ge(each(false, check_valid), 160);
}
END_TEST

/* Reads a file with its metadata and writes all of it again. */
static void rewrite(const char *name, const struct bytes *in, struct buf *out)
{
    struct png_reader *r = NULL;
    struct image *img = NULL;
    struct err e = ERR_INIT;
    bool done = false;
    bool fine = png_reader_new(in->data, in->length, &png_default_limits, &r, &e) == ERR_OK &&
                image_new(png_reader_format(r), &img, &e) == ERR_OK;
    while (fine && !done)
        fine = png_reader_step(r, img, 1000, &done, &e) == ERR_OK;
    ck_assert_msg(fine, "%s: %s", name, e.text);
    struct png_writer_params params = {
        .format = img->format, .compression = 6, .meta = png_reader_meta(r), .source = img->format};
    ck_assert_msg(write_png(&params, img, out, &e) == ERR_OK, "%s: %s", name, e.text);
    image_free(img);
    png_reader_free(r);
}

static char written[] = "test_pngsuite.XXXXXX"; /* name of a folder */

static void check_rewritten(const char *name, const char *path)
{
    struct bytes in;
    struct buf out;
    struct image_format f, g;
    char to[1000];
    buf_init(&out, 1 << 20);
    in.data = harness_read(path, &in.length);
    rewrite(name, &in, &out);
    uint8_t *want = png_libpng_decode(in.data, in.length, &f);
    uint8_t *got = png_libpng_decode(out.data, out.length, &g);
    ck_assert_msg(got && memcmp(&f, &g, sizeof f) == 0, "%s: another format", name);
    ck_assert_msg(memcmp(want, got, image_bytes(&f)) == 0, "%s: other pixels", name);
    snprintf(to, sizeof to, "%s/%s", written, name);
    FILE *file = fopen(to, "wb");
    ck_assert(file && fwrite(out.data, 1, out.length, file) == out.length);
    fclose(file);
    free(want);
    free(got);
    bytes_done(&in);
    buf_done(&out);
}

START_TEST(written_again_they_have_the_same_pixels_and_pngcheck_is_content)
{
    char command[1000];
    ck_assert_ptr_nonnull(mkdtemp(written));
    ck_assert_int_ge(each(false, check_rewritten), 160);
    snprintf(command, sizeof command, "pngcheck -q %s/*.png", written);
    int status = harness_has_pngcheck() ? system(command) : 0;
    snprintf(command, sizeof command, "rm -r %s", written);
    ck_assert(system(command) == 0 && status == 0);
}
END_TEST

static void check_broken(const char *name, const char *path)
{
    static const struct {
        const char *prefix;
        enum err_code code;
    } codes[] = {
        {"xs", ERR_NOT_PNG},    {"xcr", ERR_NOT_PNG},   {"xlf", ERR_NOT_PNG},
        {"xhd", ERR_PNG_CRC},   {"xcs", ERR_PNG_CRC},   {"xc", ERR_PNG_HEADER},
        {"xdt", ERR_PNG_CHUNK}, {"xd", ERR_PNG_HEADER},
    };
    size_t length, i = 0;
    uint8_t *bytes = harness_read(path, &length);
    struct err e = ERR_INIT;
    struct image *img = NULL;
    enum err_code rc = decode(bytes, length, 1000, &img, &e);
    while (strncmp(codes[i].prefix, name, strlen(codes[i].prefix)) != 0)
        ck_assert_uint_lt(++i, sizeof codes / sizeof *codes);
    ck_assert_msg(rc == codes[i].code && e.code == rc, "%s: code %d: %s", name, (int)rc, e.text);
    ck_assert_uint_gt(strlen(e.text), 10);
    image_free(img);
    free(bytes);
}

START_TEST(broken_files_are_refused_with_the_code_that_says_why)
{
    ck_assert_int_ge(each(true, check_broken), 14);
}
END_TEST

int main(void)
{
    if (!harness_data("pngsuite/basn0g01.png"))
        return harness_skip("no PngSuite in the test data");
    Suite *s = suite_create("pngsuite");
    TCase *c = tcase_create("pngsuite");
    tcase_add_test(c, valid_files_decode_as_libpng_decodes_them);
    tcase_add_test(c, written_again_they_have_the_same_pixels_and_pngcheck_is_content);
    tcase_add_test(c, broken_files_are_refused_with_the_code_that_says_why);
    suite_add_tcase(s, c);
    if (!harness_has_pngcheck())
        harness_left_out(0, "pngcheck's verdict", "no pngcheck");
    return harness_run(s);
}
