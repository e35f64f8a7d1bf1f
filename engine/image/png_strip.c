/* png_strip.c - see png_strip.h. */
#include "engine/image/png_strip.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/png_emit.h"
#include "engine/image/png_pack.h"

enum {
    STRIP_BYTES = 4 << 20, /* of raw rows, at most: bounds a thread's memory */
    SAMPLE_ROWS = 4,
    ZLIB_FROM = 7,  /* compression from which on speed does not count */
    CHUNK_HEAD = 8, /* length and type */
    CHUNK_TAIL = 4, /* CRC */
};

/* A strip in the making. */
struct work {
    const struct png_strip_job *job;
    const struct png_kernels *kernels;
    size_t count, step; /* bytes of a row and of a pixel */
    uint8_t *zeros;     /* [count]: what is above the picture */
    uint8_t *swapped;   /* [2][count]: rows as PNG wants them */
    uint8_t *filtered;  /* [rows][count + 1] */
    uint8_t *packed;
    struct deflate_match *matches;
};

/* Where the parts of the scratch begin, and where it ends. */
struct layout {
    size_t swapped, filtered, packed, matches, bytes;
};

int png_strip_rows(const struct image_format *f)
{
    int rows = PNG_STRIP_ROWS;
    while (rows > 1 && image_row_bytes(f) > (size_t)(STRIP_BYTES / rows))
        rows /= 2;
    return rows;
}

static size_t aligned(size_t bytes)
{
    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

/* False where a strip has 2^31 bytes: beyond zlib's and PNG's own counters. */
static bool lay_out(const struct image_format *f, struct layout *l)
{
    size_t count = image_row_bytes(f), filtered;
    if (count >= INT32_MAX || !size_mul(count + 1, (size_t)png_strip_rows(f), &filtered) ||
        PNG_PACK_BOUND(filtered) >= INT32_MAX)
        return false;
    l->swapped = aligned(count);
    l->filtered = l->swapped + aligned(2 * count);
    l->packed = l->filtered + aligned(filtered);
    l->matches = l->packed + aligned(PNG_PACK_BOUND(filtered));
    l->bytes = l->matches + PNG_PACK_MATCHES * sizeof(struct deflate_match);
    return true;
}

enum err_code png_strip_scratch_bytes(const struct image_format *f, size_t *bytes, struct err *e)
{
    struct layout l;
    if (!lay_out(f, &l))
        return err_set(e, ERR_MEMORY, "out of memory for a PNG's row of %d pixels", f->width);
    *bytes = l.bytes;
    return ERR_OK;
}

/* Row y of the strip as PNG wants it, 16-bit samples big-endian; -1 is the row above. It lasts
 * until the row after the next is asked for. */
static const uint8_t *row_at(const struct work *w, int y)
{
    const struct png_strip_job *job = w->job;
    const uint8_t *row = y < 0 ? job->above : job->pixels + (size_t)y * job->row_bytes;
    if (!row)
        return w->zeros;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (job->format.depth == 16) {
        uint8_t *out = w->swapped + (size_t)(y & 1) * w->count;
        for (size_t i = 0; i + 1 < w->count; i += 2) {
            out[i] = row[i + 1];
            out[i + 1] = row[i];
        }
        return out;
    }
#endif
    return row;
}

/* Filters rows first..last-1 into w->filtered; gives their bytes. */
static size_t filter_rows(const struct work *w, enum png_filter filter, int first, int last)
{
    uint8_t *out = w->filtered;
    const uint8_t *above = row_at(w, first - 1);
    for (int y = first; y < last; y++, out += w->count + 1) {
        const uint8_t *row = row_at(w, y);
        w->kernels->filter(filter, row, above, w->count, w->step, out);
        above = row;
    }
    return (size_t)(out - w->filtered);
}

/* How a strip is made. */
struct way {
    enum png_filter filter;
    enum png_method method;
    int level, strategy;
};

static size_t pack(const struct work *w, const struct way *way, size_t count, size_t at)
{
    struct png_pack p = {w->kernels, way->method, way->level, way->strategy, w->matches};
    return png_pack(&p, w->filtered, count, w->packed + at);
}

/* Whether few of the bytes of some rows are a repetition, so that matching finds little. */
static bool is_photograph(const struct work *w)
{
    int rows = w->job->rows;
    size_t repeats = 0, looked = 0;
    for (int k = 0; k < SAMPLE_ROWS; k++) {
        int y = rows * (2 * k + 1) / (2 * SAMPLE_ROWS);
        const uint8_t *above = row_at(w, y - 1), *row = row_at(w, y);
        repeats += w->kernels->repeats(row, above, w->count, w->step);
        looked += w->count;
    }
    return repeats * 4 < looked;
}

/* Drawings, screenshots, text: the same bytes come again, and the filter that keeps them the same
 * is worth much. A few rows from the middle tell. False when memory is out: to go on with a guess
 * would make the bytes depend on it. */
static bool choose_by_trial(const struct work *w, struct way *best)
{
    static const struct way trials[] = {
        {FILTER_PAETH, METHOD_CODE, 0, 0},
        {FILTER_PAETH, METHOD_ZLIB, 1, Z_FILTERED},
        {FILTER_NONE, METHOD_ZLIB, 1, Z_DEFAULT_STRATEGY},
        {FILTER_SUB, METHOD_ZLIB, 1, Z_DEFAULT_STRATEGY},
        {FILTER_UP, METHOD_ZLIB, 1, Z_DEFAULT_STRATEGY},
    };
    int rows = w->job->rows < SAMPLE_ROWS ? w->job->rows : SAMPLE_ROWS;
    int first = (w->job->rows - rows) / 2, compression = w->job->compression;
    size_t least = SIZE_MAX;
    for (size_t i = compression < ZLIB_FROM ? 0 : 1; i < sizeof trials / sizeof *trials; i++) {
        size_t size = pack(w, &trials[i], filter_rows(w, trials[i].filter, first, first + rows), 0);
        if (size == 0)
            return false;
        if (size < least) {
            *best = trials[i];
            least = size;
        }
    }
    best->level = compression;
    return true;
}

static bool choose(const struct work *w, struct way *best)
{
    *best = (struct way){FILTER_NONE, METHOD_STORE, 0, 0};
    if (w->job->compression == 0)
        return true;
    *best = (struct way){FILTER_PAETH, METHOD_CODE, 0, 0};
    if (w->job->compression < ZLIB_FROM && is_photograph(w))
        return true;
    return choose_by_trial(w, best);
}

static enum err_code encode(const struct work *w, struct png_strip *out, struct err *e)
{
    static const uint8_t head[2] = {0x78, 0x01}; /* deflate, 32 KiB window; a multiple of 31 */
    struct way way;
    if (!choose(w, &way))
        return err_set(e, ERR_MEMORY, "out of memory to look at %d rows of a PNG", w->job->rows);
    size_t raw = filter_rows(w, way.filter, 0, w->job->rows), at = 0;
    if (!w->job->above) {
        memcpy(w->packed, head, sizeof head);
        at = sizeof head;
    }
    size_t packed = pack(w, &way, raw, at);
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
    if (!lay_out(&job->format, &l))
        return err_set(e, ERR_MEMORY, "out of memory to encode %d rows of a PNG", job->rows);
    struct work w = {
        .job = job,
        .kernels = job->kernels ? job->kernels : png_kernels_at(0),
        .count = image_row_bytes(&job->format),
        .step = (size_t)(job->format.channels * job->format.depth / 8),
        .zeros = base,
        .swapped = base + l.swapped,
        .filtered = base + l.filtered,
        .packed = base + l.packed,
        .matches = (struct deflate_match *)(void *)(base + l.matches),
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
