/* png_walk.c - see png_walk.h. It checks the lengths, check sums, order and number of all chunks.
 *
 * It is strict about the pixels and the end of the file. What all decoders ignore is ignored here
 * too, with a warning. An ancillary chunk whose check sum is wrong and a tRNS that cannot apply
 * count as absent. A file may end after its pixels, even before their CRC. libpng cuts a palette that is longer than the
 * depth can address. */
#include "engine/png/png_walk.h"

#include <string.h>

struct walker {
    const uint8_t *bytes;
    size_t length;
    const struct png_limits *limits;
    struct png_walk walk;
    uint32_t chunks;    /* ancillary ones except frames of an animation, and empty IDAT */
    size_t chunk_bytes; /* their data */
    uint32_t palette;   /* the number of entries to which pixels can refer */
    bool palette_seen;
    bool after_pixels; /* an IDAT was followed by something else */
    bool ended;        /* by IEND, or by the end of the file after the pixels */
};

static bool is(const struct png_place *c, const char *type)
{
    return memcmp(c->type, type, 4) == 0;
}

static struct png_span span_of(const struct png_place *c)
{
    return (struct png_span){c->offset, PNG_CHUNK_FRAME + (size_t)c->length};
}

static enum err_code misplaced(const struct png_place *c, const char *why, struct err *e)
{
    return err_set(e, ERR_PNG_CHUNK, "chunk %s at byte %zu %s", c->type, c->offset, why);
}

static bool is_ancillary(const struct png_place *c)
{
    return (c->type[0] & 0x20) != 0;
}

/* Whether the pixels have begun. The file may then end anywhere: the decoder finds out whether they
 * are complete. */
static bool has_pixels(const struct walker *w)
{
    return w->walk.idat.length > 0;
}

/* Notes that the file ends at `offset`, or within the chunk there, or has something else there. */
static enum err_code end_early(struct walker *w, size_t offset, const char *chunk)
{
    w->ended = true;
    w->walk.iend = (struct png_span){offset, 0};
    png_warn(&w->walk.warnings, PNG_WARN_IEND, chunk);
    return ERR_OK;
}

/* Whether an IDAT may stand there. */
static enum err_code check_place(const struct walker *w, const struct png_place *c, struct err *e)
{
    if (w->after_pixels)
        return misplaced(c, "is separated from the other IDAT by a different chunk", e);
    if (w->walk.head.color_type == 3 && w->walk.plte.length == 0)
        return misplaced(c, "comes before any palette", e);
    return ERR_OK;
}

/* Judges a chunk that does not fit into the `left` bytes of the file. */
static enum err_code read_cut(struct walker *w, const struct png_place *c, size_t left,
                              struct err *e)
{
    if (is(c, "IDAT") && (has_pixels(w) || left > 8)) {
        enum err_code rc = check_place(w, c, e);
        size_t there = left - 8;
        w->walk.cut = (struct png_span){c->offset + 8, there < c->length ? there : c->length};
        return rc == ERR_OK ? end_early(w, c->offset, NULL) : rc;
    }
    if (has_pixels(w))
        return end_early(w, c->offset, left < PNG_CHUNK_FRAME ? NULL : c->type);
    return err_set(e, ERR_PNG_TRUNCATED,
                   "chunk %s at byte %zu declares %u bytes, but the file ends after %zu", c->type,
                   c->offset, c->length, left - 8);
}

/* Reads the frame at `offset`. Checks that it fits into the file and that its type consists of
 * letters. If the file may end there, sets `ended`. */
static enum err_code read_frame(struct walker *w, size_t offset, struct png_place *c, struct err *e)
{
    size_t left = w->length - offset;
    if (left < 8 && !has_pixels(w))
        return err_set(e, ERR_PNG_TRUNCATED,
                       "the file ends at byte %zu without its last chunk (IEND)", w->length);
    if (left < 8)
        return end_early(w, offset, NULL);
    png_frame_next(w->bytes, offset, c);
    bool named = true;
    for (int i = 0; i < 4; i++)
        named &= (c->type[i] | 0x20) >= 'a' && (c->type[i] | 0x20) <= 'z';
    if ((!named || c->length > INT32_MAX) && has_pixels(w))
        return end_early(w, offset, NULL);
    if (!named)
        return err_set(e, ERR_PNG_CHUNK, "the chunk at byte %zu has no name of four letters",
                       offset);
    if (c->length > INT32_MAX)
        return misplaced(c, "has a length over 2^31 - 1", e);
    if (left < PNG_CHUNK_FRAME || c->length > left - PNG_CHUNK_FRAME)
        return read_cut(w, c, left, e);
    return ERR_OK;
}

/* Checks the check sum of a chunk. If that of an ancillary chunk is wrong, sets *sound to false. */
static enum err_code check_sum(const struct walker *w, const struct png_place *c, bool *sound,
                               struct err *e)
{
    *sound = png_frame_crc_ok(w->bytes + c->offset + 4, c->length, c->data + c->length);
    if (*sound || is_ancillary(c))
        return ERR_OK;
    return err_set(e, ERR_PNG_CRC, "the check sum of chunk %s at byte %zu is wrong", c->type,
                   c->offset);
}

static enum err_code see_palette(struct walker *w, const struct png_place *c, struct err *e)
{
    const struct png_head *h = &w->walk.head;
    if (w->palette_seen)
        return misplaced(c, "is the second palette", e);
    if (w->walk.idat.length > 0)
        return misplaced(c, "comes after the pixels", e);
    w->palette_seen = true;
    bool odd = c->length % 3 != 0 || c->length > 3 * 256;
    if ((h->color_type & 2) == 0 || (odd && h->color_type != 3))
        return ERR_OK; /* without meaning in a gray picture; else a suggestion: ignored */
    if (odd || c->length == 0)
        return misplaced(c, "is not a palette of 1 to 256 colours", e);
    if (w->walk.trns.length > 0) { /* as in libpng, transparency must come after the palette */
        w->walk.trns.length = 0;
        png_warn(&w->walk.warnings, PNG_WARN_MISPLACED, "tRNS");
    }
    if (h->color_type != 3)
        return ERR_OK;
    w->walk.plte = span_of(c);
    w->palette = c->length / 3;
    if (w->palette > 1u << h->bit_depth)
        w->palette = 1u << h->bit_depth;
    return ERR_OK;
}

static enum err_code count_chunk(struct walker *w, const struct png_place *c, struct err *e)
{
    if (w->chunks == w->limits->max_chunks)
        return err_set_limit(e, ERR_PNG_LIMIT, "max-chunks", w->limits->max_chunks,
                             "chunk %s at byte %zu is one too many: the limit is %u beside the "
                             "pixels (--max-chunks)",
                             c->type, c->offset, w->limits->max_chunks);
    w->chunks++;
    return ERR_OK;
}

/* Whether the chunk is a frame of an animation: pixels, or 26 bytes about them. Empty ones do not
 * count as frames, because they only cost time. */
static bool is_frame(const struct png_place *c)
{
    return (is(c, "fdAT") && c->length > 4) || (is(c, "fcTL") && c->length == 26);
}

static enum err_code see_pixels(struct walker *w, const struct png_place *c, struct err *e)
{
    struct png_walk *k = &w->walk;
    enum err_code rc = check_place(w, c, e);
    if (rc == ERR_OK && c->length == 0) /* legal, but each costs time: many are refused */
        rc = count_chunk(w, c, e);
    if (rc != ERR_OK)
        return rc;
    if (k->idat.length == 0)
        k->idat.offset = c->offset;
    k->idat.length = c->offset + PNG_CHUNK_FRAME + c->length - k->idat.offset;
    return ERR_OK;
}

static enum err_code see_end(struct walker *w, const struct png_place *c, struct err *e)
{
    if (c->length != 0)
        return misplaced(c, "must be empty", e);
    if (w->walk.idat.length == 0)
        return misplaced(c, "comes before any pixels (IDAT)", e);
    w->walk.iend = span_of(c);
    w->ended = true;
    if (c->offset + PNG_CHUNK_FRAME < w->length)
        png_warn(&w->walk.warnings, PNG_WARN_MORE_BYTES, NULL);
    return ERR_OK;
}

/* Notes the transparency if libpng would use it: the first chunk, in its place, of the correct
 * length. */
static void see_transparency(struct walker *w, const struct png_place *c)
{
    static const uint8_t lengths[7] = {[0] = 2, [2] = 6};
    struct png_walk *k = &w->walk;
    bool fits = k->head.color_type == 3 ? c->length >= 1 && c->length <= w->palette
                                        : c->length > 0 && c->length == lengths[k->head.color_type];
    if (!fits)
        png_warn(&k->warnings, PNG_WARN_MALFORMED, c->type);
    else if (k->idat.length > 0)
        png_warn(&k->warnings, PNG_WARN_MISPLACED, c->type);
    else if (k->trns.length > 0)
        png_warn(&k->warnings, PNG_WARN_REDUNDANT, c->type);
    else
        k->trns = span_of(c);
}

static enum err_code see_ancillary(struct walker *w, const struct png_place *c, bool sound,
                                   struct err *e)
{
    w->walk.damaged |= !sound;
    /* frames of an animation are not kept, so they count toward no limit */
    if (is_frame(c))
        return ERR_OK;
    if (is(c, "tRNS") && sound)
        see_transparency(w, c);
    enum err_code rc = count_chunk(w, c, e);
    if (rc != ERR_OK)
        return rc;
    if (c->length > w->limits->max_chunk_bytes - w->chunk_bytes)
        return err_set_limit(e, ERR_PNG_LIMIT, "max-chunk-bytes", w->limits->max_chunk_bytes,
                             "with chunk %s at byte %zu of %u bytes, the chunks beside the pixels "
                             "pass %zu bytes (--max-chunk-bytes)",
                             c->type, c->offset, c->length, w->limits->max_chunk_bytes);
    w->chunk_bytes += c->length;
    return ERR_OK;
}

static enum err_code see(struct walker *w, const struct png_place *c, struct err *e)
{
    bool sound;
    enum err_code rc = check_sum(w, c, &sound, e);
    if (rc != ERR_OK)
        return rc;
    if (is(c, "IDAT"))
        return see_pixels(w, c, e);
    if (w->walk.idat.length > 0)
        w->after_pixels = true;
    if (is(c, "PLTE"))
        return see_palette(w, c, e);
    if (is(c, "IEND"))
        return see_end(w, c, e);
    if (is(c, "IHDR"))
        return misplaced(c, "is the second header", e);
    if (is_ancillary(c))
        return see_ancillary(w, c, sound, e);
    return misplaced(c, "is unknown, and marked as one that a reader must understand", e);
}

enum { GLANCES = 1 << 16 }; /* the most chunks that png_walk_glance reads one by one */

void png_walk_glance(const struct png_prefix *file, const struct png_head *head,
                     const struct png_limits *limits, struct png_glance *out)
{
    static const uint8_t channels[7] = {[0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4};
    static const uint8_t most[7] = {[0] = 2, [2] = 4, [3] = 4, [4] = 2, [6] = 4};
    struct png_glance g = {.channels = channels[head->color_type]};
    struct png_place c;
    size_t at = PNG_HEAD_BYTES, file_bytes = file->file_bytes;
    for (int n = 0; n < GLANCES && file->length - at >= PNG_CHUNK_FRAME; n++) {
        size_t next = png_frame_next(file->bytes, at, &c);
        if (c.length > INT32_MAX || next > file->length)
            break;
        at = next;
        if (is(&c, "IEND")) {
            *out = g;
            return;
        }
        if (is_frame(&c) || ((c.type[0] & 0x20) == 0 && c.length > 0))
            continue;
        if (is(&c, "tRNS"))
            g.channels = most[head->color_type];
        g.chunks++;
        g.chunk_bytes += c.length;
    }
    *out = (struct png_glance){
        .channels = most[head->color_type],
        .chunks = file_bytes / PNG_CHUNK_FRAME < limits->max_chunks ? file_bytes / PNG_CHUNK_FRAME
                                                                    : limits->max_chunks,
        .chunk_bytes = file_bytes < limits->max_chunk_bytes ? file_bytes : limits->max_chunk_bytes,
    };
}

enum err_code png_walk_run(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                           struct png_walk *out, struct err *e)
{
    struct walker w = {.bytes = bytes, .length = length, .limits = limits};
    enum err_code rc = png_head_read(bytes, length, limits, &w.walk.head, e);
    if (rc != ERR_OK)
        return rc;
    w.walk.ihdr = (struct png_span){0, PNG_HEAD_BYTES};
    struct png_place c;
    for (size_t at = PNG_HEAD_BYTES; !w.ended; at += PNG_CHUNK_FRAME + (size_t)c.length) {
        rc = read_frame(&w, at, &c, e);
        if (rc == ERR_OK && !w.ended)
            rc = see(&w, &c, e);
        if (rc != ERR_OK)
            return rc;
    }
    w.walk.ancillary = w.chunks;
    w.walk.unpack_bytes = limits->max_chunk_bytes;
    *out = w.walk;
    return ERR_OK;
}
