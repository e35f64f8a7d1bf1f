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

/* A part of the output that has its full height and whose rows are computed in rounds of a few rows
 * each. Nothing between two rounds is computed twice. Up to `depth` rounds may run at a time, each
 * on a thread: they follow each other through the layers. The state belongs to the caller. */
struct plan_strip {
    void *state; /* plan_strip_bytes, aligned to MEM_ALIGN */
    struct plan_rect area;
    int depth; /* at least 1, at most plan_strip_depth */
};

/* Whether the plan can run in strips. */
bool plan_has_strips(const struct plan *p);

/* Returns how many rounds of a strip may run at a time. More would wait for each other. */
int plan_strip_depth(const struct plan *p);

/* Finds the bytes of state for strips of up to `width` columns at any position, and the bytes of
 * scratch (aligned to MEM_ALIGN) for a round of them. ERR_MODEL_LIMIT. */
enum err_code plan_strip_bytes(const struct plan *p, int width, int depth, size_t *bytes,
                               struct err *e);
enum err_code plan_strip_scratch_bytes(const struct plan *p, int width, size_t *bytes,
                                       struct err *e);

/* Prepares a strip. plan_strip_end must follow when no round runs. */
void plan_strip_begin(const struct plan *p, const struct plan_strip *strip,
                      const struct plan_picture *picture);
void plan_strip_end(const struct plan_strip *strip);

/* Returns the round that makes a row of the strip's area, and the rows of it that a round makes.
 * Rounds are numbered from 0. The first ones make no rows, but what later ones need. */
int plan_strip_round(const struct plan *p, const struct plan_strip *strip, int row);
struct span plan_strip_rows(const struct plan *p, const struct plan_strip *strip, int round);

/* Returns the rows of the output by which rounds advance. */
int plan_round_rows(const struct plan *p);

/* Runs one round as plan_run does, and stores rows `rows`, which are among those of the round and
 * follow those that are stored. If only a part of them was stored, a further call with the same
 * round stores more. Each round must begin after the round before has begun, and it waits for it
 * where necessary. A cancelled strip must not be run again. */
void plan_strip_run(const struct plan *p, const struct plan_strip *strip, void *scratch, int round,
                    struct span rows, const struct plan_io *io);

/* Returns the factor by which a run takes longer if it is cut into areas of width x height output
 * samples, in each of which `depth` rounds run at a time. Areas compute their halos again, rows of
 * that width may not stay in the caches, and weights that do not stay there are read for each round
 * of each area. */
double plan_cut_cost(const struct plan *p, int width, int height, int depth);

/* Returns the part of a round's work that its longest step does. A round of a strip is at least so
 * far behind the round before. */
double plan_round_lag(const struct plan *p);

/* Returns what a strip's state adds to this factor. The state is new memory in each run, which the
 * system has to find and clear; tiles use the memory of their thread. */
double plan_strip_cost(const struct plan *p, int width, int height, int depth);

#endif
