/* png_strip.c - see png_strip.h. */
#include "engine/png/png_strip.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/png/png_choose.h"
#include "engine/png/png_emit.h"

enum {
    STRIP_ROWS = 64,
    STRIP_BYTES = 4 << 20, /* of raw rows, at most: bounds a thread's memory */
    SMALL_STRIP = 1 << 16, /* strips whose pair is no larger are joined, since each is sampled and
                              has its own codes */
    CHUNK_HEAD = 8,        /* length and type */
    CHUNK_TAIL = 4,        /* CRC */
};

/* Where the parts of the scratch begin, and where it ends. */
struct layout {
    size_t swapped, filtered, packed, room, zlib, bytes;
};

int png_strip_rows(const struct image_format *f)
{
    int rows = STRIP_ROWS;
    while (image_row_bytes(f) <= (size_t)(SMALL_STRIP / 2 / rows))
        rows *= 2;
    while (rows > 1 && image_row_bytes(f) > (size_t)(STRIP_BYTES / rows))
        rows /= 2;
    return rows;
}

static size_t aligned(size_t bytes)
{
    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

/* Returns false where a strip would have 2^31 bytes, more than zlib and PNG can count. */
static bool lay_out(const struct image_format *f, int compression, struct layout *l)
{
    size_t count = image_row_bytes(f), filtered;
    if (count >= INT32_MAX || !size_mul(count + 1, (size_t)png_strip_rows(f), &filtered) ||
        PNG_PACK_BOUND(filtered) >= INT32_MAX)
        return false;
    l->swapped = aligned(count);
    l->filtered = l->swapped + aligned(2 * count);
    l->packed = l->filtered + aligned(filtered);
    l->room = l->packed + aligned(PNG_PACK_BOUND(filtered));
    l->zlib = l->room + aligned(sizeof(struct png_pack_room));
    l->bytes = l->zlib + (compression < PNG_PACK_SLOW ? 0 : PNG_PACK_ZLIB);
    return true;
}

enum err_code png_strip_scratch_bytes(const struct image_format *f, int compression, size_t *bytes,
                                      struct err *e)
{
    struct layout l;
    if (!lay_out(f, compression, &l))
        return err_set(e, ERR_MEMORY, "out of memory for a PNG's row of %d pixels", f->width);
    *bytes = l.bytes;
    return ERR_OK;
}

/* Filters all rows into w->filtered; returns their size. */
static size_t filter_rows(const struct png_strip_work *w, enum png_filter filter)
{
    uint8_t *out = w->filtered;
    const uint8_t *above = png_strip_work_row(w, -1);
    for (int y = 0; y < w->job->rows; y++, out += w->count + 1) {
        const uint8_t *row = png_strip_work_row(w, y);
        w->kernels->filter(filter, row, above, w->count, w->step, out);
        above = row;
    }
    return (size_t)(out - w->filtered);
}

/* Packs with our method and with zlib, and keeps the smaller result. zlib may be larger for
 * photographs, and for long runs that push earlier matches out of its window. */
static size_t pack_slowly(const struct png_strip_work *w, struct png_way way, size_t raw,
                          uint8_t *out)
{
    struct png_pack ours = png_strip_work_pack(w, way), zlib = ours;
    size_t least = png_pack(&ours, w->filtered, raw, out);
    zlib.method = METHOD_ZLIB;
    size_t count = png_pack(&zlib, w->filtered, raw, out);
    return count <= least ? count : png_pack(&ours, w->filtered, raw, out);
}

static enum err_code encode(const struct png_strip_work *w, struct png_strip *out, struct err *e)
{
    static const uint8_t head[2] = {0x78, 0x01}; /* deflate, 32 KiB window; a multiple of 31 */
    int compression = w->job->compression;
    struct png_way way = {FILTER_NONE, METHOD_STORE};
    if (compression > 0)
        way = png_choose(w);
    size_t raw = filter_rows(w, way.filter), at = w->job->above ? 0 : sizeof head, packed;
    memcpy(w->packed, head, at);
    if (compression < PNG_PACK_SLOW) {
        struct png_pack p = png_strip_work_pack(w, way);
        packed = png_pack(&p, w->filtered, raw, w->packed + at);
    } else {
        packed = pack_slowly(w, way, raw, w->packed + at);
    }
    if (packed == 0)
        return err_set(e, ERR_MEMORY, "out of memory to deflate %d rows of a PNG", w->job->rows);
    out->rows = w->job->rows;
    out->adler = libdeflate_adler32(1, w->filtered, raw);
    out->adler_bytes = raw;
    return png_emit_chunk(&out->chunk, "IDAT", w->packed, (uint32_t)(at + packed), e);
}

enum err_code png_strip_encode(const struct png_strip_job *job, void *scratch,
                               struct png_strip *out, struct err *e)
{
    struct layout l;
    uint8_t *base = scratch;
    if (!lay_out(&job->format, job->compression, &l))
        return err_set(e, ERR_MEMORY, "out of memory to encode %d rows of a PNG", job->rows);
    struct png_strip_work w = {
        .job = job,
        .kernels = job->kernels ? job->kernels : png_kernels_used(),
        .count = image_row_bytes(&job->format),
        .step = (size_t)(job->format.channels * job->format.depth / 8),
        .zeros = base,
        .swapped = base + l.swapped,
        .filtered = base + l.filtered,
        .packed = base + l.packed,
        .room = (struct png_pack_room *)(void *)(base + l.room),
        .zlib = base + l.zlib,
    };
    if (!job->above)
        memset(w.zeros, 0, w.count);
    buf_init(&out->chunk,
             PNG_PACK_BOUND((size_t)job->rows * (w.count + 1)) + CHUNK_HEAD + CHUNK_TAIL);
    enum err_code rc = encode(&w, out, e);
    if (rc != ERR_OK)
        buf_done(&out->chunk);
    return rc;
}
