/* png_rows.c - see png_rows.h. */
#include "engine/image/png_rows.h"

#include <libdeflate.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/inflate.h"
#include "engine/image/png_filter.h"
#include "engine/image/png_unfilter.h"

enum {
    AT_ONCE = 96 << 10, /* bytes of filtered rows: with their pixels they stay in L2 */
    BLOCK_PIXELS = 512, /* what a deflate block costs even if it makes nothing */
};

struct png_rows {
    const uint8_t *bytes;
    struct png_span idat; /* what is left of it */
    struct inflate z;
    size_t count, step; /* bytes of a row as stored, and of a pixel */
    int height, y;      /* the next row */
    uint8_t *buffer;    /* [room + INFLATE_OVER] */
    size_t room;
    uint8_t *row; /* in the buffer: where row y begins */
    uint8_t *end; /* of what was inflated */
    size_t made;  /* inflated so far, of all rows */
    uint32_t adler;
    uint8_t *spare; /* [3][count + OVER]: zeros, and two rows that have to change their form */
    uint8_t colors[256][4]; /* of the palette */
    int channels;           /* of the picture; of a palette's 3 or 4 */
    bool palette, swap;
};

static size_t buffer_room(size_t count)
{
    return INFLATE_WINDOW + 2 * (count + 1) + AT_ONCE;
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
           stored_step(h) * (size_t)h->width >= PNG_UNFILTER_OVER; /* read past a row is the next */
}

size_t png_rows_bytes(const struct png_head *h)
{
    size_t count = (size_t)h->width * stored_step(h);
    return sizeof(struct png_rows) + buffer_room(count) + INFLATE_OVER +
           3 * (count + PNG_UNFILTER_OVER) + (size_t)3 * MEM_SLACK;
}

/* The contents of the IDAT chunks, one after the other. */
static bool next_span(void *arg, const uint8_t **bytes, size_t *length)
{
    struct png_rows *r = arg;
    struct png_place c = {0};
    while (r->idat.length > 0 && c.length == 0) {
        size_t next = png_walk_next(r->bytes, r->idat.offset, &c);
        r->idat.length -= next - r->idat.offset;
        r->idat.offset = next;
    }
    *bytes = c.data;
    *length = c.length;
    return c.length > 0;
}

/* An index without a colour is black, and opaque without an alpha: as libpng has it. */
static void read_palette(struct png_rows *r, const struct png_walk *walk)
{
    const uint8_t *colors = r->bytes + walk->plte.offset + 8;
    const uint8_t *alphas = r->bytes + walk->trns.offset + 8;
    size_t count = (walk->plte.length - PNG_CHUNK_FRAME) / 3;
    size_t alpha_count = walk->trns.length ? walk->trns.length - PNG_CHUNK_FRAME : 0;
    for (size_t i = 0; i < 256; i++) {
        memset(r->colors[i], 0, 3);
        if (i < count)
            memcpy(r->colors[i], colors + 3 * i, 3);
        r->colors[i][3] = i < alpha_count ? alphas[i] : 255;
    }
}

enum err_code png_rows_new(const uint8_t *bytes, const struct png_walk *walk,
                           const struct image_format *f, struct png_rows **out, struct err *e)
{
    const struct png_head *h = &walk->head;
    struct png_rows *r = mem_alloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    r->bytes = bytes;
    r->idat = walk->idat;
    r->step = stored_step(h);
    r->count = r->step * (size_t)h->width;
    r->height = h->height;
    r->y = 0;
    r->made = 0;
    r->adler = 1;
    r->palette = h->color_type == 3;
    r->swap = h->bit_depth == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    r->channels = f->channels;
    r->room = buffer_room(r->count);
    r->buffer = mem_alloc(r->room + INFLATE_OVER, 1);
    r->spare = mem_alloc(r->count + PNG_UNFILTER_OVER, 3);
    inflate_init(&r->z, next_span, r);
    if (!r->buffer || !r->spare) {
        png_rows_free(r);
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    }
    r->row = r->end = r->buffer;
    memset(r->spare, 0, r->count + PNG_UNFILTER_OVER);
    if (r->palette)
        read_palette(r, walk);
    *out = r;
    return ERR_OK;
}

void png_rows_free(struct png_rows *r)
{
    if (!r)
        return;
    mem_free(r->buffer);
    mem_free(r->spare);
    mem_free(r);
}

/* Makes room behind what is still needed: matches' window and the row that has begun. */
static void slide(struct png_rows *r)
{
    uint8_t *keep = r->end - r->buffer > INFLATE_WINDOW ? r->end - INFLATE_WINDOW : r->buffer;
    keep = r->row < keep ? r->row : keep;
    memmove(r->buffer, keep, (size_t)(r->end - keep));
    r->row -= keep - r->buffer;
    r->end -= keep - r->buffer;
}

/* Row y of an unfiltered picture where its form is not that of the file. */
static uint8_t *spare_row(const struct png_rows *r, int y)
{
    return r->spare + (size_t)(1 + (y & 1)) * (r->count + PNG_UNFILTER_OVER);
}

/* From the file's form to the picture's. */
static void convert_row(const struct png_rows *r, const uint8_t *restrict from,
                        uint8_t *restrict to)
{
    if (r->swap) {
        for (size_t i = 0; i < r->count; i += 2) {
            to[i] = from[i + 1];
            to[i + 1] = from[i];
        }
    } else if (r->channels == 3) {
        for (size_t i = 0; i < r->count; i++, to += 3)
            memcpy(to, r->colors[from[i]], 3);
    } else {
        for (size_t i = 0; i < r->count; i++, to += 4)
            memcpy(to, r->colors[from[i]], 4);
    }
}

/* Unfilters row y, and the next where the two go together; how many that were, 0 for a filter that
 * does not exist. */
static int unfilter(struct png_rows *r, struct image *img, int whole)
{
    bool convert = r->swap || r->palette;
    const uint8_t *above = r->spare; /* zeros */
    uint8_t *to = img->pixels + (size_t)r->y * img->row_bytes;
    const uint8_t *next = r->row + r->count + 1;
    if (r->row[0] > FILTER_PAETH)
        return 0;
    if (r->y > 0)
        above = convert ? spare_row(r, r->y - 1) : to - img->row_bytes;
    if (!convert && whole > 1 && r->row[0] == FILTER_PAETH && next[0] == FILTER_PAETH) {
        png_unfilter_paeths(r->row + 1, next + 1, above, r->count, r->step, to,
                            to + img->row_bytes);
        return 2;
    }
    uint8_t *out = convert ? spare_row(r, r->y) : to;
    png_unfilter_row(r->row[0], r->row + 1, above, r->count, r->step, out);
    if (convert)
        convert_row(r, out, to);
    return 1;
}

/* All rows that are there. */
static bool take_rows(struct png_rows *r, struct image *img)
{
    int whole = (int)((size_t)(r->end - r->row) / (r->count + 1));
    for (int n; whole > 0; whole -= n) {
        n = unfilter(r, img, whole);
        if (n == 0)
            return false;
        r->y += n;
        r->row += (size_t)n * (r->count + 1);
    }
    return true;
}

enum png_rows_result png_rows_step(struct png_rows *r, struct image *img, size_t pixels)
{
    size_t total = (r->count + 1) * (size_t)r->height, before = r->made;
    size_t wanted = pixels * r->step + 1;
    uint32_t blocks = r->z.blocks + (uint32_t)(pixels / BLOCK_PIXELS) + 1;
    enum inflate_result got = INFLATE_MORE;
    while (got == INFLATE_MORE && r->made - before < wanted && r->z.blocks < blocks) {
        slide(r);
        uint8_t *from = r->end;
        const uint8_t *limit = r->buffer + r->room;
        if ((size_t)(limit - from) > total - r->made)
            limit = from + (total - r->made) + 1; /* to meet the end, and see more than there is */
        got = inflate_run(&r->z, r->buffer, &r->end, limit, blocks - r->z.blocks);
        r->made += (size_t)(r->end - from);
        r->adler = libdeflate_adler32(r->adler, from, (size_t)(r->end - from));
        if (got == INFLATE_REFUSED || r->made > total || !take_rows(r, img))
            return ROWS_REFUSED;
    }
    if (got == INFLATE_MORE)
        return ROWS_MORE;
    return r->made == total && r->adler == r->z.adler ? ROWS_DONE : ROWS_REFUSED;
}
