/* fuzz_chunks.c - the chunks beside the pixels, from the input to the output.
 *
 * The first bytes are the type of the picture and the wishes about the output. The rest are chunks,
 * each by its type, place and length. They are added to a picture, which is read, and written with
 * another size or depth.
 *
 * Claims, if PLTE and tRNS are not among the chunks: the picture is read, because faults of the
 * others are no reason to refuse it, and statements of colour that are surely valid are kept.
 *
 * Claims in any case: the output follows the specification's rules of order and number, which
 * check_order reads. libpng reads all of it without a warning that `allowed` does not list.
 * pngcheck.py asks pngcheck about outputs, which the variable CHUNKS_OUT gives to it. */
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "engine/png/png_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/png_build.h"
#include "tests/lib/write_png.h"

const int fuzz_rounds = 20000;

enum { HEAD = 3, CHUNKS_MAX = 16, OUT_MAX = 1 << 22, PROFILE = 160 };
enum { PACKED = 255 }; /* the number of a chunk that add_profile makes */
enum { TALL = 400 };   /* times the height: several strips, so several IDAT chunks with pixels */

static const struct png_limits limits = {
    .max_side = 64, .max_pixels = 4096, .max_chunks = 100, .max_chunk_bytes = 1 << 20};

/* Whether a chunk may occur more than once, and whether it stands before the pixels: PNG
 * specification, 5.6. An output has no palette, so the places beside PLTE mean nothing there. */
static const struct rule {
    char type[5];
    bool many, before_idat;
} rules[] = {
    {"acTL", false, true},  {"bKGD", false, true},  {"cHRM", false, true}, {"cICP", false, true},
    {"cLLI", false, true},  {"eXIf", false, false}, {"gAMA", false, true}, {"hIST", false, true},
    {"iCCP", false, true},  {"iTXt", true, false},  {"mDCV", false, true}, {"pHYs", false, true},
    {"sBIT", false, true},  {"sPLT", true, true},   {"sRGB", false, true}, {"tEXt", true, false},
    {"tIME", false, false}, {"tRNS", false, true},  {"zTXt", true, false}, {"sCAL", false, true},
    {"oFFs", false, true},  {"pCAL", false, true},  {"sTER", false, true}, {"gIFg", true, false},
    {"tsTs", true, false},  {"PLTE", false, true},
};
enum { RULES = sizeof rules / sizeof *rules };

/* Adds an ICC profile for RGB or gray. The data change bytes of a plain one, by place and value,
 * because no fuzzer writes a zlib stream. */
static void add_profile(const uint8_t *data, size_t length, bool gray, struct bytes *out)
{
    enum { NAME = 3 }; /* "P", NUL, and the method of compression */
    uint8_t profile[PROFILE] = {[3] = PROFILE, [8] = 2, [9] = 16, [131] = 1, [139] = 144};
    uint8_t chunk[2 * PROFILE] = "P";
    uLongf packed = sizeof chunk - NAME;
    memcpy(profile + 12, gray ? "mntrGRAYXYZ " : "mntrRGB XYZ ", 12);
    memcpy(profile + 36, "acsp", 4);
    memcpy(profile + 68, "\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d", 12); /* D50 */
    memcpy(profile + 132, "desc", 4);
    for (size_t i = 0; i + 1 < length; i += 2)
        profile[data[i] % PROFILE] = data[i + 1];
    must(compress2(chunk + NAME, &packed, profile, sizeof profile, 0) == Z_OK);
    png_build_chunk(out, "iCCP", chunk, NAME + packed);
}

static uint32_t number(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Whether each of the points of cHRM is possible: white, red, green and blue. */
static bool are_points(const uint8_t *data)
{
    bool fine = number(data + 4) > 0;
    for (int i = 0; i < 4; i++)
        fine &= (uint64_t)number(data + 8 * i) + number(data + 8 * i + 4) <= 100000;
    return fine;
}

/* Whether a chunk is surely valid: one of those whose contents are simple to judge. */
static bool is_valid(const char *type, const uint8_t *data, size_t length)
{
    if (strcmp(type, "sRGB") == 0)
        return length == 1 && data[0] <= 3;
    if (strcmp(type, "gAMA") == 0)
        return length == 4 && number(data) > 0 && number(data) <= INT32_MAX;
    return strcmp(type, "cHRM") == 0 && length == 32 && are_points(data);
}

/* The chunks that were added, by their rules: how many, and whether the last one is surely valid
 * and stands before PLTE. */
struct added {
    int count[RULES];
    bool valid[RULES];
};

static int rule_number(const char *type)
{
    for (int i = 0; i < RULES; i++)
        if (memcmp(rules[i].type, type, 4) == 0)
            return i;
    return -1;
}

/* Whether chunks are among them that decide what the pixels are. */
static bool has_critical(const struct added *added)
{
    return added->count[rule_number("PLTE")] > 0 || added->count[rule_number("tRNS")] > 0;
}

/* Adds the chunk at *at to one of three places: before PLTE, before IDAT, after it. */
static void add_chunk(const uint8_t **at, const uint8_t *end, bool gray, struct bytes places[3],
                      struct added *added)
{
    const uint8_t *head = *at;
    if (end - head < 2) {
        *at = end;
        return;
    }
    int rule = head[0] == PACKED ? rule_number("iCCP") : head[0] % RULES;
    const char *type = rules[rule].type;
    size_t length = head[1] >> 2, rest = (size_t)(end - head) - 2;
    if (length == 63)
        length = rest;
    if (length > rest)
        length = rest;
    if (head[0] == PACKED)
        add_profile(head + 2, length, gray, &places[head[1] % 3]);
    else
        png_build_chunk(&places[head[1] % 3], type, head + 2, length);
    added->count[rule]++;
    added->valid[rule] = head[1] % 3 == 0 && is_valid(type, head + 2, length);
    *at = head + 2 + length;
}

static void build(const uint8_t *data, size_t size, struct bytes *file, struct added *added)
{
    static const int types[][2] = {{0, 1}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 2},
                                   {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    const int *type = types[data[0] % (sizeof types / sizeof *types)];
    struct png_head h = {5, 3, type[1], type[0], false};
    struct png_build p;
    struct bytes places[3] = {{0}};
    uint64_t seed = 1;
    const uint8_t *at = data + HEAD;
    for (int n = 0; n < CHUNKS_MAX && at < data + size; n++)
        add_chunk(&at, data + size, !(type[0] & 2), places, added);
    png_build_random(&p, h, data[0] & 128, &seed);
    png_build_file(&p, &seed, &places[0], &places[1], &places[2], file);
    png_build_done(&p);
    for (int i = 0; i < 3; i++)
        bytes_done(&places[i]);
}

/* An output has no palette and no frames, and its transparency is a channel. */
static const char never[][5] = {"PLTE", "hIST", "acTL", "tRNS"};

/* Checks the rules of the specification for gAMA and cHRM, because some warnings about them are
 * allowed below. */
static void check_values(const uint8_t *type)
{
    if (memcmp(type, "gAMA", 4) == 0)
        must(number(type + 4) > 0 && number(type + 4) <= INT32_MAX);
    for (int i = 0; memcmp(type, "cHRM", 4) == 0 && i < 4; i++)
        must((uint64_t)number(type + 4 + 8 * i) + number(type + 8 + 8 * i) <= 100000);
}

/* Checks one chunk, with what has been seen before it: the numbers of each type, and `idat`, which
 * counts the chunks of pixels. */
static void check_chunk(const uint8_t *type, int seen[RULES], int idat)
{
    int rule = rule_number((const char *)type);
    if (rule < 0)
        return;
    must(seen[rule]++ == 0 || rules[rule].many);
    must(!rules[rule].before_idat || idat == 0);
    check_values(type);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        must(memcmp(type, never[i], 4) != 0);
}

/* Checks all chunks. Counts them in `seen`. */
static void check_order(const uint8_t *bytes, size_t length, int seen[RULES])
{
    int idat = 0, place = 0;
    const uint8_t *last = (const uint8_t *)"";
    must(length > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
    for (size_t at = 8; at < length; at += 12 + number(bytes + at)) {
        const uint8_t *type = bytes + at + 4;
        must(at + 12 <= length && number(bytes + at) <= length - at - 12);
        must(*last == '\0' || memcmp(last, "IEND", 4) != 0);
        must((memcmp(type, "IHDR", 4) == 0) == (place++ == 0));
        check_chunk(type, seen, idat);
        if (memcmp(type, "IDAT", 4) == 0)
            must(idat++ == 0 || memcmp(last, "IDAT", 4) == 0); /* one behind the other */
        last = type;
    }
    must(idat > 0 && memcmp(last, "IEND", 4) == 0);
    must(seen[rule_number("iCCP")] == 0 || seen[rule_number("sRGB")] == 0);
}

/* Checks that chunks which are surely valid are kept; but for sRGB beside a profile. */
static void check_kept(const struct added *added, const int seen[RULES])
{
    bool profile = added->count[rule_number("iCCP")] > 0;
    for (int i = 0; i < RULES; i++)
        if (added->count[i] == 1 && added->valid[i] && !(profile && i == rule_number("sRGB")))
            must(seen[i] == 1);
}

struct source {
    const uint8_t *bytes;
    size_t length;
};

static void on_read(png_structp png, png_bytep to, size_t count)
{
    struct source *s = png_get_io_ptr(png);
    if (count > s->length)
        png_error(png, "end of file");
    memcpy(to, s->bytes, count);
    s->bytes += count;
    s->length -= count;
}

static void on_error(png_structp png, png_const_charp message)
{
    (void)png;
    fprintf(stderr, "libpng %s: %s\n", png_get_libpng_ver(NULL), message);
    abort();
}

/* Warnings about what the input says of its colours, which the output repeats. The specification
 * makes no rule of these: libpng has its own range for gAMA and cHRM, beyond the rules of the
 * specification, and compares several statements, of which a decoder takes one. */
static const char *const allowed[] = {
    "gAMA: gamma value out of range",
    "gAMA: gamma value does not match sRGB",
    "sRGB: gamma value does not match sRGB",
    "sRGB: cHRM chunk does not match sRGB",
    "cHRM: inconsistent chromaticities",
    "cHRM: invalid chromaticities",
    "gAMA: invalid", /* of all three, from libpng 1.6.45 on */
    "sRGB: invalid",
    "cHRM: invalid",
};

/* The ends of warnings about a profile. The reader judges only the length of a profile, the
 * signature and the kind of pixels (png_rules_text.c): the rest is for programs that use it. */
static const char *const allowed_of_profiles[] = {
    ": ICC profile tag outside profile",
    ": ICC profile tag start not a multiple of 4",
    ": Not recognizing known sRGB profile that has been edited",
    ": PCS illuminant is not D50",
    ": intent outside defined range",
    ": invalid embedded Abstract ICC profile",
    ": invalid length",
    ": invalid rendering intent",
    ": known incorrect sRGB profile",
    ": out-of-date sRGB profile with no signature",
    ": tag count too large",
    ": unexpected DeviceLink ICC profile class",
    ": unexpected ICC PCS encoding",
    ": unexpected NamedColor ICC profile class",
    ": unrecognized ICC profile class",
};

static void on_warning(png_structp png, png_const_charp message)
{
    static const char profile[] = "iCCP: profile 'P': ";
    size_t length = strlen(message);
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(message, allowed[i]) == 0)
            return;
    bool of_profile = strncmp(message, profile, sizeof profile - 1) == 0;
    for (size_t i = 0; of_profile && i < sizeof allowed_of_profiles / sizeof(char *); i++) {
        size_t end = strlen(allowed_of_profiles[i]);
        if (length >= end && strcmp(message + length - end, allowed_of_profiles[i]) == 0)
            return;
    }
    on_error(png, message);
}

static void check_by_libpng(const uint8_t *bytes, size_t length)
{
    struct source s = {bytes, length};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png_create_info_struct(png);
    png_set_read_fn(png, &s, on_read);
    png_read_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
    must(s.length == 0);
    png_destroy_read_struct(&png, &info, NULL);
}

/* Writes every CHUNKS_EVERYth output to the folder CHUNKS_OUT, for pngcheck.py. */
static void keep(const struct buf *out)
{
    static long count, number;
    const char *folder = getenv("CHUNKS_OUT"), *every = getenv("CHUNKS_EVERY");
    char path[4096];
    if (!folder || !every || count++ % atol(every) != 0)
        return;
    snprintf(path, sizeof path, "%s/%ld.png", folder, number++);
    FILE *f = fopen(path, "w");
    must(f && fwrite(out->data, 1, out->length, f) == out->length && fclose(f) == 0);
}

static void rewrite(const struct png_reader *r, const uint8_t *how, const struct added *added)
{
    int seen[RULES] = {0};
    struct err e = ERR_INIT;
    struct buf out;
    struct image *img = NULL;
    struct image_format from = *png_reader_format(r), to = from;
    to.width *= 1 + how[0] % 4;
    to.height *= (1 + how[0] / 4 % 4) * (how[1] & 128 ? TALL : 1);
    to.depth = how[0] & 64 ? 16 : how[0] & 128 ? 8 : from.depth;
    must(image_new(&to, &img, &e) == ERR_OK);
    memset(img->pixels, 0x55, image_bytes(&to));
    buf_init(&out, OUT_MAX);
    const struct png_writer_params params = {.format = to,
                                             .compression = 1,
                                             .metadata = (enum png_metadata)(how[1] % 3),
                                             .meta = png_reader_meta(r),
                                             .source = from};
    must(write_png(&params, img, &out, &e) == ERR_OK);
    check_order(out.data, out.length, seen);
    if (params.metadata != METADATA_NONE && !has_critical(added))
        check_kept(added, seen);
    check_by_libpng(out.data, out.length);
    keep(&out);
    buf_done(&out);
    image_free(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = {0};
    struct added added = {{0}, {false}};
    struct png_reader *r = NULL;
    struct err e = ERR_INIT;
    if (size < HEAD)
        return 0;
    build(data, size, &file, &added);
    enum err_code rc = png_reader_new(file.data, file.length, &limits, &r, &e);
    must(rc == e.code && (rc == ERR_OK) == (e.text[0] == '\0'));
    must(rc == ERR_OK || has_critical(&added));
    if (rc == ERR_OK)
        rewrite(r, data + 1, &added);
    png_reader_free(r);
    bytes_done(&file);
    return 0;
}
