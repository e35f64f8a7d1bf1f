/* png_keep.c - one table of the chunks we know; all others go by their safe-to-copy bit. */
#include "engine/image/png_keep.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/png_emit.h"

enum place { BEFORE_PALETTE, BEFORE_PIXELS, ANYWHERE };
enum { CONVERTED_MAX = 16 };

/* A file under inspection: where we are, and what a chunk is judged by. */
struct visit {
    const uint8_t *bytes;
    const struct png_walk *walk;
    const struct image_format *format;
    enum place place;
    struct png_meta *meta;
    uint8_t *room; /* CONVERTED_MAX bytes for each chunk that cannot stay raw */
    uint32_t seen; /* a bit for each rule that was used */
};

/* One kind of chunk. */
struct rule {
    char type[5];
    uint8_t place;  /* the last that is legal */
    bool once;      /* a second one is ignored */
    bool color;     /* says how the pixels are to be shown */
    uint8_t length; /* 0: any */
    /* whether the contents are sound; may restate them for the decoded format in v->room */
    bool (*accept)(struct visit *v, struct png_chunk *c);
    /* restates them for the output in `to`; the new length, or 0 to leave the chunk out */
    uint32_t (*convert)(const struct png_writer_params *p, const struct png_chunk *c, uint8_t *to);
};

/* --- reading: is it sound? -------------------------------------------------------------------- */

/* PNG's numbers of four bytes end at 2^31 - 1. */
static bool all_small(const uint8_t *data, size_t numbers)
{
    for (size_t i = 0; i < numbers; i++)
        if (png_walk_u32(data + 4 * i) > INT32_MAX)
            return false;
    return true;
}

static bool accept_gamma(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return png_walk_u32(c->data) > 0 && all_small(c->data, 1);
}

static bool accept_primaries(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return all_small(c->data, 8);
}

static bool accept_intent(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return c->data[0] <= 3;
}

static bool accept_density(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return c->data[8] <= 1 && all_small(c->data, 2);
}

static bool accept_exif(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return c->length >= 4 && (memcmp(c->data, "II*\0", 4) == 0 || memcmp(c->data, "MM\0*", 4) == 0);
}

/* Length of the keyword that texts and profiles open with; 0 where there is none. */
static uint32_t keyword_length(const struct png_chunk *c)
{
    for (uint32_t i = 0; i < c->length && i < 80; i++)
        if (c->data[i] == 0)
            return i;
    return 0;
}

static bool accept_text(struct visit *v, struct png_chunk *c)
{
    (void)v;
    return keyword_length(c) > 0;
}

static bool accept_profile(struct visit *v, struct png_chunk *c)
{
    (void)v;
    uint32_t n = keyword_length(c);
    return n > 0 && n + 2 < c->length && c->data[n + 1] == 0;
}

/* sBIT: bits of each stored channel; alpha made from tRNS has them all. */
static bool accept_bits(struct visit *v, struct png_chunk *c)
{
    static const uint8_t lengths[7] = {[0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4};
    const struct png_head *h = &v->walk->head;
    int depth = h->color_type == 3 ? 8 : h->bit_depth;
    if (c->length != lengths[h->color_type])
        return false;
    for (uint32_t i = 0; i < c->length; i++) {
        if (c->data[i] < 1 || c->data[i] > depth)
            return false;
        v->room[i] = c->data[i];
    }
    if (c->length == (uint32_t)v->format->channels - 1)
        v->room[c->length++] = (uint8_t)v->format->depth;
    c->data = v->room;
    return true;
}

/* bKGD: 2 or 6 bytes at the decoded depth, whatever way it was stated. */
static bool accept_background(struct visit *v, struct png_chunk *c)
{
    static const uint8_t lengths[7] = {[0] = 2, [2] = 6, [3] = 1, [4] = 2, [6] = 6};
    const struct png_head *h = &v->walk->head;
    uint32_t length = lengths[h->color_type];
    if (c->length != length)
        return false;
    if (h->color_type == 3) {
        size_t entry = 3 * (size_t)c->data[0];
        if (entry + 3 > v->walk->plte.length - PNG_CHUNK_FRAME)
            return false;
        const uint8_t *color = v->bytes + v->walk->plte.offset + 8 + entry;
        for (size_t i = 0; i < 3; i++) {
            v->room[2 * i] = 0;
            v->room[2 * i + 1] = color[i];
        }
        c->length = 6;
    } else if (h->bit_depth < 8) {
        int most = (1 << h->bit_depth) - 1;
        v->room[0] = 0;
        v->room[1] = (uint8_t)((c->data[1] & most) * 255 / most);
    } else {
        for (uint32_t i = 0; i < length; i++)
            v->room[i] = h->bit_depth == 8 && i % 2 == 0 ? 0 : c->data[i];
    }
    c->data = v->room;
    return true;
}

/* --- writing: what does it become? ------------------------------------------------------------ */

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

/* More pixels on the same paper. */
static uint32_t convert_density(const struct png_writer_params *p, const struct png_chunk *c,
                                uint8_t *to)
{
    const int from[2] = {p->source.width, p->source.height};
    const int now[2] = {p->format.width, p->format.height};
    memcpy(to, c->data, 9);
    for (size_t i = 0; i < 2; i++) {
        if (from[i] <= 0)
            continue;
        uint64_t old = png_walk_u32(c->data + 4 * i);
        uint64_t v = (old * (uint64_t)now[i] + (uint64_t)from[i] / 2) / (uint64_t)from[i];
        v = v < INT32_MAX ? v : INT32_MAX;
        for (size_t k = 0; k < 4; k++)
            to[4 * i + k] = (uint8_t)(v >> (24 - 8 * k));
    }
    return 9;
}

static const struct rule rules[] = {
    /* type   place           once   color  length accept            convert */
    {"iCCP", BEFORE_PALETTE, true, true, 0, accept_profile, NULL},
    {"sRGB", BEFORE_PALETTE, true, true, 1, accept_intent, NULL},
    {"gAMA", BEFORE_PALETTE, true, true, 4, accept_gamma, NULL},
    {"cHRM", BEFORE_PALETTE, true, true, 32, accept_primaries, NULL},
    {"cICP", BEFORE_PALETTE, true, true, 4, NULL, NULL},
    {"mDCV", BEFORE_PALETTE, true, true, 24, NULL, NULL},
    {"cLLI", BEFORE_PALETTE, true, true, 8, NULL, NULL},
    {"sBIT", BEFORE_PALETTE, true, false, 0, accept_bits, convert_bits},
    {"bKGD", BEFORE_PIXELS, true, false, 0, accept_background, convert_background},
    {"pHYs", BEFORE_PIXELS, true, false, 9, accept_density, convert_density},
    {"eXIf", ANYWHERE, true, false, 0, accept_exif, NULL},
    {"tEXt", ANYWHERE, false, false, 0, accept_text, NULL},
    {"zTXt", ANYWHERE, false, false, 0, accept_text, NULL},
    {"iTXt", ANYWHERE, false, false, 0, accept_text, NULL},
};

static const struct rule *find_rule(const char *type)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (memcmp(rules[i].type, type, 4) == 0)
            return &rules[i];
    return NULL;
}

static bool is_critical(const char *type)
{
    return (type[0] & 0x20) == 0;
}

/* Whether an editor that changes the pixels may copy a chunk that it does not know. */
static bool is_safe_to_copy(const char *type)
{
    return (type[3] & 0x20) != 0;
}

/* Adds the chunk to the list where it is to be kept. */
static void visit_chunk(struct visit *v, const struct png_place *place)
{
    struct png_chunk c = {
        .length = place->length,
        .data = place->data,
        .after_pixels = v->place == ANYWHERE,
    };
    memcpy(c.type, place->type, sizeof c.type);
    const struct rule *rule = find_rule(c.type);
    if (!rule && !is_safe_to_copy(c.type))
        return;
    if (rule) {
        if (v->place > rule->place || (rule->length > 0 && c.length != rule->length))
            return;
        uint32_t bit = 1u << (rule - rules);
        if ((rule->once && (v->seen & bit)) || (rule->accept && !rule->accept(v, &c)))
            return;
        v->seen |= bit;
        if (c.data == v->room)
            v->room += CONVERTED_MAX;
    }
    v->meta->chunks[v->meta->count++] = c;
}

static int position(const struct png_meta *m, const char *type)
{
    for (int i = 0; i < m->count; i++)
        if (memcmp(m->chunks[i].type, type, 4) == 0)
            return i;
    return -1;
}

/* A file should not have both; a decoder that meets both goes by the profile. */
static void drop_srgb_beside_profile(struct png_meta *m)
{
    int i = position(m, "sRGB");
    if (i < 0 || position(m, "iCCP") < 0)
        return;
    m->count--;
    memmove(m->chunks + i, m->chunks + i + 1, (size_t)(m->count - i) * sizeof *m->chunks);
}

enum err_code png_keep_collect(const uint8_t *bytes, const struct png_walk *walk,
                               const struct image_format *format, struct png_meta *out,
                               struct err *e)
{
    struct visit v = {bytes, walk, format, BEFORE_PALETTE, out, NULL, 0};
    size_t list;
    if (size_mul((size_t)walk->ancillary, sizeof *out->chunks, &list))
        out->chunks = mem_alloc(1, list + (size_t)2 * CONVERTED_MAX); /* sBIT and bKGD, once each */
    if (!out->chunks)
        return err_set(e, ERR_MEMORY, "out of memory for %u chunks of metadata", walk->ancillary);
    v.room = (uint8_t *)(out->chunks + walk->ancillary);
    struct png_place c;
    for (size_t at = walk->ihdr.length; at < walk->iend.offset;) {
        at = png_walk_next(bytes, at, &c);
        if (memcmp(c.type, "PLTE", 4) == 0)
            v.place = BEFORE_PIXELS;
        else if (memcmp(c.type, "IDAT", 4) == 0)
            v.place = ANYWHERE;
        else if (memcmp(c.type, "acTL", 4) == 0)
            out->animated |= v.place != ANYWHERE;
        else if (!is_critical(c.type))
            visit_chunk(&v, &c);
    }
    drop_srgb_beside_profile(out);
    return ERR_OK;
}

size_t png_keep_bound(const struct png_meta *m)
{
    static_assert(PNG_KEEP_FRAME >= PNG_CHUNK_FRAME + CONVERTED_MAX, "a chunk restated");
    size_t bytes = 0;
    for (int i = 0; i < m->count; i++)
        bytes += PNG_KEEP_FRAME + (size_t)m->chunks[i].length;
    return bytes;
}

enum err_code png_keep_emit(const struct png_writer_params *params, bool after_pixels,
                            struct buf *out, struct err *e)
{
    if (!params->meta || params->metadata == METADATA_NONE)
        return ERR_OK;
    enum err_code rc = ERR_OK;
    for (int i = 0; rc == ERR_OK && i < params->meta->count; i++) {
        const struct png_chunk *c = &params->meta->chunks[i];
        const struct rule *rule = find_rule(c->type);
        uint8_t converted[CONVERTED_MAX];
        const uint8_t *data = c->data;
        uint32_t length = c->length;
        if (c->after_pixels != after_pixels ||
            (params->metadata == METADATA_COLOR && (!rule || !rule->color)))
            continue;
        if (rule && rule->convert) {
            length = rule->convert(params, c, converted);
            data = converted;
            if (length == 0)
                continue;
        }
        rc = png_emit_chunk(out, c->type, data, length, e);
    }
    return rc;
}
