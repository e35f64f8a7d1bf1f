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
    STRIP_ROWS = 64,         /* more if they are few bytes */
    STRIP_LEAST = 192 << 10, /* because each strip costs a sample and codes of its own */
    STRIP_BYTES = 4 << 20,   /* of raw rows, at most: limits the memory of a thread */
    CHUNK_HEAD = 8,          /* length and type */
    CHUNK_TAIL = 4,          /* CRC */
};

/* The offsets of the parts of the scratch, and its size. */
struct layout {
    size_t swapped, trial, before, filtered, packed, room, zlib, bytes;
};

int png_strip_rows(const struct image_format *f)
{
    int rows = STRIP_ROWS;
    while ((image_row_bytes(f) + 1) * (size_t)rows < STRIP_LEAST)
        rows *= 2;
    while (rows > 1 && image_row_bytes(f) > (size_t)(STRIP_BYTES / rows))
        rows /= 2;
    return rows;
}

/* Returns the number of rows that fill the window. */
static int history_rows(const struct image_format *f)
{
    size_t stored = image_row_bytes(f) + 1;
    int rows = (int)((DEFLATE_WINDOW + stored - 1) / stored);
    return rows < png_strip_rows(f) ? rows : 0;
}

int png_strip_above(const struct image_format *f)
{
    return history_rows(f) + 1;
}

static size_t aligned(size_t bytes)
{
    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

/* Returns false if a strip would have 2^31 bytes, more than zlib and PNG can count. */
static bool lay_out(const struct image_format *f, int compression, struct layout *l)
{
    size_t count = image_row_bytes(f), filtered;
    if (count >= INT32_MAX || !size_mul(count + 1, (size_t)png_strip_rows(f), &filtered) ||
        PNG_PACK_BOUND(filtered) >= INT32_MAX)
        return false;
    l->swapped = aligned(count);
    l->trial = l->swapped + aligned(2 * count);
    l->before = l->trial + aligned(count + 1);
    l->filtered = l->before + (count + 1) * (size_t)history_rows(f);
    l->packed = l->before + aligned(l->filtered - l->before + filtered);
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

/* Whether this is a short last strip, which goes the way of the strip before, because it may refer
 * to its bytes. */
static bool is_short(const struct png_strip_job *job)
{
    return job->above && (image_row_bytes(&job->format) + 1) * (size_t)job->rows < DEFLATE_WINDOW;
}

/* Packs with our method and with zlib, and keeps the smaller result. zlib may be larger for
 * photographs, and for long runs that push earlier matches out of its window. */
static size_t pack_slowly(const struct png_strip_work *w, const struct png_pack *p, size_t raw,
                          uint8_t *out)
{
    struct png_pack ours = *p, zlib = ours;
    size_t least = png_pack(&ours, w->filtered, raw, out);
    zlib.method = METHOD_ZLIB;
    size_t count = png_pack(&zlib, w->filtered, raw, out);
    return count <= least ? count : png_pack(&ours, w->filtered, raw, out);
}

static enum err_code encode(const struct png_strip_work *w, struct png_strip *out, struct err *e)
{
    static const uint8_t head[2] = {0x78,
                                    0x01}; /* deflate with a window of 32 KiB; a multiple of 31 */
    int compression = w->job->compression;
    struct png_way way = is_short(w->job) ? w->job->above_way : w->job->way;
    int history =
        way.method == METHOD_MATCH || png_pack_chains(way.method) || compression >= PNG_PACK_SLOW
            ? w->history
            : 0;
    png_strip_work_filter(w, w->job->above_way.filter, -history, 0,
                          w->filtered - (size_t)history * (w->count + 1));
    size_t raw = png_strip_work_filter(w, way.filter, 0, w->job->rows, w->filtered);
    size_t at = w->job->above ? 0 : sizeof head, packed;
    memcpy(w->packed, head, at);
    struct png_pack p = png_strip_work_pack(w, way);
    p.before = (size_t)history * (w->count + 1);
    if (compression < PNG_PACK_SLOW)
        packed = png_pack(&p, w->filtered, raw, w->packed + at);
    else
        packed = pack_slowly(w, &p, raw, w->packed + at);
    if (packed == 0)
        return err_set(e, ERR_MEMORY, "out of memory to deflate %d rows of a PNG", w->job->rows);
    out->rows = w->job->rows;
    out->adler = libdeflate_adler32(1, w->filtered, raw);
    out->adler_bytes = raw;
    return png_emit_chunk(&out->chunk, "IDAT", w->packed, (uint32_t)(at + packed), e);
}

static struct png_strip_work make_work(const struct png_strip_job *job, const struct layout *at,
                                       uint8_t *base)
{
    struct layout l = *at;
    struct png_strip_work w = {
        .job = job,
        .kernels = job->kernels ? job->kernels : png_kernels_used(),
        .count = image_row_bytes(&job->format),
        .step = (size_t)(job->format.channels * job->format.depth / 8),
        .history = job->above ? history_rows(&job->format) : 0,
        .zeros = base,
        .swapped = base + l.swapped,
        .trial = base + l.trial,
        .before = base + l.before,
        .filtered = base + l.filtered,
        .packed = base + l.packed,
        .room = (struct png_pack_room *)(void *)(base + l.room),
        .zlib = base + l.zlib,
    };
    if (!job->above)
        memset(w.zeros, 0, w.count);
    return w;
}

struct png_way png_strip_way(const struct png_strip_job *job, void *scratch)
{
    struct layout l;
    if (job->compression == 0 || is_short(job) || !lay_out(&job->format, job->compression, &l))
        return (struct png_way){FILTER_NONE, METHOD_STORE, 0};
    struct png_strip_work w = make_work(job, &l, scratch);
    return png_choose(&w);
}

enum err_code png_strip_encode(const struct png_strip_job *job, void *scratch,
                               struct png_strip *out, struct err *e)
{
    struct layout l;
    if (!lay_out(&job->format, job->compression, &l))
        return err_set(e, ERR_MEMORY, "out of memory to encode %d rows of a PNG", job->rows);
    struct png_strip_work w = make_work(job, &l, scratch);
    buf_init(&out->chunk,
             PNG_PACK_BOUND((size_t)job->rows * (w.count + 1)) + CHUNK_HEAD + CHUNK_TAIL);
    enum err_code rc = encode(&w, out, e);
    if (rc != ERR_OK)
        buf_done(&out->chunk);
    return rc;
}
