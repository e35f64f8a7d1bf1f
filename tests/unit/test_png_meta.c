/* test_png_meta.c - the data beside the pixels, from the input file to the output file. */
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_frame.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_carry.h"

/* Lists the types of a file's chunks, without IHDR and IEND, and IDAT once. */
static void list(const struct buf *file, char *names)
{
    *names = 0;
    for (size_t at = 33; at + 12 < file->length; at += 12 + png_frame_u32(file->data + at)) {
        const char *type = (const char *)file->data + at + 4;
        size_t n = strlen(names);
        if (n >= 5 && memcmp(type, "IDAT", 4) == 0 && strcmp(names + n - 5, "IDAT ") == 0)
            continue;
        snprintf(names + n, 6, "%.4s ", type);
    }
}

static const struct carry_chunk before_palette[] = {
    CARRY_CHUNK("iCCP", "sRGB\0\0" CARRY_PROFILE_RGB),
    CARRY_CHUNK("gAMA", "\0\0\xb1\x8f"),
    CARRY_CHUNK("gAMA", "\0\1\x86\xa0"), /* a second gAMA is ignored */
    CARRY_CHUNK("cHRM",
                "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a"
                "\x98\0\0\x17\x70"),
    CARRY_CHUNK("cICP", "\x0c\x0d\0\1"),
    CARRY_CHUNK("mDCV", "123456789012345678901234"),
    CARRY_CHUNK("cLLI", "12345678"),
    CARRY_CHUNK("sRGB", "\7"), /* there is no such intent */
    CARRY_CHUNK("sRGB", "\0"), /* ignored beside a profile */
    CARRY_CHUNK("acTL", "\0\0\0\2\0\0\0\0"),
    CARRY_CHUNK("fcTL", "12345678901234567890123456"),
    CARRY_CHUNK("tEXt", "Title\0before"),
    CARRY_CHUNK("saFe", "copy me"),
    CARRY_CHUNK("unSF", "do not"),
};

static const struct carry_chunk before_pixels[] = {
    CARRY_CHUNK("sBIT", "\5\5\5"), /* too late */
    CARRY_CHUNK("pHYs", "\0\0\x0b\x13\0\0\x0b\x13\1"),
    CARRY_CHUNK("hIST", "\0\1\0\1\0\1\0\1"),
    CARRY_CHUNK("sPLT", "name\0\x08"
                        "123456"),
    CARRY_CHUNK("tIME", "\7\xe4\1\1\0\0\0"),
    CARRY_CHUNK("eXIf", "MM\0*\0\0\0\x08\0\0"),
    CARRY_CHUNK("eXIf", "MM\0*\0\0\0\x09\0\0"),
    CARRY_CHUNK("zTXt", "Comment\0\0x\234\3\0\0\0\0\1"),
    CARRY_CHUNK("tEXt", "without any end of a keyword"),
    CARRY_CHUNK("tEXt", "\0without a keyword"),
};

static const struct carry_chunk after_pixels[] = {
    CARRY_CHUNK("bKGD", "\1"), /* too late */
    CARRY_CHUNK("fdAT", "\0\0\0\1rest"),
    CARRY_CHUNK("pHYs", "\0\0\x0b\x13\0\0\x0b\x13\1"), /* too late */
    CARRY_CHUNK("eXIf", "II*\0\x08\0\0\0"),            /* not the first eXIf */
    CARRY_CHUNK("iTXt", "Key\0\0\0\0\0text"),
    CARRY_CHUNK("tEXt", "Author\0after"),
    CARRY_CHUNK("tIME", "\7\xe4\1\1\0\0\0"),
};

#define ADD_ALL(table, out) add_all(table, sizeof table / sizeof *table, out)

static void add_all(const struct carry_chunk *table, size_t count, struct bytes *out)
{
    for (size_t i = 0; i < count; i++)
        png_build_chunk(out, table[i].type, table[i].data, table[i].length);
}

START_TEST(each_chunk_goes_where_it_should_or_stays_behind)
{
    static const char *const expected[] = {
        [METADATA_KEEP] = "iCCP gAMA cHRM cICP mDCV cLLI tEXt saFe pHYs eXIf zTXt IDAT iTXt tEXt ",
        [METADATA_COLOR] = "iCCP gAMA cHRM cICP mDCV cLLI IDAT ",
        [METADATA_NONE] = "IDAT ",
    };
    struct bytes first = {0}, second = {0}, third = {0}, file = {0};
    ADD_ALL(before_palette, &first);
    ADD_ALL(before_pixels, &second);
    ADD_ALL(after_pixels, &third);
    carry_file(&(struct carry_input){3, 2, false, &first, &second, &third}, &file);
    for (int m = METADATA_KEEP; m <= METADATA_NONE; m++) {
        struct carry_options o = {(enum png_metadata)m, 0, 2};
        struct err e = ERR_INIT;
        struct carry_output out = {.animated = false};
        char names[1000];
        uint32_t length;
        buf_init(&out.file, 1 << 20);
        ck_assert_msg(carry(&file, o, &out, &e) == ERR_OK, "%s", e.text);
        list(&out.file, names);
        ck_assert_str_eq(names, expected[m]);
        ck_assert(out.animated);
        carry_check(&out.file);
        if (m != METADATA_NONE)
            ck_assert_int_eq(memcmp(carry_content(&out.file, "gAMA", &length), "\0\0\xb1\x8f", 4),
                             0);
        if (m == METADATA_KEEP) {
            ck_assert_int_eq(memcmp(carry_content(&out.file, "tEXt", &length), "Title\0before", 12),
                             0);
            ck_assert_int_eq(
                memcmp(carry_content(&out.file, "eXIf", &length), "MM\0*\0\0\0\x08\0\0", 10), 0);
            ck_assert_int_eq(
                memcmp(carry_content(&out.file, "pHYs", &length), "\0\0\x16\x26\0\0\x16\x26\1", 9),
                0);
        }
        buf_done(&out.file);
    }
    bytes_done(&first);
    bytes_done(&second);
    bytes_done(&third);
    bytes_done(&file);
}
END_TEST

/* The PNG extensions 1.5.0 allowed eXIf there; the specification's third edition does not. */
START_TEST(exif_from_behind_the_pixels_goes_before_them)
{
    struct bytes third = {0}, file = {0};
    struct carry_output out = {.animated = false};
    char names[100];
    ADD_ALL(after_pixels, &third);
    carry_file(&(struct carry_input){2, 8, false, NULL, NULL, &third}, &file);
    buf_init(&out.file, 1 << 20);
    ck_assert_int_eq(carry(&file, (struct carry_options){METADATA_KEEP, 0, 1}, &out, NULL), ERR_OK);
    list(&out.file, names);
    ck_assert_str_eq(names, "eXIf IDAT iTXt tEXt ");
    carry_check(&out.file);
    buf_done(&out.file);
    bytes_done(&third);
    bytes_done(&file);
}
END_TEST

START_TEST(every_failed_allocation_is_told)
{
    struct bytes first = {0}, file = {0};
    ADD_ALL(before_palette, &first);
    carry_file(&(struct carry_input){2, 8, true, &first, NULL, &first}, &file);
    enum err_code rc;
    long n = 0;
    do {
        struct err e = ERR_INIT;
        struct carry_output out = {.animated = false};
        buf_init(&out.file, 1 << 20);
        mem_fail_nth(n++);
        rc = carry(&file, (struct carry_options){METADATA_KEEP, 0, 1}, &out, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        buf_done(&out.file);
    } while (rc != ERR_OK);
    bytes_done(&first);
    bytes_done(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_meta");
    TCase *c = tcase_create("png_meta");
    tcase_add_test(c, each_chunk_goes_where_it_should_or_stays_behind);
    tcase_add_test(c, exif_from_behind_the_pixels_goes_before_them);
    tcase_add_test(c, every_failed_allocation_is_told);
    suite_add_tcase(s, c);
    if (!harness_has_pngcheck())
        harness_left_out(0, "pngcheck's verdict", "no pngcheck");
    return harness_run(s);
}
