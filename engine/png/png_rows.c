/* png_rows.c - see png_rows.h. */
#include "engine/png/png_rows.h"

#include <libdeflate.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/inflate.h"
#include "engine/png/png_filter.h"
#include "engine/png/png_idat.h"
#include "engine/png/png_palette.h"
#include "engine/png/png_unfilter.h"

enum {
    BATCH = 384 << 10,  /* bytes of filtered rows: some 20 rows of 1920x1080, which fit the L2 */
    BLOCK_PIXELS = 512, /* a deflate block costs as much as so many pixels, even if it is empty */
};

/* The rows that one turn inflates and the next one unfilters. */
struct batch {
    uint8_t *buffer; /* [room + PNG_UNFILTER_OVER] */
    uint8_t *rows;   /* the first complete row in the buffer */
    int whole;       /* the number of complete rows */
    uint8_t *begun;  /* the incomplete row after them */
    uint8_t *end;    /* the end of the inflated bytes */
};

struct png_rows {
    struct png_idat idat; /* the contents that have not been read yet */
    struct inflate *z;
    size_t count, step; /* bytes of a row as stored, and of a pixel */
    int height;
    struct batch batches[2];
    int turn;  /* batches[turn] is being inflated, the other one unfiltered */
    int ready; /* rows that are inflated: all that this turn unfilters, and those before */
    size_t room;
    /* used by png_rows_inflate alone */
    enum inflate_result got;
    size_t made; /* bytes of all rows so far */
    uint32_t adler;
    /* used by png_rows_unfilter alone */
    int y; /* the next row */
    bool refused;
    uint8_t *spare; /* [3][count + PNG_UNFILTER_OVER]: zeros, two rows to convert */
    struct png_palette palette;
    bool indexed, swap; /* the pixels are indices of the palette; the samples are to be swapped */
    bool missing;       /* an index has no colour */
};

/* Returns the room for a batch and for the part of the one before that is still needed, but no more
 * than the picture needs. */
static size_t buffer_room(size_t count, int height)
{
    size_t total = (count + 1) * (size_t)height;
    return INFLATE_WINDOW + 2 * (count + 1) + (total < BATCH ? total : BATCH);
}

static size_t stored_channels(const struct png_head *h)
{
    static const uint8_t channels[7] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    return channels[h->color_type];
}

static size_t stored_step(const struct png_head *h)
{
    return stored_channels(h) * (size_t)(h->bit_depth == 16 ? 2 : 1);
}

bool png_rows_fit(const struct png_walk *walk)
{
    const struct png_head *h = &walk->head;
    return !h->interlaced && h->bit_depth >= 8 && (h->color_type == 3 || walk->trns.length == 0) &&
           stored_step(h) * (size_t)h->width >= PNG_UNFILTER_OVER; /* reads may pass a row's end */
}

size_t png_rows_bytes(const struct png_head *h)
{
    size_t count = (size_t)h->width * stored_step(h);
    return sizeof(struct png_rows) + inflate_bytes() +
           2 * (buffer_room(count, h->height) + PNG_UNFILTER_OVER) +
           3 * (count + PNG_UNFILTER_OVER) + (size_t)4 * MEM_SLACK;
}

enum err_code png_rows_new(const uint8_t *bytes, const struct png_walk *walk, struct png_rows **out,
                           struct err *e)
{
    const struct png_head *h = &walk->head;
    struct png_rows *r = mem_calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    png_idat_init(&r->idat, bytes, walk);
    r->step = stored_step(h);
    r->count = r->step * (size_t)h->width;
    r->height = h->height;
    r->got = INFLATE_MORE;
    r->adler = 1;
    r->indexed = h->color_type == 3;
    r->swap = h->bit_depth == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    r->room = buffer_room(r->count, r->height);
    r->spare = mem_alloc(r->count + PNG_UNFILTER_OVER, 3);
    r->z = inflate_new(png_idat_next, &r->idat);
    for (int i = 0; i < 2; i++) {
        struct batch *b = &r->batches[i];
        b->rows = b->begun = b->end = b->buffer = mem_alloc(r->room + PNG_UNFILTER_OVER, 1);
    }
    if (!r->z || !r->batches[0].buffer || !r->batches[1].buffer || !r->spare) {
        png_rows_free(r);
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    }
    memset(r->spare, 0, r->count + PNG_UNFILTER_OVER);
    if (r->indexed)
        png_palette_read(&r->palette, bytes, walk);
    *out = r;
    return ERR_OK;
}

void png_rows_free(struct png_rows *r)
{
    if (!r)
        return;
    inflate_free(r->z);
    mem_free(r->batches[0].buffer);
    mem_free(r->batches[1].buffer);
    mem_free(r->spare);
    mem_free(r);
}

/* Begins a batch with the part of the one before that is still needed: the window of matches, and
 * the incomplete row. */
static void begin_batch(struct batch *b, const struct batch *before)
{
    const uint8_t *keep = before->buffer;
    if (before->end - keep > INFLATE_WINDOW)
        keep = before->end - INFLATE_WINDOW;
    if (before->begun < keep)
        keep = before->begun;
    size_t count = (size_t)(before->end - keep);
    memcpy(b->buffer, keep, count);
    b->rows = b->buffer + (before->begun - keep);
    b->end = b->buffer + count;
}

/* Returns a place for row y in the form of the file, if that differs from the form of the
 * picture. */
static uint8_t *spare_row(const struct png_rows *r, int y)
{
    return r->spare + (size_t)(1 + (y & 1)) * (r->count + PNG_UNFILTER_OVER);
}

/* Converts a row from the form of the file to the form of the picture. */
static void convert_row(struct png_rows *r, const uint8_t *restrict from, uint8_t *restrict to)
{
    if (r->indexed)
        r->missing |= !png_palette_row(&r->palette, from, r->count, to);
    for (size_t i = 0; r->swap && i < r->count; i += 2) {
        to[i] = from[i + 1];
        to[i + 1] = from[i];
    }
}

/* Unfilters row y, or two rows at once if both have the filter Paeth. Returns the number of rows,
 * or 0 for a filter that does not exist. */
static int unfilter(struct png_rows *r, const uint8_t *row, struct image *img, int whole)
{
    bool convert = r->swap || r->indexed;
    const uint8_t *above = r->spare; /* zeros */
    uint8_t *to = img->pixels + (size_t)r->y * img->row_bytes;
    const uint8_t *next = row + r->count + 1;
    if (row[0] > FILTER_PAETH)
        return 0;
    if (r->y > 0)
        above = convert ? spare_row(r, r->y - 1) : to - img->row_bytes;
    const struct png_filter_row filtered = {row + 1, above, r->count, r->step};
    if (!convert && whole > 1 && row[0] == FILTER_PAETH && next[0] == FILTER_PAETH) {
        png_unfilter_paeths(&filtered, next + 1, to, to + img->row_bytes);
        return 2;
    }
    uint8_t *out = convert ? spare_row(r, r->y) : to;
    png_unfilter_row(row[0], &filtered, out);
    if (convert)
        convert_row(r, out, to);
    return 1;
}

void png_rows_inflate(struct png_rows *r, size_t pixels)
{
    struct batch *b = &r->batches[r->turn];
    begin_batch(b, &r->batches[!r->turn]);
    uint8_t *from = b->end;
    size_t total = (r->count + 1) * (size_t)r->height, wanted = pixels * r->step + 1;
    size_t most = (size_t)(b->buffer + r->room - from);
    most = most < wanted ? most : wanted;
    if (most > total - r->made)
        most = total - r->made +
               1; /* one more byte finds the end of the stream, or data beyond the last row */
    if (r->got == INFLATE_MORE)
        r->got = inflate_run(r->z, b->buffer, &b->end, from + most,
                             (uint32_t)(pixels / BLOCK_PIXELS) + 1);
    r->made += (size_t)(b->end - from);
    r->adler = libdeflate_adler32(r->adler, from, (size_t)(b->end - from));
    b->whole = (int)((size_t)(b->end - b->rows) / (r->count + 1));
    b->begun = b->rows + (size_t)b->whole * (r->count + 1);
}

void png_rows_unfilter(struct png_rows *r, struct image *img)
{
    const struct batch *b = &r->batches[!r->turn];
    const uint8_t *row = b->rows;
    int whole = b->whole;
    for (int n; whole > 0 && !r->refused; whole -= n) {
        n = unfilter(r, row, img, whole);
        r->refused = n == 0;
        r->y += n;
        row += (size_t)n * (r->count + 1);
    }
}

void png_rows_touch(const struct png_rows *r, size_t pixels, struct image *img)
{
    enum { PAGE = 4096 };
    size_t from = (size_t)r->ready * img->row_bytes, end = (size_t)r->height * img->row_bytes;
    size_t bytes = (pixels / (size_t)img->format.width + 1) * img->row_bytes;
    end = end - from > bytes ? from + bytes : end;
    for (; from < end; from += PAGE)
        img->pixels[from] = 0;
}

enum png_rows_result png_rows_turn(struct png_rows *r)
{
    size_t total = (r->count + 1) * (size_t)r->height;
    if (r->got == INFLATE_REFUSED || r->refused || r->made > total)
        return ROWS_REFUSED;
    r->ready += r->batches[r->turn].whole;
    r->turn = !r->turn;
    if (r->got == INFLATE_MORE || (r->made == total && r->y < r->height))
        return ROWS_MORE;
    return r->made == total && r->adler == inflate_adler(r->z) ? ROWS_DONE : ROWS_REFUSED;
}

bool png_rows_missing(const struct png_rows *r)
{
    return r->missing;
}
