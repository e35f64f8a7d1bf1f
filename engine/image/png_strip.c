/* png_strip.c - see png_strip.h. */
#include "engine/image/png_strip.h"

#include <string.h>
#include <zlib.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/png_emit.h"
#include "engine/image/png_filter.h"

enum {
    STRIP_BYTES = 4 << 20, /* of raw rows, at most: bounds a thread's memory */
    SAMPLE_ROWS = 4,
    CHUNK_HEAD = 8, /* length and type */
    CHUNK_TAIL = 4, /* CRC */
};

/* How a strip is packed. */
struct packing {
    enum png_filter filter;
    int level, strategy;
};

/* A strip in the making. */
struct work {
    const struct image_format *format;
    int rows;
    size_t count, step; /* bytes of a row and of a pixel */
    uint8_t *raw;       /* [rows + 1][count]: the row above, then the rows, big-endian */
    uint8_t *filtered;  /* [rows][count + 1] */
    uint8_t *packed;
    size_t room; /* of packed */
};

int png_strip_rows(const struct image_format *f)
{
    int rows = PNG_STRIP_ROWS;
    while (rows > 1 && image_row_bytes(f) > (size_t)(STRIP_BYTES / rows))
        rows /= 2;
    return rows;
}

/* Copies a row as PNG wants it: 16-bit samples big-endian. */
static void store_row(const struct work *w, const uint8_t *row, uint8_t *out)
{
    memcpy(out, row, w->count);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (w->format->depth != 16)
        return;
    for (size_t i = 0; i + 1 < w->count; i += 2) {
        uint8_t low = out[i];
        out[i] = out[i + 1];
        out[i + 1] = low;
    }
#endif
}

/* Filters rows first..last-1 into w->filtered; gives their bytes. */
static size_t filter_rows(const struct work *w, enum png_filter filter, int first, int last)
{
    uint8_t *out = w->filtered;
    for (int y = first; y < last; y++, out += w->count + 1)
        png_filter_row(filter, w->raw + (size_t)(y + 1) * w->count, w->raw + (size_t)y * w->count,
                       w->count, w->step, out);
    return (size_t)(out - w->filtered);
}

static voidpf on_alloc(voidpf opaque, uInt count, uInt size)
{
    (void)opaque;
    return mem_alloc(count, size);
}

static void on_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    mem_free(p);
}

/* Deflates `count` bytes of w->filtered to w->packed + at; the bytes made, 0 when memory is out. */
static size_t pack(const struct work *w, const struct packing *p, size_t count, size_t at)
{
    z_stream z = {.zalloc = on_alloc, .zfree = on_free};
    if (deflateInit2(&z, p->level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, p->strategy) != Z_OK)
        return 0;
    z.next_in = w->filtered;
    z.avail_in = (uInt)count; /* at most STRIP_BYTES or one row, which is below 2^32 */
    z.next_out = w->packed + at;
    z.avail_out = (uInt)(w->room - at);
    int rc = deflate(&z, Z_SYNC_FLUSH);
    bool whole = rc == Z_OK && z.avail_in == 0 && z.avail_out > 0;
    deflateEnd(&z);
    return whole ? w->room - at - z.avail_out : 0;
}

static size_t try_packing(const struct work *w, struct packing p)
{
    int rows = w->rows < SAMPLE_ROWS ? w->rows : SAMPLE_ROWS, first = (w->rows - rows) / 2;
    return pack(w, &p, filter_rows(w, p.filter, first, first + rows), 0);
}

/* Photographs: nothing repeats, and Paeth with a Huffman code is within some per cent of the best.
 * Drawings, screenshots, text: the same bytes come again, and the filter that keeps them the same
 * is worth much. A few rows from the middle tell. False when memory is out: to go on with a guess
 * would make the bytes depend on it. */
static bool choose(const struct work *w, int compression, struct packing *best)
{
    static const enum png_filter filters[] = {FILTER_PAETH, FILTER_NONE, FILTER_SUB, FILTER_UP};
    *best = (struct packing){FILTER_NONE, 0, Z_DEFAULT_STRATEGY};
    if (compression == 0)
        return true;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        size_t size = try_packing(w, (struct packing){filters[i], 1, Z_DEFAULT_STRATEGY});
        if (size == 0)
            return false;
        if (size < least) {
            int strategy = filters[i] == FILTER_PAETH ? Z_FILTERED : Z_DEFAULT_STRATEGY;
            *best = (struct packing){filters[i], compression, strategy};
            least = size;
        }
    }
    if (compression > 6)
        return true;
    size_t coded = try_packing(w, (struct packing){FILTER_PAETH, 1, Z_HUFFMAN_ONLY});
    if (coded < least + least / 16)
        *best = (struct packing){FILTER_PAETH, 1, Z_HUFFMAN_ONLY};
    return coded != 0;
}

static enum err_code allocate(struct work *w, struct err *e)
{
    size_t raw, filtered;
    if (size_mul(w->count, (size_t)w->rows + 1, &raw) &&
        size_mul(w->count + 1, (size_t)w->rows, &filtered) && filtered < UINT32_MAX / 2) {
        /* zlib's own bound for its worst case, a stored block each 16 KiB, and the flush */
        w->room = filtered + filtered / 1000 * 5 + 1024 + CHUNK_HEAD + CHUNK_TAIL;
        w->raw = mem_alloc(raw, 1);
        w->filtered = mem_alloc(filtered, 1);
        w->packed = mem_alloc(w->room, 1);
    }
    if (!w->raw || !w->filtered || !w->packed)
        return err_set(e, ERR_MEMORY, "out of memory to encode %d rows of a PNG", w->rows);
    return ERR_OK;
}

static void load_rows(const struct work *w, const uint8_t *pixels, size_t row_bytes,
                      const uint8_t *above)
{
    if (above)
        store_row(w, above, w->raw);
    else
        memset(w->raw, 0, w->count);
    for (int y = 0; y < w->rows; y++)
        store_row(w, pixels + (size_t)y * row_bytes, w->raw + (size_t)(y + 1) * w->count);
}

static enum err_code encode(struct work *w, int compression, bool top, struct png_strip *out,
                            struct err *e)
{
    static const uint8_t head[2] = {0x78, 0x01}; /* deflate, 32 KiB window; a multiple of 31 */
    struct packing p;
    if (!choose(w, compression, &p))
        return err_set(e, ERR_MEMORY, "out of memory to look at %d rows of a PNG", w->rows);
    size_t raw = filter_rows(w, p.filter, 0, w->rows), at = 0;
    if (top) {
        memcpy(w->packed, head, sizeof head);
        at = sizeof head;
    }
    size_t packed = pack(w, &p, raw, at);
    if (packed == 0)
        return err_set(e, ERR_MEMORY, "out of memory to deflate %d rows of a PNG", w->rows);
    out->rows = w->rows;
    out->adler = (uint32_t)adler32_z(1, w->filtered, raw);
    out->adler_bytes = raw;
    return png_emit_chunk(&out->chunk, "IDAT", w->packed, (uint32_t)(at + packed), e);
}

enum err_code png_strip_encode(const struct image_format *f, int compression, const uint8_t *pixels,
                               size_t row_bytes, const uint8_t *above, int rows,
                               struct png_strip *out, struct err *e)
{
    struct work w = {.format = f, .rows = rows, .count = image_row_bytes(f)};
    w.step = (size_t)(f->channels * f->depth / 8);
    enum err_code rc = allocate(&w, e);
    if (rc == ERR_OK) {
        buf_init(&out->chunk, w.room + CHUNK_HEAD + CHUNK_TAIL);
        load_rows(&w, pixels, row_bytes, above);
        rc = encode(&w, compression, !above, out, e);
        if (rc != ERR_OK)
            buf_done(&out->chunk);
    }
    mem_free(w.raw);
    mem_free(w.filtered);
    mem_free(w.packed);
    return rc;
}
