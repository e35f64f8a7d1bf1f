/* plan.h - a model made ready to run on this CPU: weights packed, every buffer's size known.
 *
 * A plan computes any rectangle of the enlarged picture. It asks for rows of the picture and hands
 * out rows of the result as it proceeds, so neither is ever complete in memory. An output sample is
 * computed by the same operations in the same order whatever the rectangle, so results do not
 * depend on how a picture is cut. Most models run depth first (stream.h): a few rows go through all
 * layers while they are in the cache. The other models run layer by layer over a window
 * (layerwise.h). Samples are float32.
 * Threads: a plan is immutable and shared; each thread brings its own scratch. */
#ifndef UPSCALED_NN_PLAN_H
#define UPSCALED_NN_PLAN_H

#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/nn/model.h"
#include "engine/nn/plan_io.h"

struct plan;

/* Prepares `m`, which is borrowed and must outlive the plan, for a set of kernels. If `kernels` is
 * NULL, the plan uses only the plain definitions of the layers. On ERR_OK the caller owns *out. */
enum err_code plan_new(const struct model *m, const struct kernels *kernels, struct plan **out,
                       struct err *e);
void plan_free(struct plan *p); /* NULL is fine */

const struct model *plan_model(const struct plan *p);

/* Whether the plan runs depth first, which is several times as fast as layer by layer. */
bool plan_streams(const struct plan *p);

/* Returns how layer i is computed ("winograd", "direct", ...), for people; NULL if it is part of
 * the layer before. If the model is not streamed because of layer i, *why is the reason; otherwise
 * NULL. */
const char *plan_path(const struct plan *p, int i, const char **why);

/* Returns the samples of the picture along an axis on which the outputs `want` may depend. Of
 * `picture`, only the side along the axis is used, and only if it is `padded`. For a model whose
 * geometry is `whole` it is the whole side. */
struct span plan_reach(const struct plan *p, enum axis axis, const struct plan_picture *picture,
                       struct span want);

/* Returns the most positions that plan_reach can return for `count` outputs of pictures without
 * edges. */
int plan_widest(const struct plan *p, int count);

/* Returns a width of rectangles whose rows stay in the cache of this machine, and a height at which
 * neighbours compute little twice. Both are multiples of the best grid for cutting. */
struct pair plan_tile(const struct plan *p);

/* Finds the bytes of scratch (aligned to MEM_ALIGN) that plan_run needs for rectangles of up to
 * width x height at any position. ERR_MODEL_LIMIT if the number cannot be represented,
 * ERR_MEMORY. */
enum err_code plan_scratch_bytes(const struct plan *p, int width, int height, size_t *bytes,
                                 struct err *e);

/* Computes one rectangle of the network's output. Cannot fail, does not allocate. */
void plan_run(const struct plan *p, void *scratch, struct plan_rect keep,
              const struct plan_picture *picture, const struct plan_io *io);

/* A part of the output that has its full height and whose rows are computed in several calls.
 * Nothing between two calls is computed twice. The state belongs to the caller. */
struct plan_strip {
    void *state; /* plan_strip_bytes, aligned to MEM_ALIGN */
    struct plan_rect area;
};

/* Whether the plan can run in strips. */
bool plan_has_strips(const struct plan *p);

/* Finds the bytes of state for strips of up to `width` columns at any position. ERR_MODEL_LIMIT. */
enum err_code plan_strip_bytes(const struct plan *p, int width, size_t *bytes, struct err *e);

/* Computes rows `rows` of the strip, as plan_run does. They must begin at the first row of the
 * area, or where the rows of the call before ended. */
void plan_strip_run(const struct plan *p, const struct plan_strip *strip, struct span rows,
                    const struct plan_picture *picture, const struct plan_io *io);

/* Returns the factor by which a run takes longer if it is cut into areas of width x height output
 * samples. Areas compute their halos again, and rows of that width may not stay in the caches. */
double plan_cut_cost(const struct plan *p, int width, int height);

/* Returns what a strip's state adds to this factor. The state is new memory in each run, which the
 * system has to find and clear; tiles use the memory of their thread. */
double plan_strip_cost(const struct plan *p, int width, int height);

#endif
