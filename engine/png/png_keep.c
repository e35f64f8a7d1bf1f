/* png_keep.c - see png_keep.h: known chunks by their rules (png_rules.h), all others by their
 * safe-to-copy bit. */
#include "engine/png/png_keep.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/png/png_emit.h"
#include "engine/png/png_rules.h"

/* A file under inspection. */
struct visit {
    struct png_judge judge; /* room: PNG_RESTATED_MAX bytes for each chunk that cannot stay raw */
    enum png_where where;
    struct png_meta *meta;
    uint32_t seen; /* a bit for each rule that was used */
};

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
        .after_pixels = v->where == ANYWHERE,
    };
    memcpy(c.type, place->type, sizeof c.type);
    const struct png_rule *rule = png_rule_find(c.type);
    if (!rule && !is_safe_to_copy(c.type))
        return;
    if (rule) {
        if (v->where > rule->where || (rule->length > 0 && c.length != rule->length))
            return;
        uint32_t bit = 1u << (rule - png_rules);
        if ((rule->once && (v->seen & bit)) || (rule->accept && !rule->accept(&v->judge, &c)))
            return;
        v->seen |= bit;
        if (c.data == v->judge.room)
            v->judge.room += PNG_RESTATED_MAX;
        if (rule->early)
            c.after_pixels = false;
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
    struct visit v = {{bytes, walk, format, NULL}, BEFORE_PALETTE, out, 0};
    size_t list;
    if (size_mul((size_t)walk->ancillary, sizeof *out->chunks, &list))
        out->chunks =
            mem_alloc(1, list + (size_t)2 * PNG_RESTATED_MAX); /* sBIT and bKGD, once each */
    if (!out->chunks)
        return err_set(e, ERR_MEMORY, "out of memory for %u chunks of metadata", walk->ancillary);
    v.judge.room = (uint8_t *)(out->chunks + walk->ancillary);
    struct png_place c;
    for (size_t at = walk->ihdr.length; at < walk->iend.offset;) {
        at = png_frame_next(bytes, at, &c);
        if (memcmp(c.type, "PLTE", 4) == 0)
            v.where = BEFORE_PIXELS;
        else if (memcmp(c.type, "IDAT", 4) == 0)
            v.where = ANYWHERE;
        else if (memcmp(c.type, "acTL", 4) == 0)
            out->animated |= v.where != ANYWHERE;
        else if (!is_critical(c.type))
            visit_chunk(&v, &c);
    }
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

enum err_code png_keep_emit(const struct png_writer_params *params, bool after_pixels,
                            struct buf *out, struct err *e)
{
    if (!params->meta || params->metadata == METADATA_NONE)
        return ERR_OK;
    enum err_code rc = ERR_OK;
    for (int i = 0; rc == ERR_OK && i < params->meta->count; i++) {
        const struct png_chunk *c = &params->meta->chunks[i];
        const struct png_rule *rule = png_rule_find(c->type);
        uint8_t converted[PNG_RESTATED_MAX];
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
