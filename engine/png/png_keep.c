/* png_keep.c - see png_keep.h. Known chunks are kept by their rules (png_rules.h), all others by
 * their safe-to-copy bit. */
#include "engine/png/png_keep.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/png/png_emit.h"
#include "engine/png/png_exif.h"
#include "engine/png/png_rules.h"

/* A file under inspection. */
struct visit {
    struct png_unpack unpack;
    struct png_judge judge; /* room: PNG_RESTATED_MAX bytes for each chunk that cannot stay raw */
    enum png_where where;
    struct png_meta *meta;
    uint32_t seen; /* a bit for each rule that a chunk has passed */
};

/* Adds a warning about a chunk, for the choices of metadata whose output it concerns. Transparency
 * and animations concern every output, and so does an orientation. */
static void warn(struct png_meta *m, enum png_warning kind, const char *type)
{
    static const char always[][5] = {"tRNS", "acTL", "fcTL", "fdAT", "eXIf"};
    const struct png_rule *rule = png_rule_find(type);
    bool concerns[METADATAS] = {true, rule && rule->color, false};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (memcmp(always[i], type, 4) == 0 && kind != PNG_WARN_EXIF)
            concerns[METADATA_COLOR] = concerns[METADATA_NONE] = true;
    for (int i = 0; i < METADATAS; i++)
        if (concerns[i])
            png_warn(&m->warnings[i], kind, type);
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

/* Whether the name has the bit that is reserved for the future. Strict readers refuse a file with
 * such a chunk, so that it must not come into ours. */
static bool is_reserved(const char *type)
{
    return (type[2] & 0x20) != 0;
}

/* Whether the rule lets the chunk be kept. If not, *why is the reason. May mend the chunk. */
static bool passes(struct visit *v, const struct png_rule *rule, struct png_chunk *c,
                   enum png_warning *why)
{
    uint8_t keyword[PNG_KEYWORD_MAX];
    uint32_t bit = 1u << (rule - png_rules), raw = 0, length = c->length, n = 0;
    v->unpack.too_much = false;
    *why = PNG_WARN_MISPLACED;
    if (v->where > rule->where)
        return false;
    *why = PNG_WARN_REDUNDANT;
    if (rule->once && (v->seen & bit))
        return false;
    *why = PNG_WARN_MALFORMED;
    if (rule->length > 0 && c->length != rule->length)
        return false;
    if (rule->keyword && (n = png_rule_keyword(rule, c, keyword, &raw)) == 0)
        return false;
    if (rule->accept && !rule->accept(&v->judge, c)) {
        *why = v->unpack.too_much ? PNG_WARN_LARGE : PNG_WARN_MALFORMED;
        return false;
    }
    if (rule->keyword && (n != raw || memcmp(keyword, c->data, n) != 0))
        warn(v->meta, PNG_WARN_NAME, c->type);
    if (rule->keyword && c->length != length)
        warn(v->meta, PNG_WARN_SURPLUS, c->type);
    if (memcmp(c->type, "eXIf", 4) == 0 && c->length != length)
        warn(v->meta, PNG_WARN_EXIF, c->type);
    v->seen |= bit;
    return true;
}

/* Does the same for a chunk that no rule is about. */
static bool passes_unknown(const char *type, enum png_warning *why)
{
    *why = is_reserved(type) ? PNG_WARN_MALFORMED : PNG_WARN_UNSAFE;
    return !is_reserved(type) && is_safe_to_copy(type);
}

/* Adds the chunk to the list if it is to be kept. */
static void visit_chunk(struct visit *v, const struct png_place *place)
{
    struct png_chunk c = {
        .length = place->length,
        .data = place->data,
        .after_pixels = v->where == ANYWHERE,
    };
    memcpy(c.type, place->type, sizeof c.type);
    const struct png_rule *rule = png_rule_find(c.type);
    enum png_warning why;
    if (rule ? !passes(v, rule, &c, &why) : !passes_unknown(c.type, &why)) {
        warn(v->meta, why, c.type);
        return;
    }
    if (c.data == v->judge.room)
        v->judge.room += PNG_RESTATED_MAX;
    if (rule && rule->early)
        c.after_pixels = false;
    v->meta->chunks[v->meta->count++] = c;
}

/* Whether the chunk is no metadata: a frame of an animation, or the transparency, which png_walk.c
 * has judged. */
static bool is_pixels(const struct png_meta *m, const char *type)
{
    bool frame = memcmp(type, "fcTL", 4) == 0 || memcmp(type, "fdAT", 4) == 0;
    return (frame && png_warned(m->warnings, PNG_WARN_ANIMATION)) || memcmp(type, "tRNS", 4) == 0;
}

/* A palette of a picture that does not need one is left out. */
static void visit_palette(struct visit *v, const struct png_place *c)
{
    bool odd = c->length % 3 != 0 || c->length > 3 * 256;
    v->where = BEFORE_PIXELS;
    if (v->judge.walk->head.color_type != 3)
        warn(v->meta, odd ? PNG_WARN_MALFORMED : PNG_WARN_UNSAFE, c->type);
}

static void visit_place(struct visit *v, const struct png_place *c)
{
    const struct png_walk *walk = v->judge.walk;
    if (memcmp(c->type, "PLTE", 4) == 0)
        visit_palette(v, c);
    else if (memcmp(c->type, "IDAT", 4) == 0)
        v->where = ANYWHERE;
    else if (is_critical(c->type))
        return;
    else if (walk->damaged && !png_frame_crc_ok(c->data - 4, c->length, c->data + c->length))
        warn(v->meta, PNG_WARN_CRC, c->type);
    else if (is_pixels(v->meta, c->type))
        return;
    else if (memcmp(c->type, "acTL", 4) == 0 && v->where == ANYWHERE)
        warn(v->meta, PNG_WARN_MISPLACED, c->type);
    else if (memcmp(c->type, "acTL", 4) == 0)
        png_meta_warn(v->meta, PNG_WARN_ANIMATION);
    else
        visit_chunk(v, c);
}

static int position(const struct png_meta *m, const char *type)
{
    for (int i = 0; i < m->count; i++)
        if (memcmp(m->chunks[i].type, type, 4) == 0)
            return i;
    return -1;
}

/* Removes an sRGB chunk if there is a profile. A file should not have both, and a decoder that
 * finds both uses the profile. */
static void drop_srgb_beside_profile(struct png_meta *m)
{
    int i = position(m, "sRGB");
    if (i < 0 || position(m, "iCCP") < 0)
        return;
    warn(m, PNG_WARN_REDUNDANT, "sRGB");
    m->count--;
    memmove(m->chunks + i, m->chunks + i + 1, (size_t)(m->count - i) * sizeof *m->chunks);
}

enum err_code png_keep_collect(const uint8_t *bytes, const struct png_walk *walk,
                               const struct image_format *format, struct png_meta *out,
                               struct err *e)
{
    struct visit v = {
        .judge = {bytes, walk, format, NULL, &v.unpack}, .where = BEFORE_PALETTE, .meta = out};
    size_t list;
    if (size_mul((size_t)walk->ancillary, sizeof *out->chunks, &list))
        out->chunks =
            mem_alloc(1, list + (size_t)2 * PNG_RESTATED_MAX); /* for one sBIT and one bKGD */
    if (!out->chunks)
        return err_set(e, ERR_MEMORY, "out of memory for %u chunks of metadata", walk->ancillary);
    v.judge.room = (uint8_t *)(out->chunks + walk->ancillary);
    for (int i = 0; i < METADATAS; i++)
        out->warnings[i] = walk->warnings;
    png_unpack_init(&v.unpack, walk->unpack_bytes);
    struct png_place c;
    for (size_t at = walk->ihdr.length; at < walk->iend.offset && !v.unpack.no_memory;) {
        at = png_frame_next(bytes, at, &c);
        visit_place(&v, &c);
    }
    png_unpack_done(&v.unpack);
    if (v.unpack.no_memory)
        return err_set(e, ERR_MEMORY, "out of memory to decompress the metadata of a PNG");
    drop_srgb_beside_profile(out);
    return ERR_OK;
}

size_t png_keep_bound(const struct png_meta *m)
{
    static_assert(PNG_KEEP_FRAME >= PNG_CHUNK_FRAME + PNG_RESTATED_MAX, "a chunk restated");
    size_t bytes = 0;
    for (int i = 0; i < m->count; i++)
        bytes += PNG_KEEP_FRAME + (size_t)m->chunks[i].length;
    return bytes;
}

/* Finds what the chunk becomes in the output. Returns false if it is left out. `room` holds what is
 * not raw. */
static bool restate(const struct png_writer_params *params, const struct png_chunk *c,
                    uint8_t room[PNG_KEYWORD_MAX], struct png_parts *out)
{
    const struct png_rule *rule = png_rule_find(c->type);
    bool color = rule && rule->color && params->metadata == METADATA_COLOR;
    *out = (struct png_parts){c->type, {c->data, NULL}, {c->length, 0}};
    if (memcmp(c->type, "eXIf", 4) == 0 && params->metadata != METADATA_KEEP) {
        int orientation = png_exif_orientation(c->data, c->length);
        if (orientation <= 1)
            return false;
        png_exif_make(orientation, room);
        *out = (struct png_parts){c->type, {room, NULL}, {PNG_EXIF_LEAST, 0}};
        return true;
    }
    if (params->metadata != METADATA_KEEP && !color)
        return false;
    if (rule && rule->keyword) {
        uint32_t raw = 0, n = png_rule_keyword(rule, c, room, &raw);
        *out = (struct png_parts){c->type, {room, c->data + raw}, {n, c->length - raw}};
    }
    if (rule && rule->convert) {
        out->data[0] = room;
        out->length[0] = rule->convert(params, c, room);
        return out->length[0] > 0;
    }
    return true;
}

enum err_code png_keep_emit(const struct png_writer_params *params, bool after_pixels,
                            struct buf *out, struct err *e)
{
    static_assert(PNG_KEYWORD_MAX >= PNG_RESTATED_MAX && PNG_RESTATED_MAX >= (int)PNG_EXIF_LEAST,
                  "one room for all");
    enum err_code rc = ERR_OK;
    for (int i = 0; params->meta && rc == ERR_OK && i < params->meta->count; i++) {
        const struct png_chunk *c = &params->meta->chunks[i];
        uint8_t room[PNG_KEYWORD_MAX];
        struct png_parts parts;
        if (c->after_pixels == after_pixels && restate(params, c, room, &parts))
            rc = png_emit_parts(out, &parts, e);
    }
    return rc;
}
