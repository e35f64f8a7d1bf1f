/* fuzz_encode.c - any pixels through the encoder. The first bytes are the format of the picture and
 * the compression. The rest are its pixels, repeated until the picture is full.
 *
 * Claims: libpng finds the same pixels in the file, and every vector unit makes the same bytes.
 *
 * There is no dictionary, because no word means anything here: every byte is a sample, and the
 * encoder looks only for bytes that repeat. replay_encode.c makes such pixels. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/png_libpng.h"
#include "tests/lib/write_png.h"

const int fuzz_rounds = 300;

enum { HEAD = 4, BYTES_MAX = 1 << 20 };

static void check_sets(const struct image *img, int compression)
{
    struct png_strip first = {0}, again;
    struct png_strip_job job = {.format = img->format,
                                .compression = compression,
                                .pixels = img->pixels,
                                .row_bytes = img->row_bytes,
                                .rows = png_strip_rows(&img->format)};
    size_t bytes;
    if (job.rows > img->format.height)
        job.rows = img->format.height;
    must(png_strip_scratch_bytes(&job.format, job.compression, &bytes, NULL) == ERR_OK);
    void *scratch = mem_alloc(bytes, 1);
    for (int k = 0; (job.kernels = png_kernels_at(k)); k++) {
        job.way = png_strip_way(&job, scratch);
        must(png_strip_encode(&job, scratch, &again, NULL) == ERR_OK);
        if (k == 0) {
            first = again;
            continue;
        }
        must(first.chunk.length == again.chunk.length);
        must(memcmp(first.chunk.data, again.chunk.data, again.chunk.length) == 0);
        buf_done(&again.chunk);
    }
    buf_done(&first.chunk);
    mem_free(scratch);
}

static void check_round_trip(const struct image *img, int compression)
{
    struct png_writer_params params = {.format = img->format, .compression = compression};
    struct image_format f;
    struct buf file;
    buf_init(&file, 8 * BYTES_MAX);
    must(write_png(&params, img, &file, NULL) == ERR_OK);
    uint8_t *pixels = png_libpng_decode(file.data, file.length, &f);
    must(pixels && memcmp(&f, &img->format, sizeof f) == 0);
    must(memcmp(pixels, img->pixels, image_bytes(&f)) == 0);
    free(pixels);
    buf_done(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= HEAD)
        return 0;
    int width = 1 + data[0] * (data[3] & 64 ? 150 : 1), height = 1 + data[1];
    struct image_format f = {width, height, 1 + data[2] % 4, data[2] & 4 ? 16 : 8};
    struct image *img = NULL;
    if (image_bytes(&f) > BYTES_MAX || image_new(&f, &img, NULL) != ERR_OK)
        return 0;
    for (size_t i = 0; i < image_bytes(&f); i++)
        img->pixels[i] = data[HEAD + i % (size - HEAD)];
    check_round_trip(img, data[3] % 10);
    check_sets(img, data[3] % 7);
    image_free(img);
    return 0;
}
