/* png_reader.c - see png_reader.h. libpng receives only the critical chunks and tRNS, and decodes
 * only the pixels that png_rows.h does not decode. It unfilters rows that png_inflow.h decompresses.
 *
 * libpng reports an error by a function of ours that must not return, hence longjmp. Everything
 * that must survive is in struct png_reader, which the error pointer leads to. */
#include "engine/png/png_reader.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_idat.h"
#include "engine/png/png_inflow.h"
#include "engine/png/png_keep.h"
#include "engine/png/png_palette.h"
#include "engine/png/png_rows.h"
#include "engine/png/png_unpack.h"
#include "engine/png/png_walk.h"

enum {
    SPANS = 3,
    DECODER_BYTES = 1 << 17,
};

struct png_reader {
    const uint8_t *bytes;
    struct png_walk walk;
    struct png_meta meta;
    struct image_format format;
    struct png_span spans[SPANS]; /* the parts before the pixels that libpng has yet to read */
    int span;
    struct png_rows *plain; /* or NULL: libpng decodes */
    struct png_inflow *inflow;
    struct png_palette palette;
    png_structp png;
    png_infop info;
    bool narrow;  /* only the small window that the zlib header declares is used */
    bool missing; /* an index has no colour in the palette */
    bool out_of_memory;
    enum err_code failed; /* set when libpng calls us; `e` has the sentence */
    struct err *e;        /* of the current call */
    int passes, pass, row;
    struct image *img;
    size_t rows;        /* to decode in this step */
    size_t bytes_after; /* to decompress behind the last row in this step */
    bool complete;
};

/* --- functions that libpng calls -------------------------------------------------------------- */

static png_voidp on_alloc(png_structp png, png_alloc_size_t size)
{
    struct png_reader *r = png_get_mem_ptr(png);
    void *p = mem_alloc(1, size);
    if (!p)
        r->out_of_memory = true;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    mem_free(p);
}

/* All chunks are verified, so only memory and the compressed pixels can fail. */
static void fail(struct png_reader *r, enum err_code rc, const char *message)
{
    int height = r->walk.head.height;
    if (rc == ERR_PNG_ZLIB && r->walk.cut.length > 0 && !r->narrow)
        rc = ERR_PNG_TRUNCATED; /* the file ends within these data, so that is what is wrong */
    if (r->failed != ERR_OK)
        return;
    if (r->out_of_memory || rc == ERR_MEMORY)
        r->failed = err_set(r->e, ERR_MEMORY, "out of memory to decode a PNG");
    else if (rc == ERR_PNG_TRUNCATED)
        r->failed = err_set(r->e, ERR_PNG_TRUNCATED,
                            "the compressed pixels end early, in row %d of %d", r->row, height);
    else
        r->failed =
            err_set(r->e, ERR_PNG_ZLIB, "the compressed pixels are damaged in row %d of %d (%s)",
                    r->row, height, message);
}

static void on_error(png_structp png, png_const_charp message)
{
    fail(png_get_error_ptr(png), ERR_PNG_ZLIB, message);
    png_longjmp(png, 1);
}

/* Before the first row, no warning matters. */
static void on_warning(png_structp png, png_const_charp message)
{
    struct png_reader *r = png_get_error_ptr(png);
    if (r->img)
        fail(r, ERR_PNG_ZLIB, message);
}

static void on_read(png_structp png, png_bytep to, size_t count)
{
    struct png_reader *r = png_get_io_ptr(png);
    while (count > 0 && r->span < SPANS) {
        struct png_span *s = &r->spans[r->span];
        size_t n = count < s->length ? count : s->length;
        memcpy(to, r->bytes + s->offset, n);
        s->offset += n;
        s->length -= n;
        to += n;
        count -= n;
        if (s->length == 0)
            r->span++;
    }
    const char *why = "";
    enum err_code rc = png_inflow_read(r->inflow, to, count, &why);
    if (rc == ERR_OK)
        return;
    fail(r, rc, why);
    png_longjmp(png, 1);
}

/* --- functions out of which libpng may jump --------------------------------------------------- */

static void start(struct png_reader *r)
{
    png_set_crc_action(r->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE); /* they have been verified */
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* the head has been checked */
    png_set_chunk_malloc_max(r->png, PNG_UINT_31_MAX); /* else libpng warns of an IDAT over 8 MB */
    png_set_read_fn(r->png, r, on_read);
    png_read_info(r->png, r->info);
    if (r->palette.count > 0)
        png_set_packing(r->png); /* an index is a byte */
    else
        png_set_expand(r->png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_swap(r->png);
#endif
    r->passes = png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    r->format = (struct image_format){
        .width = r->walk.head.width,
        .height = r->walk.head.height,
        .channels = r->palette.count > 0 ? r->palette.channels : png_get_channels(r->png, r->info),
        .depth = png_get_bit_depth(r->png, r->info),
    };
}

/* Checks what follows the last row. */
static void finish(struct png_reader *r)
{
    const char *why = "";
    enum err_code rc = png_inflow_end(r->inflow, r->bytes_after, &r->complete, &why);
    if (rc != ERR_OK)
        fail(r, rc, why);
    if (!r->complete)
        return;
    if (png_inflow_more(r->inflow))
        png_meta_warn(&r->meta, PNG_WARN_MORE_ROWS);
    if (r->missing)
        png_meta_warn(&r->meta, PNG_WARN_INDEX);
}

/* Decodes `rows` rows. The pixels of a later pass go between those of the earlier ones, which are
 * already in their rows. The last pass completes a row, and indices become colours. */
static void decode(struct png_reader *r)
{
    size_t width = (size_t)r->format.width;
    for (; r->rows > 0 && r->pass < r->passes; r->rows--) {
        uint8_t *row = r->img->pixels + (size_t)r->row * r->img->row_bytes;
        png_read_row(r->png, row, NULL);
        if (r->palette.count > 0 && r->pass == r->passes - 1)
            r->missing |= !png_palette_row(&r->palette, row, width, row);
        if (++r->row == r->format.height) {
            r->row = 0;
            r->pass++;
        }
    }
    if (r->pass == r->passes)
        finish(r);
}

static enum err_code guarded(struct png_reader *r, void (*work)(struct png_reader *), struct err *e)
{
    r->e = e;
    if (setjmp(png_jmpbuf(r->png)) == 0)
        work(r);
    if (r->failed == ERR_OK && r->out_of_memory) /* libpng went on, and pixels are wrong */
        fail(r, ERR_MEMORY, "");
    r->e = NULL;
    return r->failed;
}

/* --- the interface ---------------------------------------------------------------------------- */

static enum err_code open_decoder(struct png_reader *r, struct err *e)
{
    const struct png_walk *w = &r->walk;
    const struct png_span spans[SPANS] = {w->ihdr, w->plte, w->trns};
    memcpy(r->spans, spans, sizeof spans);
    r->span = 0;
    r->inflow = png_inflow_new(r->bytes, w, r->narrow);
    if (!r->inflow)
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc,
                                      on_free);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info)
        return err_set(e, r->out_of_memory ? ERR_MEMORY : ERR_INTERNAL, "libpng did not start");
    return guarded(r, start, e);
}

static void close_decoder(struct png_reader *r)
{
    png_destroy_read_struct(&r->png, &r->info, NULL);
    png_inflow_free(r->inflow);
    r->inflow = NULL;
}

/* Whether the zlib header declares less than the 32 KiB that deflate can reach back (RFC 1950,
 * 2.2). */
static bool declares_small_window(const struct png_reader *r)
{
    struct png_idat d;
    const uint8_t *bytes;
    size_t length;
    png_idat_init(&d, r->bytes, &r->walk);
    return png_idat_next(&d, &bytes, &length) && bytes[0] >> 4 < 7;
}

/* Some writers declare a smaller window than they used. If decoding with the declared window fails,
 * it starts again from the first row with the largest one. */
static void decode_narrow(struct png_reader *r, struct err *e)
{
    struct err first = ERR_INIT;
    guarded(r, decode, &first);
    if (r->failed != ERR_PNG_ZLIB) {
        if (r->failed != ERR_OK)
            err_set(e, r->failed, "%s", first.text);
        return;
    }
    close_decoder(r);
    r->failed = ERR_OK;
    r->narrow = false;
    r->img = NULL; /* until the first row */
    r->pass = r->row = 0;
    r->failed = open_decoder(r, e);
    png_meta_warn(&r->meta, PNG_WARN_WINDOW);
}

enum err_code png_reader_new(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                             struct png_reader **out, struct err *e)
{
    struct png_walk walk;
    enum err_code rc = png_walk_run(bytes, length, limits, &walk, e);
    if (rc != ERR_OK)
        return rc;
    struct png_reader *r = mem_calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_MEMORY, "out of memory to decode a PNG");
    r->bytes = bytes;
    r->walk = walk;
    png_meta_init(&r->meta);
    r->narrow = declares_small_window(r);
    if (walk.head.color_type == 3)
        png_palette_read(&r->palette, bytes, &walk);
    rc = open_decoder(r, e);
    if (rc == ERR_OK)
        rc = png_keep_collect(bytes, &r->walk, &r->format, &r->meta, e);
    if (rc == ERR_OK && png_rows_fit(&walk))
        rc = png_rows_new(bytes, &r->walk, &r->plain, e);
    if (rc == ERR_OK) {
        *out = r;
        r = NULL;
    }
    png_reader_free(r);
    return rc;
}

void png_reader_free(struct png_reader *r)
{
    if (!r)
        return;
    png_rows_free(r->plain);
    close_decoder(r);
    png_meta_done(&r->meta);
    mem_free(r);
}

size_t png_reader_bytes(const struct png_head *h)
{
    /* libpng keeps a few rows of at most 8 bytes per pixel; it and zlib take 60 KiB more */
    return (size_t)h->width * 8 * 4 + DECODER_BYTES + png_inflow_bytes() + png_unpack_bytes() +
           png_rows_bytes(h);
}

const struct image_format *png_reader_format(const struct png_reader *r)
{
    return &r->format;
}

const struct png_meta *png_reader_meta(const struct png_reader *r)
{
    return &r->meta;
}

void png_reader_by_libpng(struct png_reader *r)
{
    png_rows_free(r->plain);
    r->plain = NULL;
}

int png_reader_parts(const struct png_reader *r)
{
    return r->plain ? 3 : 1;
}

void png_reader_part(struct png_reader *r, int part, struct image *img, size_t pixels,
                     struct err *e)
{
    if (r->plain && part == 0) {
        png_rows_inflate(r->plain, pixels);
    } else if (r->plain && part == 1) {
        png_rows_unfilter(r->plain, img);
    } else if (r->plain) {
        png_rows_touch(r->plain, pixels, img);
    } else {
        /* on average, a row of one of seven passes has a seventh of the pixels */
        size_t row_pixels = (size_t)(r->format.width / r->passes) + 1;
        r->rows = pixels / row_pixels > 0 ? pixels / row_pixels : 1;
        r->bytes_after = pixels + 1;
        r->img = img;
        if (r->narrow)
            decode_narrow(r, e);
        else
            guarded(r, decode, e);
    }
}

enum err_code png_reader_turn(struct png_reader *r, bool *done)
{
    if (r->plain) {
        enum png_rows_result got = png_rows_turn(r->plain);
        *done = got == ROWS_DONE;
        if (*done && png_rows_missing(r->plain))
            png_meta_warn(&r->meta, PNG_WARN_INDEX);
        if (got == ROWS_REFUSED) /* libpng decides, from the first row on */
            png_reader_by_libpng(r);
    } else if (r->failed == ERR_OK) {
        *done = r->complete;
    }
    return r->failed;
}

enum err_code png_reader_step(struct png_reader *r, struct image *img, size_t pixels, bool *done,
                              struct err *e)
{
    for (int part = 0, parts = png_reader_parts(r); part < parts; part++)
        png_reader_part(r, part, img, pixels, e);
    return png_reader_turn(r, done);
}
