/* enlarge.h - for tests: makes a small network and random pictures, and enlarges whole pictures. */
#ifndef UPSCALED_TESTS_LIB_ENLARGE_H
#define UPSCALED_TESTS_LIB_ENLARGE_H

#include "engine/upscale.h"

/* Makes a network of the form of our models: valid convolutions, a skip, a transposed convolution.
 * engine_of takes ownership. */
struct model *small_model(enum model_color color, enum model_border border);

/* A model with its plan. */
struct engine {
    struct model *model;
    struct plan *plan;
};

/* Finishes the model and plans it. The result owns both until engine_done. */
struct engine engine_of(struct model *m);
void engine_done(struct engine *x);

/* The caller frees the pictures with image_free. */
struct image *random_image(int width, int height, int channels, int depth, uint64_t seed);
struct image *copy_image(const struct image *img);

/* Takes the rows of upscale_run (hooks.rows) into `bytes`, which has that room. */
struct collected {
    uint8_t *bytes;
    size_t length, room;
};
enum err_code collect_rows(void *collected, const uint8_t *pixels, size_t row_bytes, int count,
                           struct err *e);

struct how {
    enum model_border border;
    int width, height, depth, threads, band_rows;
    struct pair tile;
    bool restores;
};

/* Upscales a copy of `img`. Returns the bytes of the output, which the caller frees with free(). */
uint8_t *enlarge(const struct engine *x, const struct image *img, const struct how *how);

#endif
