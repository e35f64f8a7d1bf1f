/* fuzz_png.c - any bytes through the PNG reader. A picture that is read is written and read again.
 *
 * Claims: no crash and no leak. The decoder for plain files and libpng agree about every file. An
 * error has a sentence, and is one that a picture can cause. An accepted file has the pixels that
 * libpng finds in the whole file, and survives a round trip through our writer, with its metadata,
 * to the bit.
 *
 * For a fuzzer, compile with -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION. Check sums are then not
 * verified, because a fuzzer does not find correct ones by chance. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/png_libpng.h"
#include "tests/lib/write_png.h"

const int fuzz_rounds = 20000;

static const struct png_limits limits = {
    .max_side = 4096, .max_pixels = 1 << 16, .max_chunks = 100, .max_chunk_bytes = 1 << 16};

static enum err_code decode(struct png_reader *r, size_t step, struct image **img, struct err *e)
{
    bool done = false;
    enum err_code rc = image_new(png_reader_format(r), img, e);
    if (rc == ERR_OK)
        memset((*img)->pixels, 0x55, image_bytes(&(*img)->format));
    while (rc == ERR_OK && !done)
        rc = png_reader_step(r, *img, step, &done, e);
    return rc;
}

static void encode(const struct image *img, const struct png_meta *meta, struct buf *out)
{
    struct err e = ERR_INIT;
    struct png_writer_params params = {
        .format = img->format, .compression = 1, .meta = meta, .source = img->format};
    must(write_png(&params, img, out, &e) == ERR_OK);
}

/* Compares the chunks that are raw copies. sBIT and bKGD change their form when they are read, and
 * mended names when they are written. */
static void compare_meta(const struct png_meta *a, const struct png_meta *b)
{
    int k = 0;
    must(a->count == b->count);
    for (int kind = 0; kind < PNG_WARNINGS; kind++) /* a file that we write causes no warning */
        must(!png_warned(&b->warnings[METADATA_KEEP], (enum png_warning)kind));
    bool mended = png_warned(&a->warnings[METADATA_KEEP], PNG_WARN_NAME);
    for (int after = 0; after < 2; after++) /* eXIf may have stood after the pixels */
        for (int i = 0; i < a->count; i++) {
            const struct png_chunk *x = &a->chunks[i], *y = &b->chunks[k];
            if (x->after_pixels != after)
                continue;
            must(memcmp(x->type, y->type, 5) == 0 && x->after_pixels == y->after_pixels);
            must(mended || x->length == y->length);
            must(mended || x->length == 0 || memcmp(x->data, y->data, x->length) == 0);
            k++;
        }
}

static void check_round_trip(const struct png_reader *r, const struct image *img)
{
    struct err e = ERR_INIT;
    struct buf out;
    struct png_reader *again = NULL;
    struct image *back = NULL;
    buf_init(&out, 1 << 24);
    encode(img, png_reader_meta(r), &out);
    must(png_reader_new(out.data, out.length, &limits, &again, &e) == ERR_OK);
    must(decode(again, 1 << 20, &back, &e) == ERR_OK);
    must(memcmp(&back->format, &img->format, sizeof img->format) == 0);
    must(memcmp(back->pixels, img->pixels, image_bytes(&img->format)) == 0);
    compare_meta(png_reader_meta(r), png_reader_meta(again));
    image_free(back);
    png_reader_free(again);
    buf_done(&out);
}

static void check_by_libpng(const uint8_t *data, size_t size, const struct image *img)
{
    struct image_format f;
    uint8_t *pixels = png_libpng_decode(data, size, &f);
    must(pixels && memcmp(&f, &img->format, sizeof f) == 0);
    must(memcmp(pixels, img->pixels, image_bytes(&f)) == 0);
    free(pixels);
}

/* Reads the file by libpng alone, without the decoder for plain files. The verdict, the sentence,
 * the pixels and the warnings must be the same. */
static void check_the_other_decoder(const uint8_t *data, size_t size, const struct err *told,
                                    const struct image *img, const struct png_meta *meta)
{
    struct err e = ERR_INIT;
    struct png_reader *r = NULL;
    struct image *other = NULL;
    char one[PNG_WARNING_LIST], two[PNG_WARNING_LIST];
    must(png_reader_new(data, size, &limits, &r, &e) == ERR_OK);
    png_reader_by_libpng(r);
    must(decode(r, 1 << 20, &other, &e) == told->code && strcmp(e.text, told->text) == 0);
    for (int i = 0; told->code == ERR_OK && i < METADATAS; i++) {
        png_warnings_list(&meta->warnings[i], one);
        png_warnings_list(&png_reader_meta(r)->warnings[i], two);
        must(strcmp(one, two) == 0);
    }
    if (told->code == ERR_OK)
        must(memcmp(other->pixels, img->pixels, image_bytes(&img->format)) == 0);
    image_free(other);
    png_reader_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct png_reader *r = NULL;
    struct image *img = NULL;
    enum err_code rc = png_reader_new(data, size, &limits, &r, &e);
    if (rc == ERR_OK)
        rc = decode(r, size % 977 * 10, &img, &e);
    must(e.code == rc && (rc == ERR_OK || (rc >= ERR_NOT_PNG && rc <= ERR_TOO_MANY_PIXELS)));
    must((rc == ERR_OK) == (e.text[0] == 0));
    if (r)
        check_the_other_decoder(data, size, &e, img, png_reader_meta(r));
    if (rc == ERR_OK) {
        check_by_libpng(data, size, img);
        check_round_trip(r, img);
    }
    image_free(img);
    png_reader_free(r);
    return 0;
}
