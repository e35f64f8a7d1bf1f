/* plan.h - a model made ready to run on this processor: weights packed, every buffer's size known.
 *
 * A plan computes any rectangle of the enlarged picture. It asks for rows of the picture and hands
 * out rows of the result as it proceeds, so neither is ever whole in memory. An output sample is computed by the same
 * operations in the same order whatever the rectangle, so results do not depend on how a picture is
 * cut. Most models go depth first (stream.h): a few rows through all layers while they are in the
 * cache. The rest run layer by layer over a window (layerwise.h).
 * Samples are float32. Threads: a plan is immutable and shared; each thread brings its own scratch.
 */
#ifndef UPSCALED_NN_PLAN_H
#define UPSCALED_NN_PLAN_H

#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/nn/model.h"
#include "engine/nn/plan_io.h"

struct plan;

/* Prepares `m`, which is borrowed and must outlive the plan, for a set of kernels; with NULL for
 * `kernels` by the plain definitions of the layers alone. On ERR_OK the caller owns *out. */
enum err_code plan_new(const struct model *m, const struct kernels *kernels, struct plan **out,
                       struct err *e);
void plan_free(struct plan *p); /* NULL is fine */

const struct model *plan_model(const struct plan *p);

/* Whether the plan goes depth first, which is several times as fast as layer by layer. */
bool plan_streams(const struct plan *p);

/* How layer i is computed ("winograd", "direct", ...), for people; NULL where the layer before does
 * it along. *why says, for a model that is not streamed, what keeps layer i from it, or is NULL. */
const char *plan_path(const struct plan *p, int i, const char **why);

/* The picture's samples along an axis that outputs `want` may be computed from. Of `picture` only
 * the side along the axis counts, and that only where it is `padded`. A model whose geometry is
 * `whole` takes the whole side. */
struct span plan_reach(const struct plan *p, enum axis axis, const struct plan_picture *picture,
                       struct span want);

/* The most positions that plan_reach gives for `count` outputs, in pictures that go on. */
int plan_widest(const struct plan *p, int count);

/* A width of rectangles that keeps their rows in this machine's cache, and a height that does not
 * lose much to what neighbours compute again; multiples of what areas are best cut at. */
struct pair plan_tile(const struct plan *p);

/* Bytes of scratch (aligned to MEM_ALIGN) that plan_run needs for rectangles of up to width x
 * height, wherever they lie. ERR_MODEL_LIMIT where that cannot be represented, ERR_MEMORY. */
enum err_code plan_scratch_bytes(const struct plan *p, int width, int height, size_t *bytes,
                                 struct err *e);

/* Computes one rectangle of what the network makes of a picture. Cannot fail, does not allocate. */
void plan_run(const struct plan *p, void *scratch, struct plan_rect keep,
              const struct plan_picture *picture, const struct plan_io *io);

/* A part of the output as wide as its columns need and as high as the output, whose rows are made in
 * several calls: what lies between two of them is computed once. The state is the caller's. */
struct plan_strip {
    void *state; /* plan_strip_bytes, aligned to MEM_ALIGN */
    struct plan_rect area;
};

/* Whether the plan can run over strips. */
bool plan_has_strips(const struct plan *p);

/* Bytes of state for strips of up to `width` columns, wherever they lie. ERR_MODEL_LIMIT. */
enum err_code plan_strip_bytes(const struct plan *p, int width, size_t *bytes, struct err *e);

/* Computes rows `rows` of the strip, as plan_run does. The rows begin at the area's first, or where
 * those of the call before ended. */
void plan_strip_run(const struct plan *p, const struct plan_strip *strip, struct span rows,
                    const struct plan_picture *picture, const struct plan_io *io);

/* How much longer a run takes for being cut: into areas of width x height output samples, which
 * compute their halos again; and for rows of that width, which may not stay in the caches. 1 is no
 * longer. */
double plan_cut_cost(const struct plan *p, int width, int height);

#endif
