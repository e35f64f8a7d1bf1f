/* layers.h - the kinds of layers. Each kind has a row with everything that the engine needs.
 *
 * Sizes and clean ranges are laws along one axis, because no kind mixes the axes. Activations are
 * [y][x][c] float32, dense. Every output sample is computed by the same operations in the same
 * order wherever its window lies. PyTorch 1.13's module of the same name defines the meaning.
 * Threads: all functions are pure. */
#ifndef UPSCALED_NN_LAYERS_H
#define UPSCALED_NN_LAYERS_H

#include <stdatomic.h>

#include "engine/nn/model.h"

/* The largest values that a file may have. Sums and products of a few of them cannot overflow. */
enum {
    LAYER_MAX_CHANNELS = 4096,
    LAYER_MAX_KERNEL = 64,
    LAYER_MAX_STRIDE = 16, /* factors of upsample and pixel shuffles, too */
    LAYER_MAX_PADDING = 256,
    LAYER_MAX_DILATION = 64
};

enum axis { AXIS_Y, AXIS_X };

/* max_unpool2d reads three tensors: its values, and the output and the input of the max_pool2d. */
enum { LAYER_INPUTS_MAX = 1 + LAYER_OTHERS_MAX };

/* A tensor along one axis has `size` samples. The samples [lo, hi) depend neither on padding nor on
 * anything outside the window. */
struct extent {
    int64_t size, lo, hi;
};

struct shape {
    int width, height, channels;
};

/* The inputs of a layer, for checks. */
struct layer_inputs {
    int layer;           /* index of the layer that reads */
    const int *channels; /* of each input */
    int count;
};

/* One execution. `out` may equal in[0] only for an activation; otherwise nothing overlaps. */
struct layer_run {
    const struct layer *layer;
    const float *packed; /* from row->pack; NULL for kinds without packed weights */
    const float *in[LAYER_INPUTS_MAX];
    struct shape in_shape[LAYER_INPUTS_MAX];
    int in_count;
    float *out;
    struct shape out_shape;
    int32_t *indices;          /* y * width + x of each maximum in the pool's input; max_pool2d
                                 writes them if not NULL, max_unpool2d reads them */
    const struct layer *then;  /* an activation fused into a convolution, or NULL */
    const atomic_bool *cancel; /* if it becomes true, samples may be missing; or NULL */
};

static inline bool layer_is_cancelled(const atomic_bool *cancel)
{
    return cancel && atomic_load_explicit(cancel, memory_order_relaxed);
}

struct layer_row {
    const char *type; /* in the model file */
    bool activation;  /* works on each sample alone; layer_activate runs it */

    /* Checks the parameters against the channels of the inputs and finds the channels of the
     * output. Errors begin with "$.layers[i]". */
    enum err_code (*check)(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e);

    /* The number of samples along an axis changes by *up / *down. NULL: it does not change. */
    void (*rate)(const struct layer *l, enum axis axis, int *up, int *down);

    /* Returns the samples of the output, or less than 1 if the inputs are too small. NULL: the size
     * is that of in[0]. */
    int64_t (*size)(const struct layer *l, enum axis axis, const struct extent *in, int in_count);

    /* Fills out->lo and out->hi. out->size is set, and the caller clips the range to it. NULL: the
     * range is that of in[0]. */
    void (*clean)(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                  struct extent *out);

    /* Whether the layer needs the whole picture. NULL: it does not. */
    bool (*whole)(const struct layer *l);

    /* Returns the multiply-accumulates per sample of the output, for all channels. NULL: none. */
    double (*macs)(const struct layer *l, int channels);

    /* Finds the number of floats in the packed weights (false on overflow), and packs them. NULL:
     * the kind has no packed weights. */
    bool (*packed_floats)(const struct layer *l, size_t *count);
    void (*pack)(const struct layer *l, float *packed);

    void (*run)(const struct layer_run *r);
};

extern const struct layer_row layer_table[LAYER_KINDS];

/* Applies an activation to pixels * channels samples in place. */
void layer_activate(const struct layer *l, float *samples, size_t pixels, int channels);

/* Cubic convolution (Keys 1981) with PyTorch's a = -0.75, at a distance of d >= 0 samples. */
float upsample_cubic(float d);

/* The allowed range of the parameter of that name. */
struct layer_range {
    const char *name;
    int least, most;
};

/* Refuses a value of layer `i` that is outside of its range. The error names the parameter. */
enum err_code layer_check_range(int i, int value, struct layer_range range, struct err *e);
enum err_code layer_check_pair(int i, struct pair value, struct layer_range range, struct err *e);

static inline int pair_at(struct pair p, enum axis axis)
{
    return axis == AXIS_Y ? p.y : p.x;
}

/* Divide, and round down or up; b > 0. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static inline int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b > 0);
}

#endif
