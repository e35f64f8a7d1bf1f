/* upscale.h - the product: a picture in, a bigger picture out.
 *
 * Luma models see full-range BT.601 luma, with chroma by bicubic; RGB models see the three
 * channels; they see a gray picture unchanged (repeated for RGB models). A picture
 * whose pixels are all gray stays gray, also where it is stored as RGB. The network enlarges alpha
 * as a gray picture; where it is all 0 or all opaque around a pixel, it stays exactly so. A chain of
 * networks (chain.h) makes the size in float, or a larger one that is reduced with antialiasing. A
 * factor of 1 copies, or runs the networks and reduces what they enlarged.
 * The picture is computed in bands of rows, so working memory does not grow with its height, and
 * the bytes are the same for any band height and thread count. */
#ifndef UPSCALED_UPSCALE_H
#define UPSCALED_UPSCALE_H

#include <stdatomic.h>
#include <stdint.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"
#include "engine/tiles/chain.h"

enum { UPSCALE_MAX_FACTOR = 8 };

/* How large the output is to be: a factor, or one or both sides (the other by proportion). */
struct upscale_size {
    double scale;      /* 1..8; 0 where a side is given */
    int width, height; /* 0 where not given */
};

struct upscale_params {
    struct chain chain;         /* makes at least the output's size */
    int width, height;          /* of the output, from upscale_output_size */
    enum model_border border;   /* the model's own, or what the request asks for */
    int depth;                  /* of the output: 8 or 16 */
    int band_rows;              /* output rows a band; 0 chooses */
    struct pair tile;           /* sides of the pieces that threads work on; 0 chooses */
    int strips;                 /* that the picture is cut into; 0 chooses, less than 0: none */
    int band_multiple;          /* every band but the last has a multiple of this many rows;
                                   0 is 1 */
    size_t max_whole_bytes;     /* --max-whole-bytes: working memory for a model that needs the
                                 picture whole (geometry.whole) */
    bool separate_alpha;        /* colours under alpha 0 are kept; else they are replaced */
    bool restores;              /* the network runs where the sides stay, too; else samples do */
    struct profile *profile;    /* counts the network's time by layer, or NULL */
    atomic_uint_fast64_t *macs; /* counts the network's multiply-adds, or NULL */
};

/* The multiply-adds of a picture, those in halos included. */
struct upscale_work {
    double color;
    double alpha; /* if any pixel is not opaque; 0 where there is no alpha */
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

/* The output's sides for an input with the sides `in`: rounded to nearest, at least the input's and
 * at most 8 times as large, else ERR_BAD_PARAMETER. Where a side is given, `scale` is ignored. */
enum err_code upscale_output_size(const struct upscale_size *want, struct pair in, struct pair *out,
                                  struct err *e);

/* The worker scratch (pool_reserve) that pictures of any size need with chains of these networks. */
enum err_code upscale_scratch_bytes(const struct chain_set *set, size_t *bytes, struct err *e);

/* What upscale_run needs for a picture of format `in`.
 * ERR_TOO_MANY_PIXELS where a model that needs the picture whole needs more than max_whole_bytes.
 */
enum err_code upscale_memory(struct pool *pool, const struct upscale_params *params,
                             const struct image_format *in, struct upscale_need *out,
                             struct err *e);

/* The multiply-adds that upscale_run will do: exactly those that params->macs counts. ERR_MEMORY.
 */
enum err_code upscale_work(struct pool *pool, const struct upscale_params *params,
                           const struct image_format *in, struct upscale_work *out, struct err *e);

/* Upscales `img`, whose colours under alpha 0 are overwritten unless alpha is separate. The pool must hold the scratch that
 * upscale_scratch_bytes names. ERR_CANCELLED soon after *cancel becomes true: within a layer of a few rows; the errors
 * of hooks->rows are passed on; ERR_MEMORY. */
enum err_code upscale_run(struct pool *pool, const struct upscale_params *params, struct image *img,
                          const struct upscale_hooks *hooks, struct err *e);

#endif
