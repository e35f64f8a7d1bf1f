/* png_rules.c - see png_rules.h. */
#include "engine/png/png_rules.h"

#include <stdlib.h>
#include <string.h>

#include "engine/png/png_emit.h"
#include "engine/png/png_rules_text.h"

/* --- reading: whether the contents are sound -------------------------------------------------- */

/* Whether all numbers are at most 2^31 - 1, the largest that PNG allows in four bytes. */
static bool all_small(const uint8_t *data, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++)
        if (png_frame_u32(data + 4 * i) > INT32_MAX)
            return false;
    return true;
}

static bool accept_gamma(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return png_frame_u32(c->data) > 0 && all_small(c->data, 1);
}

/* The x and y of white, red, green and blue, in units of 1/100000. */
static bool accept_primaries(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    for (size_t i = 0; i < 4; i++) {
        uint64_t x = png_frame_u32(c->data + 8 * i), y = png_frame_u32(c->data + 8 * i + 4);
        if (x + y > 100000 || (i == 0 && y == 0))
            return false;
    }
    return true;
}

static bool accept_intent(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return c->data[0] <= 3;
}

static bool accept_density(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return c->data[8] <= 1 && all_small(c->data, 2);
}

/* Some writers keep the prefix that Exif has in JPEG; it is left out. */
static bool accept_exif(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    if (c->length >= 6 && memcmp(c->data, "Exif\0\0", 6) == 0) {
        c->data += 6;
        c->length -= 6;
    }
    return c->length >= 8 && (memcmp(c->data, "II*\0", 4) == 0 || memcmp(c->data, "MM\0*", 4) == 0);
}

/* The matrix coefficients must be those of RGB. */
static bool accept_code_points(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return c->data[2] == 0 && c->data[3] <= 1;
}

/* The last two numbers of mDCV and cLLI are amounts of light. */
static bool accept_light(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return all_small(c->data + c->length - 8, 2);
}

static bool accept_offset(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return c->data[8] <= 1;
}

/* The identifier and the code of a block, and its data. */
static bool accept_gif_application(const struct png_judge *j, struct png_chunk *c)
{
    (void)j;
    return c->length >= 11;
}

/* sBIT: the significant bits of each stored channel. Alpha that is made from tRNS has all bits. */
static bool accept_bits(const struct png_judge *j, struct png_chunk *c)
{
    static const uint8_t lengths[7] = {[0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4};
    const struct png_head *h = &j->walk->head;
    int depth = h->color_type == 3 ? 8 : h->bit_depth;
    if (c->length != lengths[h->color_type])
        return false;
    for (uint32_t i = 0; i < c->length; i++) {
        if (c->data[i] < 1 || c->data[i] > depth)
            return false;
        j->room[i] = c->data[i];
    }
    if (c->length == (uint32_t)j->format->channels - 1)
        j->room[c->length++] = (uint8_t)j->format->depth;
    c->data = j->room;
    return true;
}

/* bKGD: 2 or 6 bytes at the decoded depth, however the file stated it. */
static bool accept_background(const struct png_judge *j, struct png_chunk *c)
{
    static const uint8_t lengths[7] = {[0] = 2, [2] = 6, [3] = 1, [4] = 2, [6] = 6};
    const struct png_head *h = &j->walk->head;
    uint32_t length = lengths[h->color_type];
    if (c->length != length)
        return false;
    if (h->color_type == 3) {
        size_t entry = 3 * (size_t)c->data[0];
        if (entry + 3 > j->walk->plte.length - PNG_CHUNK_FRAME)
            return false;
        const uint8_t *color = j->bytes + j->walk->plte.offset + 8 + entry;
        for (size_t i = 0; i < 3; i++) {
            j->room[2 * i] = 0;
            j->room[2 * i + 1] = color[i];
        }
        c->length = 6;
    } else if (h->bit_depth < 8) {
        int most = (1 << h->bit_depth) - 1;
        j->room[0] = 0;
        j->room[1] = (uint8_t)((c->data[1] & most) * 255 / most);
    } else {
        for (uint32_t i = 0; i < length; i++)
            j->room[i] = h->bit_depth == 8 && i % 2 == 0 ? 0 : c->data[i];
    }
    c->data = j->room;
    return true;
}

/* --- keywords --------------------------------------------------------------------------------- */

enum { KEYWORD_SEEN = 1024 }; /* bytes in which the end of an overlong keyword is searched for */

uint32_t png_rule_keyword(const struct png_rule *rule, const struct png_chunk *c,
                          uint8_t to[PNG_KEYWORD_MAX], uint32_t *raw)
{
    const uint8_t *end = memchr(c->data, 0, c->length < KEYWORD_SEEN ? c->length : KEYWORD_SEEN);
    if (!end)
        return 0;
    uint32_t n = 0;
    *raw = (uint32_t)(end - c->data);
    for (const uint8_t *p = c->data; p < end && n < PNG_KEYWORD_MAX - 1; p++) {
        bool printable = (*p > 32 && *p < 127) || *p >= 161;
        if (printable || (n > 0 && to[n - 1] != ' '))
            to[n++] = printable ? *p : ' ';
    }
    while (n > 0 && to[n - 1] == ' ')
        n--;
    if (n == 0) {
        n = (uint32_t)strlen(rule->keyword);
        memcpy(to, rule->keyword, n);
    }
    to[n] = 0;
    return n;
}

/* --- writing: the contents for the output ----------------------------------------------------- */

static bool has_color(const struct image_format *f)
{
    return f->channels >= 3;
}

static uint32_t convert_bits(const struct png_writer_params *p, const struct png_chunk *c,
                             uint8_t *to)
{
    const struct image_format *f = &p->format;
    uint32_t channels = has_color(f) ? 3 : 1;
    if (has_color(f) != (c->length >= 3))
        return 0;
    for (uint32_t i = 0; i < (uint32_t)f->channels; i++) {
        uint8_t bits = i < channels || i < c->length ? c->data[i] : (uint8_t)f->depth;
        to[i] = bits < f->depth ? bits : (uint8_t)f->depth;
    }
    return (uint32_t)f->channels;
}

static uint32_t convert_background(const struct png_writer_params *p, const struct png_chunk *c,
                                   uint8_t *to)
{
    if (has_color(&p->format) != (c->length == 6))
        return 0;
    for (uint32_t i = 0; i < c->length; i += 2) {
        unsigned v = (unsigned)c->data[i] << 8 | c->data[i + 1];
        if (p->source.depth == 16 && p->format.depth == 8)
            v = (v * 255 + 32767) / 65535;
        else if (p->source.depth == 8 && p->format.depth == 16)
            v *= 257;
        to[i] = (uint8_t)(v >> 8);
        to[i + 1] = (uint8_t)v;
    }
    return c->length;
}

/* Scales a number by the new side of the picture over the old one. The result is a number as PNG
 * allows it, within +-(2^31 - 1). */
static void scale_number(const struct png_writer_params *p, size_t axis, int32_t v, uint8_t to[4])
{
    int64_t from = axis == 0 ? p->source.width : p->source.height;
    int64_t now = axis == 0 ? p->format.width : p->format.height;
    int64_t scaled = from > 0 ? (llabs(v) * now + from / 2) / from : llabs(v);
    scaled = scaled < INT32_MAX ? scaled : INT32_MAX;
    png_emit_u32(to, (uint32_t)(int32_t)(v < 0 ? -scaled : scaled));
}

/* pHYs: more pixels on the same paper. */
static uint32_t convert_density(const struct png_writer_params *p, const struct png_chunk *c,
                                uint8_t *to)
{
    for (size_t i = 0; i < 2; i++)
        scale_number(p, i, (int32_t)png_frame_u32(c->data + 4 * i), to + 4 * i);
    to[8] = c->data[8];
    return 9;
}

/* oFFs: the place of the picture on a page, in pixels, of which there are more now, or in
 * micrometres. */
static uint32_t convert_offset(const struct png_writer_params *p, const struct png_chunk *c,
                               uint8_t *to)
{
    memcpy(to, c->data, 9);
    if (c->data[8] == 0)
        for (size_t i = 0; i < 2; i++)
            scale_number(p, i, (int32_t)png_frame_u32(c->data + 4 * i), to + 4 * i);
    return 9;
}

const struct png_rule png_rules[] = {
    /* type  where           early  once   color  length accept               convert, keyword */
    {"iCCP", BEFORE_PALETTE, false, true, true, 0, png_rules_accept_profile, NULL, "ICC profile"},
    {"sRGB", BEFORE_PALETTE, false, true, true, 1, accept_intent, NULL, NULL},
    {"gAMA", BEFORE_PALETTE, false, true, true, 4, accept_gamma, NULL, NULL},
    {"cHRM", BEFORE_PALETTE, false, true, true, 32, accept_primaries, NULL, NULL},
    {"cICP", BEFORE_PALETTE, false, true, true, 4, accept_code_points, NULL, NULL},
    {"mDCV", BEFORE_PALETTE, false, true, true, 24, accept_light, NULL, NULL},
    {"cLLI", BEFORE_PALETTE, false, true, true, 8, accept_light, NULL, NULL},
    {"sBIT", BEFORE_PALETTE, false, true, false, 0, accept_bits, convert_bits, NULL},
    {"bKGD", BEFORE_PIXELS, false, true, false, 0, accept_background, convert_background, NULL},
    {"pHYs", BEFORE_PIXELS, false, true, false, 9, accept_density, convert_density, NULL},
    {"oFFs", BEFORE_PIXELS, false, true, false, 9, accept_offset, convert_offset, NULL},
    {"eXIf", ANYWHERE, true, true, false, 0, accept_exif, NULL,
     NULL}, /* extensions 1.5.0: anywhere */
    {"tEXt", ANYWHERE, false, false, false, 0, png_rules_accept_text, NULL, ""},
    {"zTXt", ANYWHERE, false, false, false, 0, png_rules_accept_packed, NULL, ""},
    {"iTXt", ANYWHERE, false, false, false, 0, png_rules_accept_international, NULL, ""},
    {"gIFg", ANYWHERE, false, false, false, 4, NULL, NULL, NULL},
    {"gIFx", ANYWHERE, false, false, false, 0, accept_gif_application, NULL, NULL},
};

const size_t png_rule_count = sizeof png_rules / sizeof *png_rules;

const struct png_rule *png_rule_find(const char *type)
{
    for (size_t i = 0; i < png_rule_count; i++)
        if (memcmp(png_rules[i].type, type, 4) == 0)
            return &png_rules[i];
    return NULL;
}
