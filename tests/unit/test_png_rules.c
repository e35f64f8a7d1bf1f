/* test_png_rules.c - the contents of each known chunk: those that are left out, mended, or restated
 * for the pixels of the output. */
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/png_carry.h"

#define KEYWORD_13 "a keyword is "
#define KEYWORD_78 KEYWORD_13 KEYWORD_13 KEYWORD_13 KEYWORD_13 KEYWORD_13 "a keyword was"

#define HALF_PROFILE                                                                               \
    "\170\332\143\140\140\150\141\100\002\356\101\216\221\014\150\040\061\271\270\200"
#define LONG_PROFILE                                                                               \
    "\170\332\143\140\140\150\145\100\002\356\101\216\221\014\150\040\061\271\270\200\201\206\000" \
    "\000\150\334\003\140"

static const struct {
    const char *name;
    int color_type, bit_depth;
    bool transparent;
    int depth;                  /* depth of the output, or 0 */
    struct carry_chunk in, out; /* without a type: not written */
} conversions[] = {
    {"an intent stays", 2, 8, false, 0, CARRY_CHUNK("sRGB", "\1"), CARRY_CHUNK("sRGB", "\1")},
    {"RGB bits stay", 2, 8, false, 0, CARRY_CHUNK("sBIT", "\5\6\5"), CARRY_CHUNK("sBIT", "\5\6\5")},
    {"a palette's bits are RGB's", 3, 4, false, 0, CARRY_CHUNK("sBIT", "\5\6\5"),
     CARRY_CHUNK("sBIT", "\5\6\5")},
    {"palette and tRNS: alpha's are added", 3, 2, true, 0, CARRY_CHUNK("sBIT", "\5\6\5"),
     CARRY_CHUNK("sBIT", "\5\6\5\x08")},
    {"gray and tRNS: alpha's are added", 0, 16, true, 0, CARRY_CHUNK("sBIT", "\x0c"),
     CARRY_CHUNK("sBIT", "\x0c\x10")},
    {"16 to 8 bits: clamped", 6, 16, false, 8, CARRY_CHUNK("sBIT", "\x0a\x0b\x0c\4"),
     CARRY_CHUNK("sBIT", "\x08\x08\x08\4")},
    {"8 to 16 bits: the same", 4, 8, false, 16, CARRY_CHUNK("sBIT", "\5\x08"),
     CARRY_CHUNK("sBIT", "\5\x08")},
    {"more bits than there are", 0, 4, false, 0, CARRY_CHUNK("sBIT", "\5"), {0}},
    {"no bits", 0, 4, false, 0, CARRY_CHUNK("sBIT", "\0"), {0}},
    {"bits of too few channels", 2, 8, false, 0, CARRY_CHUNK("sBIT", "\5\5"), {0}},
    {"a palette's background is RGB's", 3, 2, false, 0, CARRY_CHUNK("bKGD", "\1"),
     CARRY_CHUNK("bKGD", "\0\4\0\5\0\6")},
    {"a background outside the palette", 3, 2, false, 0, CARRY_CHUNK("bKGD", "\4"), {0}},
    {"1 bit becomes 8", 0, 1, false, 0, CARRY_CHUNK("bKGD", "\0\1"), CARRY_CHUNK("bKGD", "\0\xff")},
    {"4 bits become 8", 0, 4, true, 0, CARRY_CHUNK("bKGD", "\0\7"), CARRY_CHUNK("bKGD", "\0\x77")},
    {"RGB background stays", 2, 8, false, 0, CARRY_CHUNK("bKGD", "\0\1\0\2\0\3"),
     CARRY_CHUNK("bKGD", "\0\1\0\2\0\3")},
    {"16 to 8 bits", 6, 16, false, 8, CARRY_CHUNK("bKGD", "\xff\xff\x80\x80\0\0"),
     CARRY_CHUNK("bKGD", "\0\xff\0\x80\0\0")},
    {"8 to 16 bits", 0, 8, false, 16, CARRY_CHUNK("bKGD", "\0\x12"),
     CARRY_CHUNK("bKGD", "\x12\x12")},
    {"8 bits in the wrong byte", 4, 8, false, 0, CARRY_CHUNK("bKGD", "\x34\x12"),
     CARRY_CHUNK("bKGD", "\0\x12")},
    {"density grows with the size", 0, 8, false, 0, CARRY_CHUNK("pHYs", "\0\0\0\3\0\0\0\5\0"),
     CARRY_CHUNK("pHYs", "\0\0\0\x09\0\0\0\x0f\0")},
    {"density over 2^31 - 1", 0, 8, false, 0, CARRY_CHUNK("pHYs", "\0\0\0\1\x98\0\0\0\0"), {0}},
    {"density of no known unit", 0, 8, false, 0, CARRY_CHUNK("pHYs", "\0\0\0\1\0\0\0\1\2"), {0}},
    {"light up to 2^31 - 1", 0, 8, false, 0, CARRY_CHUNK("cLLI", "\x7f\xff\xff\xff\0\0\0\0"),
     CARRY_CHUNK("cLLI", "\x7f\xff\xff\xff\0\0\0\0")},
    {"light over 2^31 - 1", 0, 8, false, 0, CARRY_CHUNK("cLLI", "\0\0\0\1\x80\0\0\0"), {0}},
    {"a display's light over 2^31 - 1",
     0,
     8,
     false,
     0,
     CARRY_CHUNK("mDCV", "0123456789abcdef\x80\0\0\0\0\0\0\1"),
     {0}},
    {"an unknown name that may be copied", 0, 8, false, 0, CARRY_CHUNK("saFe", "x"),
     CARRY_CHUNK("saFe", "x")},
    {"a name with the reserved bit", 0, 8, false, 0, CARRY_CHUNK("safe", "x"), {0}},
    {"gamma over 2^31 - 1", 0, 8, false, 0, CARRY_CHUNK("gAMA", "\x80\0\0\0"), {0}},
    {"gamma of 0", 0, 8, false, 0, CARRY_CHUNK("gAMA", "\0\0\0\0"), {0}},
    {"density has an end", 0, 8, false, 0, CARRY_CHUNK("pHYs", "\x7f\0\0\0\0\0\0\1\0"),
     CARRY_CHUNK("pHYs", "\x7f\xff\xff\xff\0\0\0\3\0")},
    {"a place in pixels moves", 0, 8, false, 0, CARRY_CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\0"),
     CARRY_CHUNK("oFFs", "\xff\xff\xff\xfa\0\0\0\x0f\0")},
    {"a place in micrometres stays", 0, 8, false, 0,
     CARRY_CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\1"),
     CARRY_CHUNK("oFFs", "\xff\xff\xff\xfe\0\0\0\5\1")},
    {"a place of no known unit", 0, 8, false, 0, CARRY_CHUNK("oFFs", "\0\0\0\1\0\0\0\1\2"), {0}},
    {"primaries that are no colours",
     2,
     8,
     false,
     0,
     CARRY_CHUNK("cHRM",
                 "\0\0\x7a\x26\0\0\x80\x84\0\0\xfa\0\0\0\x90\xe8\0\0\x75\x30\0\0\xea\x60\0\0\x3a"
                 "\x98\0\0\x17\x70"),
     {0}},
    {"any Latin-1 keyword", 0, 8, false, 0, CARRY_CHUNK("tEXt", "na\xefve \xa1 key\0\x80\n"),
     CARRY_CHUNK("tEXt", "na\xefve \xa1 key\0\x80\n")},
    {"a keyword's leading space", 0, 8, false, 0, CARRY_CHUNK("tEXt", " a\0b"),
     CARRY_CHUNK("tEXt", "a\0b")},
    {"a keyword's trailing space", 0, 8, false, 0, CARRY_CHUNK("zTXt", "a \0\0x\234\3\0\0\0\0\1"),
     CARRY_CHUNK("zTXt", "a\0\0x\234\3\0\0\0\0\1")},
    {"two spaces", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a  b\0\0\0\0\0c"),
     CARRY_CHUNK("iTXt", "a b\0\0\0\0\0c")},
    {"a control character", 0, 8, false, 0, CARRY_CHUNK("iCCP", "a\x9f\0\0" CARRY_PROFILE_GRAY),
     CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_GRAY)},
    {"control characters within", 0, 8, false, 0,
     CARRY_CHUNK("tEXt", "a\n\x9f"
                         "b\0c"),
     CARRY_CHUNK("tEXt", "a b\0c")},
    {"a profile without a name", 0, 8, false, 0, CARRY_CHUNK("iCCP", "\0\0" CARRY_PROFILE_GRAY),
     CARRY_CHUNK("iCCP", "ICC profile\0\0" CARRY_PROFILE_GRAY)},
    {"a profile whose name is blank", 0, 8, false, 0,
     CARRY_CHUNK("iCCP", " \t\0\0" CARRY_PROFILE_GRAY),
     CARRY_CHUNK("iCCP", "ICC profile\0\0" CARRY_PROFILE_GRAY)},
    {"a profile without a profile", 0, 8, false, 0, CARRY_CHUNK("iCCP", "a\0\0"), {0}},
    {"a text whose keyword is blank", 0, 8, false, 0, CARRY_CHUNK("tEXt", "  \0c"), {0}},
    {"a keyword of 79", 0, 8, false, 0, CARRY_CHUNK("tEXt", KEYWORD_78 "x\0c"),
     CARRY_CHUNK("tEXt", KEYWORD_78 "x\0c")},
    {"a keyword of 80 is cut", 0, 8, false, 0, CARRY_CHUNK("tEXt", KEYWORD_78 "xy\0c"),
     CARRY_CHUNK("tEXt", KEYWORD_78 "x\0c")},
    {"a keyword that is cut at a space", 0, 8, false, 0, CARRY_CHUNK("tEXt", KEYWORD_78 " y\0c"),
     CARRY_CHUNK("tEXt", KEYWORD_78 "\0c")},
    {"JPEG's prefix", 0, 8, false, 0, CARRY_CHUNK("eXIf", "Exif\0\0MM\0*\0\0\0\x08\0\0"),
     CARRY_CHUNK("eXIf", "MM\0*\0\0\0\x08\0\0")},
    {"JPEG's prefix and nothing else", 0, 8, false, 0, CARRY_CHUNK("eXIf", "Exif\0\0"), {0}},
    {"no byte order", 0, 8, false, 0, CARRY_CHUNK("eXIf", "MI\0*\0\0\0\x08\0\0"), {0}},
    {"a NUL in a text", 0, 8, false, 0, CARRY_CHUNK("tEXt", "a\0b\0c"), {0}},
    {"no such compression", 0, 8, false, 0, CARRY_CHUNK("zTXt", "a\0\1x\234\3\0\0\0\0\1"), {0}},
    {"nothing compressed", 0, 8, false, 0, CARRY_CHUNK("zTXt", "a\0\0"), {0}},
    {"international", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\1\0de\0\xc3\xa4\0x\234\3\0\0\0\0\1"),
     CARRY_CHUNK("iTXt", "a\0\1\0de\0\xc3\xa4\0x\234\3\0\0\0\0\1")},
    {"neither compressed nor not", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\2\0\0\0c"), {0}},
    {"compressed in no known way", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\1\1\0\0c"), {0}},
    {"a language without end", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0de"), {0}},
    {"a translation without end", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0de\0b"), {0}},
    {"a NUL in an international text", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0c\0"), {0}},
    {"it ends after the keyword", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0"), {0}},
    {"a profile with surplus bytes", 0, 8, false, 0,
     CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_GRAY "xyz"),
     CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_GRAY)},
    {"a profile for other pixels",
     0,
     8,
     false,
     0,
     CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_RGB),
     {0}},
    {"a profile for these pixels", 3, 2, false, 0, CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_RGB),
     CARRY_CHUNK("iCCP", "a\0\0" CARRY_PROFILE_RGB)},
    {"an empty profile", 0, 8, false, 0, CARRY_CHUNK("iCCP", "a\0\0x\234\3\0\0\0\0\1"), {0}},
    {"a profile that is not compressed", 0, 8, false, 0, CARRY_CHUNK("iCCP", "a\0\0junk"), {0}},
    {"half a profile", 0, 8, false, 0, CARRY_CHUNK("iCCP", "a\0\0" HALF_PROFILE), {0}},
    {"a profile that states another length",
     0,
     8,
     false,
     0,
     CARRY_CHUNK("iCCP", "a\0\0" LONG_PROFILE),
     {0}},
    {"a wrong Adler-32", 0, 8, false, 0, CARRY_CHUNK("zTXt", "a\0\0x\234\3\0\0\0\0\2"), {0}},
    {"a compressed NUL",
     0,
     8,
     false,
     0,
     CARRY_CHUNK("zTXt", "a\0\0\170\234\113\114\142\110\006\000\003\021\001\047"),
     {0}},
    {"surplus bytes", 0, 8, false, 0, CARRY_CHUNK("zTXt", "a\0\0x\234\3\0\0\0\0\1more"),
     CARRY_CHUNK("zTXt", "a\0\0x\234\3\0\0\0\0\1")},
    {"characters of one to four bytes", 0, 8, false, 0,
     CARRY_CHUNK("iTXt", "a\0\0\0en-GB\0\xc3\xa4\0A\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"),
     CARRY_CHUNK("iTXt", "a\0\0\0en-GB\0\xc3\xa4\0A\xdf\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf")},
    {"no UTF-8", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xe4"), {0}},
    {"an overlong form", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xc0\x80"), {0}},
    {"a longer one", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xe0\x9f\xbf"), {0}},
    {"a surrogate", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xed\xa0\x80"), {0}},
    {"beyond Unicode", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xf4\x90\x80\x80"), {0}},
    {"half a character", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\0\xc3"), {0}},
    {"a keyword that is no UTF-8", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0\0\xff\0c"), {0}},
    {"a language that is none", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\0\0d e\0\0c"), {0}},
    {"compressed junk", 0, 8, false, 0, CARRY_CHUNK("iTXt", "a\0\1\0\0\0junk"), {0}},
    {"compressed, and no UTF-8",
     0,
     8,
     false,
     0,
     CARRY_CHUNK("iTXt", "a\0\1\0\0\0\170\234\113\114\172\002\000\002\316\001\250"),
     {0}},
    {"the least Exif", 0, 8, false, 0, CARRY_CHUNK("eXIf", "II*\0\x08\0\0\0"),
     CARRY_CHUNK("eXIf", "II*\0\x08\0\0\0")},
    {"less than that", 0, 8, false, 0, CARRY_CHUNK("eXIf", "II*\0"), {0}},
    {"code points of RGB", 0, 8, false, 0, CARRY_CHUNK("cICP", "\1\x0d\0\1"),
     CARRY_CHUNK("cICP", "\1\x0d\0\1")},
    {"code points of other matrices", 0, 8, false, 0, CARRY_CHUNK("cICP", "\1\x0d\1\1"), {0}},
    {"a GIF's extension", 0, 8, false, 0, CARRY_CHUNK("gIFx", "NETSCAPE2.0\1\0\0"),
     CARRY_CHUNK("gIFx", "NETSCAPE2.0\1\0\0")},
    {"half a GIF's extension", 0, 8, false, 0, CARRY_CHUNK("gIFx", "NETSCAPE2."), {0}},
};

START_TEST(what_depends_on_the_pixels_follows_them)
{
    struct bytes extra = {0}, file = {0};
    const struct carry_chunk *in = &conversions[_i].in, *want = &conversions[_i].out;
    bool late = strcmp(in->type, "bKGD") == 0; /* bKGD follows the palette */
    png_build_chunk(&extra, in->type, in->data, in->length);
    carry_file(&(struct carry_input){.color_type = conversions[_i].color_type,
                                     .bit_depth = conversions[_i].bit_depth,
                                     .transparent = conversions[_i].transparent,
                                     .first = late ? NULL : &extra,
                                     .second = late ? &extra : NULL},
               &file);
    struct carry_options o = {METADATA_KEEP, conversions[_i].depth, 3};
    struct err e = ERR_INIT;
    struct carry_output out = {.animated = false};
    uint32_t length;
    buf_init(&out.file, 1 << 20);
    ck_assert_int_eq(carry(&file, o, &out, &e), ERR_OK);
    const uint8_t *got = carry_content(&out.file, in->type, &length);
    ck_assert_msg((got != NULL) == (want->type != NULL), "%s", conversions[_i].name);
    if (got)
        ck_assert_msg(length == want->length && memcmp(got, want->data, length) == 0, "%s",
                      conversions[_i].name);
    ck_assert(!out.animated);
    carry_check(&out.file);
    buf_done(&out.file);
    bytes_done(&extra);
    bytes_done(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_rules");
    TCase *c = tcase_create("png_rules");
    tcase_add_loop_test(c, what_depends_on_the_pixels_follows_them, 0,
                        sizeof conversions / sizeof *conversions);
    suite_add_tcase(s, c);
    if (!harness_has_pngcheck())
        harness_left_out(0, "pngcheck's verdict", "no pngcheck");
    return harness_run(s);
}
