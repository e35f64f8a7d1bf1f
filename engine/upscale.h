/* upscale.h - the product: turns a picture into a larger picture.
 *
 * Luma models see full-range BT.601 luma, and bicubic resampling enlarges the chroma. RGB models
 * see the three channels. Both see a gray picture unchanged (repeated for RGB models). A picture
 * whose pixels are all gray stays gray, even if it is stored as RGB. The network enlarges alpha as
 * a gray picture. Where alpha is all 0 or all opaque around a pixel, it stays exactly so.
 *
 * A chain of networks (chain.h) computes the output's size, or a larger size that is then reduced
 * with antialiasing, in float. With a factor of 1 the samples are copied, or the networks run and
 * their output is reduced (`restores`).
 *
 * The picture is computed in bands of rows, so working memory does not grow with its height. The
 * bytes are the same for any band height and any number of threads.
 * Threads: any number of threads may upscale at a time, each its own picture. */
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
    struct chain chain;         /* its output is at least as large as width x height */
    int width, height;          /* the output's sides, from upscale_output_size */
    enum model_border border;   /* the model's own border, or the one of the request */
    int depth;                  /* bits of the output's samples: 8 or 16 */
    int band_rows;              /* output rows of a band; 0 chooses */
    struct pair tile;           /* sides of the pieces that threads work on; 0 chooses */
    int strips;                 /* their number; 0 chooses; negative: no strips */
    int band_multiple;          /* every band but the last has a multiple of this many rows;
                                   0 is 1 */
    size_t max_whole_bytes;     /* --max-whole-bytes: working memory for a model that needs the
                                 whole picture (geometry.whole) */
    bool separate_alpha;        /* colours under alpha 0 are kept; otherwise they are replaced */
    bool restores;              /* the network runs even if the sides stay the same, where otherwise
                                 the samples are copied */
    struct profile *profile;    /* counts the network's time by layer, or NULL */
    atomic_uint_fast64_t *macs; /* counts the network's multiply-adds, or NULL */
};

/* The multiply-adds for a picture, including those in halos. */
struct upscale_work {
    double color;
    double alpha; /* added if any pixel is not opaque; 0 without an alpha channel */
};

/* Gets the fraction of the work that is done, 0..1. */
typedef void upscale_progress(void *arg, double fraction);

/* Callbacks of upscale_run, which calls them on the thread that called it. */
struct upscale_hooks {
    /* Takes the next `count` finished rows, [count][row_bytes]. An error ends the run. */
    enum err_code (*rows)(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                          struct err *e);
    void *rows_arg;
    upscale_progress *progress; /* called after each band; or NULL */
    void *progress_arg;
    const atomic_bool *cancel; /* or NULL */
};

/* The needs of upscale_run, beside the picture and the pool's scratch. */
struct upscale_need {
    size_t bytes; /* the most memory */
    int rows;     /* the most rows that one call of hooks->rows gets */
};

/* Computes the sides of the output for an input with the sides `in`, rounded to nearest. They must
 * be at least those of the input and at most 8 times as large; otherwise ERR_BAD_PARAMETER. If a
 * side is given, `scale` is ignored. */
enum err_code upscale_output_size(const struct upscale_size *want, struct pair in, struct pair *out,
                                  struct err *e);

/* Computes the scratch of each worker (pool_reserve) that pictures of any size need with chains of
 * these networks. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code upscale_scratch_bytes(const struct chain_set *set, size_t *bytes, struct err *e);

/* Computes what upscale_run needs for a picture of format `in`. ERR_TOO_MANY_PIXELS if a model that
 * needs the whole picture needs more than max_whole_bytes; ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code upscale_memory(struct pool *pool, const struct upscale_params *params,
                             const struct image_format *in, struct upscale_need *out,
                             struct err *e);

/* Computes the multiply-adds that upscale_run will do, exactly as params->macs counts them.
 * ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code upscale_work(struct pool *pool, const struct upscale_params *params,
                           const struct image_format *in, struct upscale_work *out, struct err *e);

/* Upscales `img`. Unless params->separate_alpha is set, it overwrites the colours of `img` under
 * alpha 0. The pool must have the scratch that upscale_scratch_bytes computes. Errors: those of
 * upscale_memory and of hooks->rows; ERR_CANCELLED, soon after *cancel becomes true: within a layer
 * of a few rows. */
enum err_code upscale_run(struct pool *pool, const struct upscale_params *params, struct image *img,
                          const struct upscale_hooks *hooks, struct err *e);

#endif
