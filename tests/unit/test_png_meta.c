/* test_png_meta.c - the data beside the pixels, from the input file to the output file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/png/png_reader.h"
#include "engine/png/png_writer.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"
#include "tests/lib/write_png.h"

/* A chunk of a table: its type, and contents that may hold NUL. */
struct chunk {
    const char *type, *data;
    size_t length;
};

#define CHUNK(type, data)                                                                          \
    {                                                                                              \
        type, data, sizeof(data) - 1                                                               \
    }

struct options {
    enum png_metadata metadata;
    int depth, factor; /* depth and factor of the output */
};

/* Reads `file`, enlarges only the numbers in its metadata, and writes the output file with them. */
static enum err_code carry(const struct bytes *file, struct options o, struct buf *out,
                           bool *animated, struct err *e)
{
    struct png_reader *r = NULL;
    struct png_meta meta;
    struct image *img = NULL;
    png_meta_init(&meta);
    enum err_code rc = png_reader_new(file->data, file->length, &png_default_limits, &r, e);
    if (rc == ERR_OK)
        rc = png_meta_copy(&meta, png_reader_meta(r), e);
    struct png_writer_params params = {.compression = 6, .metadata = o.metadata, .meta = &meta};
    if (rc == ERR_OK) {
        params.source = params.format = *png_reader_format(r);
        params.format.depth = o.depth ? o.depth : params.source.depth;
        params.format.width *= o.factor;
        params.format.height *= o.factor;
        *animated = png_warned(&meta.warnings, PNG_WARN_ANIMATION);
        rc = image_new(&params.format, &img, e);
    }
    png_reader_free(r); /* the copy must have all that it needs */
    if (rc == ERR_OK) {
        memset(img->pixels, 0, image_bytes(&img->format));
        rc = write_png(&params, img, out, e);
    }
    image_free(img);
    png_meta_done(&meta);
    return rc;
}

static void make_file(int color_type, int bit_depth, bool transparent, const struct bytes *first,
                      const struct bytes *second, const struct bytes *third, struct bytes *file)
{
    uint64_t seed = 70;
    struct png_build p;
    struct png_head h = {3, 2, bit_depth, color_type, false};
    png_build_random(&p, h, transparent, &seed);
    for (int i = 0; i < 12; i++)
        p.palette[i] = (uint8_t)(i + 1);
    if (p.colors > 0 && p.colors < 4)
        p.colors = 4;
    png_build_file(&p, &seed, first, second, third, file);
    png_build_done(&p);
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Lists the types of a file's chunks, without IHDR and IEND, and IDAT once. */
static void list(const struct buf *file, char *names)
{
    *names = 0;
    for (size_t at = 33; at + 12 < file->length; at += 12 + u32(file->data + at)) {
        const char *type = (const char *)file->data + at + 4;
        size_t n = strlen(names);
        if (n >= 5 && memcmp(type, "IDAT", 4) == 0 && strcmp(names + n - 5, "IDAT ") == 0)
            continue;
        snprintf(names + n, 6, "%.4s ", type);
    }
}

/* Returns the contents of the first chunk of a type, or NULL. */
static const uint8_t *content(const struct buf *file, const char *type, uint32_t *length)
{
    for (size_t at = 8; at < file->length; at += 12 + *length) {
        *length = u32(file->data + at);
        if (memcmp(file->data + at + 4, type, 4) == 0)
            return file->data + at + 8;
    }
    return NULL;
}

/* Checks a file that we wrote with pngcheck. Chunks of the specification's third edition (2025) are
 * left out, because pngcheck 3.0.3 (2021) takes them for illegal. */
static void check_by_pngcheck(const struct buf *file)
{
    if (system("command -v pngcheck >/dev/null 2>&1") != 0)
        return;
    char path[] = "test_png_meta.XXXXXX", command[100];
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && write(fd, file->data, 8) == 8);
    for (size_t at = 8, n; at < file->length; at += n) {
        n = 12 + u32(file->data + at);
        char type[5] = "";
        memcpy(type, file->data + at + 4, 4);
        if (!strstr("cICP mDCV cLLI", type))
            ck_assert(write(fd, file->data + at, n) == (ssize_t)n);
    }
    close(fd);
    snprintf(command, sizeof command, "pngcheck -q %s", path);
    int status = system(command);
    unlink(path);
    ck_assert_int_eq(status, 0);
}

static const struct chunk before_palette[] = {
    CHUNK("iCCP", "sRGB\0\0x\234\3\0\0\0\0\1"),
    CHUNK("gAMA", "\0\0\xb1\x8f"),
    CHUNK("gAMA", "\0\1\x86\xa0"), /* a second gAMA is ignored */
    CHUNK("cHRM", "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x80\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a"
                  "\x98\0\0\x17\x70"),
    CHUNK("cICP", "\x0c\x0d\0\1"),
    CHUNK("mDCV", "123456789012345678901234"),
    CHUNK("cLLI", "12345678"),
    CHUNK("sRGB", "\7"), /* there is no such intent */
    CHUNK("sRGB", "\0"), /* ignored beside a profile */
    CHUNK("acTL", "\0\0\0\2\0\0\0\0"),
    CHUNK("fcTL", "12345678901234567890123456"),
    CHUNK("tEXt", "Title\0before"),
    CHUNK("saFe", "copy me"),
    CHUNK("unSF", "do not"),
};

static const struct chunk before_pixels[] = {
    CHUNK("sBIT", "\5\5\5"), /* too late */
    CHUNK("pHYs", "\0\0\x0b\x13\0\0\x0b\x13\1"),
    CHUNK("hIST", "\0\1\0\1\0\1\0\1"),
    CHUNK("sPLT", "name\0\x08"
                  "123456"),
    CHUNK("tIME", "\7\xe4\1\1\0\0\0"),
    CHUNK("eXIf", "MM\0*\0\0\0\x08\0\0"),
    CHUNK("eXIf", "MM\0*\0\0\0\x09\0\0"),
    CHUNK("zTXt", "Comment\0\0x\234\3\0\0\0\0\1"),
    CHUNK("tEXt", "without any end of a keyword"),
    CHUNK("tEXt", "\0without a keyword"),
};

static const struct chunk after_pixels[] = {
    CHUNK("bKGD", "\1"), /* too late */
    CHUNK("fdAT", "\0\0\0\1rest"),
    CHUNK("pHYs", "\0\0\x0b\x13\0\0\x0b\x13\1"), /* too late */
    CHUNK("eXIf", "II*\0\x08\0\0\0"),            /* not the first eXIf */
    CHUNK("iTXt", "Key\0\0\0\0\0text"),
    CHUNK("tEXt", "Author\0after"),
    CHUNK("tIME", "\7\xe4\1\1\0\0\0"),
};

#define ADD_ALL(table, out) add_all(table, sizeof table / sizeof *table, out)

static void add_all(const struct chunk *table, size_t count, struct bytes *out)
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
    make_file(3, 2, false, &first, &second, &third, &file);
    for (int m = METADATA_KEEP; m <= METADATA_NONE; m++) {
        struct options o = {(enum png_metadata)m, 0, 2};
        struct err e = ERR_INIT;
        struct buf out;
        char names[1000];
        bool animated = false;
        uint32_t length;
        buf_init(&out, 1 << 20);
        ck_assert_msg(carry(&file, o, &out, &animated, &e) == ERR_OK, "%s", e.text);
        list(&out, names);
        ck_assert_str_eq(names, expected[m]);
        ck_assert(animated);
        check_by_pngcheck(&out);
        if (m != METADATA_NONE)
            ck_assert_int_eq(memcmp(content(&out, "gAMA", &length), "\0\0\xb1\x8f", 4), 0);
        if (m == METADATA_KEEP) {
            ck_assert_int_eq(memcmp(content(&out, "tEXt", &length), "Title\0before", 12), 0);
            ck_assert_int_eq(memcmp(content(&out, "eXIf", &length), "MM\0*\0\0\0\x08\0\0", 10), 0);
            ck_assert_int_eq(
                memcmp(content(&out, "pHYs", &length), "\0\0\x16\x26\0\0\x16\x26\1", 9), 0);
        }
        buf_done(&out);
    }
    bytes_done(&first);
    bytes_done(&second);
    bytes_done(&third);
    bytes_done(&file);
}
END_TEST

#define KEYWORD_13 "a keyword is "
#define KEYWORD_78 KEYWORD_13 KEYWORD_13 KEYWORD_13 KEYWORD_13 KEYWORD_13 "a keyword was"

static const struct {
    const char *name;
    int color_type, bit_depth;
    bool transparent;
    int depth;            /* depth of the output, or 0 */
    struct chunk in, out; /* without a type: not written */
} conversions[] = {
    {"an intent stays", 2, 8, false, 0, CHUNK("sRGB", "\1"), CHUNK("sRGB", "\1")},
    {"RGB bits stay", 2, 8, false, 0, CHUNK("sBIT", "\5\6\5"), CHUNK("sBIT", "\5\6\5")},
    {"a palette's bits are RGB's", 3, 4, false, 0, CHUNK("sBIT", "\5\6\5"),
     CHUNK("sBIT", "\5\6\5")},
    {"palette and tRNS: alpha's are added", 3, 2, true, 0, CHUNK("sBIT", "\5\6\5"),
     CHUNK("sBIT", "\5\6\5\x08")},
    {"gray and tRNS: alpha's are added", 0, 16, true, 0, CHUNK("sBIT", "\x0c"),
     CHUNK("sBIT", "\x0c\x10")},
    {"16 to 8 bits: clamped", 6, 16, false, 8, CHUNK("sBIT", "\x0a\x0b\x0c\4"),
     CHUNK("sBIT", "\x08\x08\x08\4")},
    {"8 to 16 bits: the same", 4, 8, false, 16, CHUNK("sBIT", "\5\x08"), CHUNK("sBIT", "\5\x08")},
    {"more bits than there are", 0, 4, false, 0, CHUNK("sBIT", "\5"), {0}},
    {"no bits", 0, 4, false, 0, CHUNK("sBIT", "\0"), {0}},
    {"bits of too few channels", 2, 8, false, 0, CHUNK("sBIT", "\5\5"), {0}},
    {"a palette's background is RGB's", 3, 2, false, 0, CHUNK("bKGD", "\1"),
     CHUNK("bKGD", "\0\4\0\5\0\6")},
    {"a background outside the palette", 3, 2, false, 0, CHUNK("bKGD", "\4"), {0}},
    {"1 bit becomes 8", 0, 1, false, 0, CHUNK("bKGD", "\0\1"), CHUNK("bKGD", "\0\xff")},
    {"4 bits become 8", 0, 4, true, 0, CHUNK("bKGD", "\0\7"), CHUNK("bKGD", "\0\x77")},
    {"RGB background stays", 2, 8, false, 0, CHUNK("bKGD", "\0\1\0\2\0\3"),
     CHUNK("bKGD", "\0\1\0\2\0\3")},
    {"16 to 8 bits", 6, 16, false, 8, CHUNK("bKGD", "\xff\xff\x80\x80\0\0"),
     CHUNK("bKGD", "\0\xff\0\x80\0\0")},
    {"8 to 16 bits", 0, 8, false, 16, CHUNK("bKGD", "\0\x12"), CHUNK("bKGD", "\x12\x12")},
    {"8 bits in the wrong byte", 4, 8, false, 0, CHUNK("bKGD", "\x34\x12"),
     CHUNK("bKGD", "\0\x12")},
    {"density grows with the size", 0, 8, false, 0, CHUNK("pHYs", "\0\0\0\3\0\0\0\5\0"),
     CHUNK("pHYs", "\0\0\0\x09\0\0\0\x0f\0")},
    {"density over 2^31 - 1", 0, 8, false, 0, CHUNK("pHYs", "\0\0\0\1\x98\0\0\0\0"), {0}},
    {"density of no known unit", 0, 8, false, 0, CHUNK("pHYs", "\0\0\0\1\0\0\0\1\2"), {0}},
    {"gamma over 2^31 - 1", 0, 8, false, 0, CHUNK("gAMA", "\x80\0\0\0"), {0}},
    {"gamma of 0", 0, 8, false, 0, CHUNK("gAMA", "\0\0\0\0"), {0}},
    {"density has an end", 0, 8, false, 0, CHUNK("pHYs", "\x7f\0\0\0\0\0\0\1\0"),
     CHUNK("pHYs", "\x7f\xff\xff\xff\0\0\0\3\0")},
    {"a place in pixels moves", 0, 8, false, 0, CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\0"),
     CHUNK("oFFs", "\xff\xff\xff\xfa\0\0\0\x0f\0")},
    {"a place in micrometres stays", 0, 8, false, 0, CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\1"),
     CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\1")},
    {"a place of no known unit", 0, 8, false, 0, CHUNK("oFFs", "\0\0\0\1\0\0\0\1\2"), {0}},
    {"primaries that are no colours",
     2,
     8,
     false,
     0,
     CHUNK("cHRM", "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x90\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a"
                   "\x98\0\0\x17\x70"),
     {0}},
    {"any Latin-1 keyword", 0, 8, false, 0, CHUNK("tEXt", "na\xefve \xa1 key\0\x80\n"),
     CHUNK("tEXt", "na\xefve \xa1 key\0\x80\n")},
    {"a keyword's leading space", 0, 8, false, 0, CHUNK("tEXt", " a\0b"), CHUNK("tEXt", "a\0b")},
    {"a keyword's trailing space", 0, 8, false, 0, CHUNK("zTXt", "a \0\0x\234\3\0\0\0\0\1"),
     CHUNK("zTXt", "a\0\0x\234\3\0\0\0\0\1")},
    {"two spaces", 0, 8, false, 0, CHUNK("iTXt", "a  b\0\0\0\0\0c"),
     CHUNK("iTXt", "a b\0\0\0\0\0c")},
    {"a control character", 0, 8, false, 0, CHUNK("iCCP", "a\x9f\0\0x\234\3\0\0\0\0\1"),
     CHUNK("iCCP", "a\0\0x\234\3\0\0\0\0\1")},
    {"control characters within", 0, 8, false, 0,
     CHUNK("tEXt", "a\n\x9f"
                   "b\0c"),
     CHUNK("tEXt", "a b\0c")},
    {"a profile without a name", 0, 8, false, 0, CHUNK("iCCP", "\0\0x\234\3\0\0\0\0\1"),
     CHUNK("iCCP", "ICC profile\0\0x\234\3\0\0\0\0\1")},
    {"a profile whose name is blank", 0, 8, false, 0, CHUNK("iCCP", " \t\0\0x\234\3\0\0\0\0\1"),
     CHUNK("iCCP", "ICC profile\0\0x\234\3\0\0\0\0\1")},
    {"a profile without a profile", 0, 8, false, 0, CHUNK("iCCP", "a\0\0"), {0}},
    {"a text whose keyword is blank", 0, 8, false, 0, CHUNK("tEXt", "  \0c"), {0}},
    {"a keyword of 79", 0, 8, false, 0, CHUNK("tEXt", KEYWORD_78 "x\0c"),
     CHUNK("tEXt", KEYWORD_78 "x\0c")},
    {"a keyword of 80 is cut", 0, 8, false, 0, CHUNK("tEXt", KEYWORD_78 "xy\0c"),
     CHUNK("tEXt", KEYWORD_78 "x\0c")},
    {"a keyword that is cut at a space", 0, 8, false, 0, CHUNK("tEXt", KEYWORD_78 " y\0c"),
     CHUNK("tEXt", KEYWORD_78 "\0c")},
    {"JPEG's prefix", 0, 8, false, 0, CHUNK("eXIf", "Exif\0\0MM\0*\0\0\0\x08\0\0"),
     CHUNK("eXIf", "MM\0*\0\0\0\x08\0\0")},
    {"JPEG's prefix and nothing else", 0, 8, false, 0, CHUNK("eXIf", "Exif\0\0"), {0}},
    {"no byte order", 0, 8, false, 0, CHUNK("eXIf", "MI\0*\0\0\0\x08\0\0"), {0}},
    {"a NUL in a text", 0, 8, false, 0, CHUNK("tEXt", "a\0b\0c"), {0}},
    {"no such compression", 0, 8, false, 0, CHUNK("zTXt", "a\0\1x\234\3\0\0\0\0\1"), {0}},
    {"nothing compressed", 0, 8, false, 0, CHUNK("zTXt", "a\0\0"), {0}},
    {"international", 0, 8, false, 0, CHUNK("iTXt", "a\0\1\0de\0\xc3\xa4\0x\234\3\0\0\0\0\1"),
     CHUNK("iTXt", "a\0\1\0de\0\xc3\xa4\0x\234\3\0\0\0\0\1")},
    {"neither compressed nor not", 0, 8, false, 0, CHUNK("iTXt", "a\0\2\0\0\0c"), {0}},
    {"compressed in no known way", 0, 8, false, 0, CHUNK("iTXt", "a\0\1\1\0\0c"), {0}},
    {"a language without end", 0, 8, false, 0, CHUNK("iTXt", "a\0\0\0de"), {0}},
    {"a translation without end", 0, 8, false, 0, CHUNK("iTXt", "a\0\0\0de\0b"), {0}},
    {"a NUL in an international text", 0, 8, false, 0, CHUNK("iTXt", "a\0\0\0\0\0c\0"), {0}},
    {"it ends after the keyword", 0, 8, false, 0, CHUNK("iTXt", "a\0"), {0}},
    {"a GIF's extension", 0, 8, false, 0, CHUNK("gIFx", "NETSCAPE2.0\1\0\0"),
     CHUNK("gIFx", "NETSCAPE2.0\1\0\0")},
    {"half a GIF's extension", 0, 8, false, 0, CHUNK("gIFx", "NETSCAPE2."), {0}},
};

START_TEST(what_depends_on_the_pixels_follows_them)
{
    struct bytes extra = {0}, file = {0};
    const struct chunk *in = &conversions[_i].in, *want = &conversions[_i].out;
    bool late = strcmp(in->type, "bKGD") == 0; /* bKGD follows the palette */
    png_build_chunk(&extra, in->type, in->data, in->length);
    make_file(conversions[_i].color_type, conversions[_i].bit_depth, conversions[_i].transparent,
              late ? NULL : &extra, late ? &extra : NULL, NULL, &file);
    struct options o = {METADATA_KEEP, conversions[_i].depth, 3};
    struct err e = ERR_INIT;
    struct buf out;
    bool animated;
    uint32_t length;
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(carry(&file, o, &out, &animated, &e), ERR_OK);
    const uint8_t *got = content(&out, in->type, &length);
    ck_assert_msg((got != NULL) == (want->type != NULL), "%s", conversions[_i].name);
    if (got)
        ck_assert_msg(length == want->length && memcmp(got, want->data, length) == 0, "%s",
                      conversions[_i].name);
    ck_assert(!animated);
    check_by_pngcheck(&out);
    buf_done(&out);
    bytes_done(&extra);
    bytes_done(&file);
}
END_TEST

/* The PNG extensions 1.5.0 allowed eXIf there; the specification's third edition does not. */
START_TEST(exif_from_behind_the_pixels_goes_before_them)
{
    struct bytes third = {0}, file = {0};
    struct buf out;
    char names[100];
    bool animated;
    ADD_ALL(after_pixels, &third);
    make_file(2, 8, false, NULL, NULL, &third, &file);
    buf_init(&out, 1 << 20);
    ck_assert_int_eq(carry(&file, (struct options){METADATA_KEEP, 0, 1}, &out, &animated, NULL),
                     ERR_OK);
    list(&out, names);
    ck_assert_str_eq(names, "eXIf IDAT iTXt tEXt ");
    check_by_pngcheck(&out);
    buf_done(&out);
    bytes_done(&third);
    bytes_done(&file);
}
END_TEST

START_TEST(every_failed_allocation_is_told)
{
    struct bytes first = {0}, file = {0};
    ADD_ALL(before_palette, &first);
    make_file(2, 8, true, &first, NULL, &first, &file);
    enum err_code rc;
    long n = 0;
    do {
        struct err e = ERR_INIT;
        struct buf out;
        bool animated;
        buf_init(&out, 1 << 20);
        mem_fail_nth(n++);
        rc = carry(&file, (struct options){METADATA_KEEP, 0, 1}, &out, &animated, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        buf_done(&out);
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
    tcase_add_loop_test(c, what_depends_on_the_pixels_follows_them, 0,
                        sizeof conversions / sizeof *conversions);
    tcase_add_test(c, exif_from_behind_the_pixels_goes_before_them);
    tcase_add_test(c, every_failed_allocation_is_told);
    suite_add_tcase(s, c);
    return harness_run(s);
}
