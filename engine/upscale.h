/* upscale.h - the product: turns a picture into a larger picture.
 *
 * Luma models see full-range BT.601 luma, and bicubic resampling enlarges the chroma. RGB models
 * see the three channels. Both see a gray picture unchanged (repeated for RGB models). A picture
 * whose pixels are all gray stays gray, even if it is stored as RGB. The network enlarges alpha as
 * a gray picture. If alpha is all 0 or all opaque around a pixel, it stays exactly so. A chain of
 * networks (chain.h) computes the size in float, or a larger size that is reduced with
 * antialiasing. A factor of 1 copies the samples, or runs the networks and reduces their output.
 *
 * The picture is computed in bands of rows, so working memory does not grow with its height. The
 * bytes are the same for any band height and any number of threads. */
#ifndef UPSCALED_UPSCALE_H
#define UPSCALED_UPSCALE_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"
#include "engine/tiles/chain.h"

enum { UPSCALE_MAX_FACTOR = 8 };

/* The size of the output: a factor, or one or both sides. A missing side follows by proportion. */
struct upscale_size {
    double scale;      /* 1..8; 0 if a side is given */
    int width, height; /* 0 if not given */
};

struct upscale_params {
    struct chain chain;         /* makes at least the output's size */
    int width, height;          /* of the output, from upscale_output_size */
    enum model_border border;   /* the model's own, or what the request asks for */
    int depth;                  /* of the output: 8 or 16 */
    int band_rows;              /* output rows of a band; 0 chooses */
    struct pair tile;           /* sides of the pieces that threads work on; 0 chooses */
    int strips;                 /* their number; 0 chooses, less than 0: none */
    int band_multiple;          /* every band but the last has a multiple of this many rows;
                                   0 is 1 */
    size_t max_whole_bytes;     /* --max-whole-bytes: working memory for a model that needs the
                                 whole picture (geometry.whole) */
    bool separate_alpha;        /* colours under alpha 0 are kept; otherwise they are replaced */
    bool restores;              /* the network also runs if the sides stay the same; otherwise the
                                   samples are copied then */
    struct profile *profile;    /* counts the network's time by layer, or NULL */
    atomic_uint_fast64_t *macs; /* counts the network's multiply-adds, or NULL */
};

/* The multiply-adds of a picture, including those in halos. */
struct upscale_work {
    double color;
    double alpha; /* if any pixel is not opaque; 0 without an alpha channel */
};

typedef void upscale_progress(void *arg, double fraction); /* of the work, 0..1 */

/* Callbacks of upscale_run, all called from its calling thread. */
struct upscale_hooks {
    /* Takes finished rows, in order. */
    enum err_code (*rows)(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                          struct err *e);
    void *rows_arg;
    upscale_progress *progress; /* called after each band; or NULL */
    void *progress_arg;
    const atomic_bool *cancel; /* or NULL */
};

/* What upscale_run needs beside the picture and the pool's scratch. */
struct upscale_need {
    size_t bytes; /* of memory, at most */
    int rows;     /* that it hands out at a time, at most */
};

/* Computes the sides of the output for an input with the sides `in`, rounded to nearest. They must
 * be at least those of the input and at most 8 times as large; otherwise ERR_BAD_PARAMETER. If a
 * side is given, `scale` is ignored. */
enum err_code upscale_output_size(const struct upscale_size *want, struct pair in, struct pair *out,
                                  struct err *e);

/* Computes the worker scratch (pool_reserve) that pictures of any size need with chains of these
 * networks. */
enum err_code upscale_scratch_bytes(const struct chain_set *set, size_t *bytes, struct err *e);

/* Computes what upscale_run needs for a picture of format `in`. ERR_TOO_MANY_PIXELS if a model that
 * needs the whole picture needs more than max_whole_bytes. */
enum err_code upscale_memory(struct pool *pool, const struct upscale_params *params,
                             const struct image_format *in, struct upscale_need *out,
                             struct err *e);

/* Computes the multiply-adds that upscale_run will do, exactly as params->macs counts them.
 * ERR_MEMORY. */
enum err_code upscale_work(struct pool *pool, const struct upscale_params *params,
                           const struct image_format *in, struct upscale_work *out, struct err *e);

/* Upscales `img`. Unless alpha is separate, overwrites its colours under alpha 0. The pool must
 * hold the scratch that upscale_scratch_bytes computes. Returns ERR_CANCELLED soon after *cancel
 * becomes true, within a layer of a few rows; the errors of hooks->rows; ERR_MEMORY. */
enum err_code upscale_run(struct pool *pool, const struct upscale_params *params, struct image *img,
                          const struct upscale_hooks *hooks, struct err *e);

#endif
