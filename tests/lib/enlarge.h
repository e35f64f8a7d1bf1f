/* enlarge.h - a small network, random pictures, and whole pictures enlarged, for tests. */
#ifndef UPSCALED_TESTS_LIB_ENLARGE_H
#define UPSCALED_TESTS_LIB_ENLARGE_H

#include "engine/upscale.h"

/* A network of the form of our models: valid convolutions, a skip, a transposed convolution. */
struct model *small_model(enum model_color color, enum model_border border);

/* A model with its plan. */
struct engine {
    struct model *model;
    struct plan *plan;
};

/* Finishes the model and plans it; owns both until engine_done. */
struct engine engine_of(struct model *m);
void engine_done(struct engine *x);

/* Free them with image_free. */
struct image *random_image(int width, int height, int channels, int depth, uint64_t seed);
struct image *copy_image(const struct image *img);

struct how {
    enum model_border border;
    int width, height, depth, threads, band_rows;
    struct pair tile;
    bool restores;
};

/* Upscales a copy of `img`. Returns the bytes of the output; free() them. */
uint8_t *enlarge(const struct engine *x, const struct image *img, const struct how *how);

#endif
