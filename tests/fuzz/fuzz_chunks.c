/* fuzz_chunks.c - the chunks beside the pixels, from the input to the output.
 *
 * The first bytes are the type of the picture and the wishes about the output. The rest are chunks,
 * each by its type, place and length. They are added to a picture, which is read, and written with
 * another size or depth. Claims: the output follows the specification's rules of order and number,
 * which check_order reads. libpng reads all of it without a warning, except about the tags of
 * profiles, which are not judged here, and about colours that it would choose itself. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "engine/png/png_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/png_build.h"
#include "tests/lib/write_png.h"

const int fuzz_rounds = 20000;

enum { HEAD = 3, CHUNKS_MAX = 16, OUT_MAX = 1 << 22 };

static const struct png_limits limits = {
    .max_side = 64, .max_pixels = 4096, .max_chunks = 100, .max_chunk_bytes = 1 << 16};

/* The places of chunks, and whether a chunk may occur more than once: PNG specification, 5.6. */
static const struct rule {
    char type[5];
    bool many, before_plte, before_idat, needs_plte;
} rules[] = {
    {"acTL", false, false, true, false},  {"bKGD", false, false, true, false},
    {"cHRM", false, true, true, false},   {"cICP", false, true, true, false},
    {"cLLI", false, true, true, false},   {"eXIf", false, false, false, false},
    {"gAMA", false, true, true, false},   {"hIST", false, false, true, true},
    {"iCCP", false, true, true, false},   {"iTXt", true, false, false, false},
    {"mDCV", false, true, true, false},   {"pHYs", false, false, true, false},
    {"sBIT", false, true, true, false},   {"sPLT", true, false, true, false},
    {"sRGB", false, true, true, false},   {"tEXt", true, false, false, false},
    {"tIME", false, false, false, false}, {"tRNS", false, false, true, false},
    {"zTXt", true, false, false, false},  {"sCAL", false, false, true, false},
    {"oFFs", false, false, true, false},  {"pCAL", false, false, true, false},
    {"sTER", false, false, true, false},  {"gIFg", true, false, false, false},
    {"tsTs", true, false, false, false},  {"PLTE", false, false, true, false},
};
enum { RULES = sizeof rules / sizeof *rules };

/* Adds the chunk at *at to one of three places: before PLTE, before IDAT, after it. */
static void add_chunk(const uint8_t **at, const uint8_t *end, struct bytes places[3])
{
    const uint8_t *head = *at;
    if (end - head < 2) {
        *at = end;
        return;
    }
    size_t length = head[1] >> 2, rest = (size_t)(end - head) - 2;
    if (length == 63)
        length = rest;
    if (length > rest)
        length = rest;
    png_build_chunk(&places[head[1] % 3], rules[head[0] % RULES].type, head + 2, length);
    *at = head + 2 + length;
}

static void build(const uint8_t *data, size_t size, struct bytes *file)
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
        add_chunk(&at, data + size, places);
    png_build_random(&p, h, data[0] & 128, &seed);
    png_build_file(&p, &seed, &places[0], &places[1], &places[2], file);
    png_build_done(&p);
    for (int i = 0; i < 3; i++)
        bytes_done(&places[i]);
}

static uint32_t number(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static const struct rule *rule_of(const uint8_t *type)
{
    for (int i = 0; i < RULES; i++)
        if (memcmp(rules[i].type, type, 4) == 0)
            return &rules[i];
    return NULL;
}

static void check_order(const uint8_t *bytes, size_t length)
{
    int seen[RULES] = {0}, idat = 0, iend = 0, place = 0;
    must(length > 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
    for (size_t at = 8; at < length; at += 12 + number(bytes + at)) {
        const uint8_t *type = bytes + at + 4;
        must(at + 12 <= length && at + 12 + number(bytes + at) <= length && !iend);
        must((memcmp(type, "IHDR", 4) == 0) == (place++ == 0));
        if (memcmp(type, "IDAT", 4) == 0)
            must(idat++ == 0 || memcmp(bytes + at - 12, "IEND", 4) != 0);
        else if (memcmp(type, "IEND", 4) == 0)
            iend = 1;
        const struct rule *rule = rule_of(type);
        if (!rule)
            continue;
        must(seen[rule - rules]++ == 0 || rule->many);
        must(!rule->before_idat || idat == 0);
        must(memcmp(type, "PLTE", 4) != 0 && memcmp(type, "hIST", 4) != 0 &&
             memcmp(type, "acTL", 4) != 0); /* the output has no palette and no frames */
    }
    must(idat > 0 && iend);
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

/* libpng reads the tags of profiles, and judges whether statements of colour agree. */
static void on_warning(png_structp png, png_const_charp message)
{
    static const char *const allowed[] = {"iCCP",
                                          "gamma value",
                                          "cHRM",
                                          "gAMA",
                                          "profile",
                                          "inconsistent chromaticities",
                                          "invalid chromaticities",
                                          "sRGB",
                                          "known incorrect"};
    (void)png;
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strstr(message, allowed[i]))
            return;
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

static void rewrite(const struct png_reader *r, const uint8_t *how)
{
    struct err e = ERR_INIT;
    struct buf out;
    struct image *img = NULL;
    struct image_format from = *png_reader_format(r), to = from;
    to.width *= 1 + how[0] % 4;
    to.height *= 1 + how[0] / 4 % 4;
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
    check_order(out.data, out.length);
    check_by_libpng(out.data, out.length);
    buf_done(&out);
    image_free(img);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = {0};
    struct png_reader *r = NULL;
    struct err e = ERR_INIT;
    if (size < HEAD)
        return 0;
    build(data, size, &file);
    enum err_code rc = png_reader_new(file.data, file.length, &limits, &r, &e);
    must(rc == e.code && (rc == ERR_OK) == (e.text[0] == '\0'));
    if (rc == ERR_OK)
        rewrite(r, data + 1);
    png_reader_free(r);
    bytes_done(&file);
    return 0;
}
