/* png_inflow.c - see png_inflow.h. */
#include "engine/png/png_inflow.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_emit.h"
#include "engine/png/png_idat.h"
#include "engine/png/png_zlib.h"

enum {
    ROWS = 4 << 10, /* bytes of rows in a chunk */
    BLOCK = 5,      /* bytes before them: the head of a stored block (RFC 1951, 3.2.4) */
    CHUNK = PNG_CHUNK_FRAME + BLOCK + ROWS + 4,
};

struct png_inflow {
    struct png_idat idat;
    z_stream z;
    size_t left; /* bytes of rows that no chunk has yet */
    bool more;   /* than the rows */
    bool ended;  /* the stream is */
    enum err_code rc;
    const char *why;
    uLong adler;
    size_t at, end; /* what libpng has yet to read of `chunk` */
    uint8_t chunk[CHUNK];
};

/* Returns the number of bytes of all rows, with their filters. */
static size_t rows_bytes(const struct png_head *h)
{
    static const uint8_t channels[7] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    static const uint8_t x0[7] = {0, 4, 0, 2, 0, 1, 0}, dx[7] = {8, 8, 4, 4, 2, 2, 1};
    static const uint8_t y0[7] = {0, 0, 4, 0, 2, 0, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
    size_t bits = (size_t)channels[h->color_type] * (size_t)h->bit_depth, bytes = 0;
    /* Adam7: the last pass alone has all columns */
    for (int i = h->interlaced ? 0 : 6; i < 7; i++) {
        int skip = h->interlaced ? y0[i] : 0, step = h->interlaced ? dy[i] : 1;
        size_t width = (size_t)((h->width - x0[i] + dx[i] - 1) / dx[i]);
        size_t height = (size_t)((h->height - skip + step - 1) / step);
        if (width > 0)
            bytes += height * (1 + (width * bits + 7) / 8);
    }
    return bytes;
}

/* Makes a chunk of the `count` bytes that stand in it behind its length and type. libpng does not
 * verify its check sum. */
static void frame(struct png_inflow *f, size_t count)
{
    png_emit_u32(f->chunk, (uint32_t)count);
    memcpy(f->chunk + 4, "IDAT", 4);
    memset(f->chunk + 8 + count, 0, 4);
    f->at = 0;
    f->end = PNG_CHUNK_FRAME + count;
}

struct png_inflow *png_inflow_new(const uint8_t *bytes, const struct png_walk *walk, bool narrow)
{
    struct png_inflow *f = mem_calloc(1, sizeof *f);
    if (!f)
        return NULL;
    png_idat_init(&f->idat, bytes, walk);
    f->left = rows_bytes(&walk->head);
    f->adler = 1;
    memcpy(f->chunk + 8, "\x78\1", 2); /* the head of a zlib stream (RFC 1950, 2.2) */
    frame(f, 2);
    if (!png_zlib_begin(&f->z, narrow ? 0 : MAX_WBITS)) {
        mem_free(f);
        return NULL;
    }
    return f;
}

void png_inflow_free(struct png_inflow *f)
{
    if (!f)
        return;
    inflateEnd(&f->z);
    mem_free(f);
}

size_t png_inflow_bytes(void)
{
    return sizeof(struct png_inflow) + PNG_ZLIB_BYTES + (size_t)MEM_SLACK;
}

static void fail(struct png_inflow *f, enum err_code rc, const char *why)
{
    f->rc = rc;
    f->why = why;
}

/* Gives zlib the contents of the next IDAT chunk, if there is one. */
static void refill(struct png_inflow *f)
{
    const uint8_t *bytes;
    size_t length;
    if (!png_idat_next(&f->idat, &bytes, &length))
        return;
    f->z.next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
    f->z.avail_in = (uInt)length;
}

/* Decompresses up to `count` bytes. Returns their number, which is smaller at the end of the stream
 * and before an error. */
static size_t decompress(struct png_inflow *f, uint8_t *to, size_t count)
{
    f->z.next_out = to;
    f->z.avail_out = (uInt)count;
    while (f->z.avail_out > 0 && !f->ended && f->rc == ERR_OK) {
        if (f->z.avail_in == 0)
            refill(f);
        int rc = inflate(&f->z, Z_NO_FLUSH);
        f->ended = rc == Z_STREAM_END;
        if (rc == Z_BUF_ERROR) /* there is no more input */
            fail(f, ERR_PNG_TRUNCATED, "");
        else if (rc == Z_MEM_ERROR)
            fail(f, ERR_MEMORY, "");
        else if (rc != Z_OK && rc != Z_STREAM_END)
            fail(f, ERR_PNG_ZLIB, f->z.msg ? f->z.msg : "a preset dictionary");
    }
    return count - f->z.avail_out;
}

/* Makes the next chunk, of at least one byte of the rows. Otherwise sets f->rc. */
static void make_chunk(struct png_inflow *f)
{
    uint8_t *block = f->chunk + 8, *rows = block + BLOCK;
    size_t n = decompress(f, rows, f->left < ROWS ? f->left : ROWS);
    if (n == 0 && f->rc == ERR_OK)
        fail(f, ERR_PNG_TRUNCATED, "");
    if (n == 0)
        return;
    f->left -= n;
    block[0] = f->left == 0; /* the last one */
    block[1] = (uint8_t)n;
    block[2] = (uint8_t)(n >> 8);
    block[3] = (uint8_t)~block[1];
    block[4] = (uint8_t)~block[2];
    f->adler = adler32_z(f->adler, rows, n);
    png_emit_u32(rows + n, (uint32_t)f->adler);
    frame(f, BLOCK + n + (f->left == 0 ? 4 : 0));
}

enum err_code png_inflow_read(struct png_inflow *f, uint8_t *to, size_t count, const char **why)
{
    while (count > 0) {
        if (f->at == f->end)
            make_chunk(f);
        size_t n = f->end - f->at < count ? f->end - f->at : count;
        if (n == 0) {
            *why = f->why;
            return f->rc;
        }
        memcpy(to, f->chunk + f->at, n);
        f->at += n;
        to += n;
        count -= n;
    }
    return ERR_OK;
}

enum err_code png_inflow_end(struct png_inflow *f, size_t bytes, bool *done, const char **why)
{
    for (size_t n = 0; n < bytes && !f->ended && f->rc == ERR_OK; n += CHUNK)
        f->more |= decompress(f, f->chunk, CHUNK) > 0;
    if (f->ended && f->z.avail_in == 0)
        refill(f);
    f->more |= f->ended && f->z.avail_in > 0;
    *done = f->ended;
    *why = f->why;
    return f->rc;
}

bool png_inflow_more(const struct png_inflow *f)
{
    return f->more;
}
