/* stream.h - the depth-first path: rows go through all layers while they are in the cache.
 *
 * The network becomes steps between tensors. Samples have absolute positions, which each layer's
 * own law counts from the first pixel of the picture. So results do not depend on the area that is
 * computed. The computation repeats along the picture by cells of `align` pixels along each axis; a
 * model that makes nothing smaller has cells of one pixel. Of each tensor only a few rows exist, as
 * wide as the area needs. Steps run in turn, a few rows each, from the picture to the output. Each
 * makes exactly the rows that later steps read. Rows in blocks of channels give their memory to
 * others as soon as no step will read them. Only the files of engine/nn use this header; plan.h is
 * the interface.
 * Threads: a stream never changes once it is made. */
#ifndef UPSCALED_NN_STREAM_H
#define UPSCALED_NN_STREAM_H

#include "engine/nn/kernels.h"
#include "engine/nn/layers.h"
#include "engine/nn/lower.h"
#include "engine/nn/plan_io.h"

enum { STREAM_PARTS_MAX = 1 + LAYER_OTHERS_MAX, STREAM_PICTURE = 0 };
enum { STREAM_MOST = 8, STREAM_PERIOD_MAX = STREAM_MOST * KERNEL_WINOGRAD_MOST };
enum { STREAM_ENDLESS = -1 }; /* in place of the side, for a picture without edges */
enum { STREAM_OWN = -1 };     /* in place of a pool: planes have a ring of their own */

enum stream_op {
    STREAM_LOAD,     /* the picture's rows, from the caller */
    STREAM_CONV,     /* direct, into blocks of 16 channels */
    STREAM_WINOGRAD, /* 3x3, blocks to blocks */
    STREAM_PLANES,   /* up to 4 channels, into planes */
    STREAM_TALL,     /* the same from five rows of taps, in tiles of four rows */
    STREAM_UNBLOCK,  /* blocks to planes */
    STREAM_MERGE,    /* add, mul, or an activation of its own */
    STREAM_JOIN,     /* planes of several tensors, one after another */
    STREAM_SHUFFLE,  /* pixel_shuffle of planes */
    STREAM_UNSHUFFLE,
    STREAM_UPSAMPLE
};

struct stream_tensor {
    bool blocked;
    int channels;
    struct pair rate;    /* samples per cell */
    struct pair extra;   /* for a picture of n cells, the samples end at rate * n + extra */
    struct pair lead;    /* samples before 0: 1 if folded phases begin there */
    int ring;            /* rows that exist at a time, at most, if one round runs */
    int more;            /* rows that a round makes, at most */
    int pool;            /* from which its rows take their memory, or STREAM_OWN */
    struct span readers; /* the first step that reads it, and the end of those that do */
    int spare;           /* columns beyond those of the area itself, at most */
    int skirt;           /* samples beyond the picture's edges that are read, at most */
};

/* Tensors in blocks whose rows are equally wide take them from one pool. */
struct stream_pool {
    int rate; /* samples per cell along a row */
    int rows; /* of one block of channels, that exist at a time, at most, if one round runs */
    int more; /* and as many more for each further round under way */
};

/* A tensor as the input of a step: sample i of the input is sample i + shift of the tensor. */
struct stream_part {
    int tensor;
    struct pair shift;
};

struct stream_step {
    enum stream_op op;
    const struct layer *layer; /* that it computes first; NULL for load and unblock */
    const struct layer *last;  /* whose value its output is */
    int out;
    struct stream_part in[STREAM_PARTS_MAX]; /* channels one after another; merge: terms */
    int in_count, in_channels;
    struct stream_part add; /* for the store; tensor -1: none */
    int phases;             /* s: output samples s * q + i + origin are made together */
    int stride;             /* they read the input from sample stride * q + first on */
    struct pair origin, taps, first;
    int tile;         /* the stream's */
    struct pair grid; /* of phases: tiles begin here, modulo `tile` */
    float *weight;    /* the step's block: weights, biases, slopes */
    const float *bias, *slope;
    size_t phase_floats; /* of weights */
    size_t group_floats; /* of a group of planes: all phases of one channel, or all channels */
    double macs;         /* multiply-adds for one sample of each phase */
    float lo, hi;
    bool add_first;
};

/* The cost of cutting the output, as averages over the multiply-adds of a long area. */
struct stream_cost {
    double overlap[2];  /* [axis]: output samples that an area computes more than it keeps */
    double bytes_a_mac; /* of activations that steps read and write */
    double macs;        /* for each output sample */
    double longest;     /* the part of them that the step with the most does */
    double weight_bytes;
};

struct stream {
    const struct model *m;
    const struct kernels *kernels;
    struct stream_tensor *tensors;
    int tensor_count;
    struct stream_pool *pools;
    int pool_count;
    struct stream_step *steps;
    int step_count;
    int output;                                /* the tensor of the output, in planes */
    int tile;                                  /* phases along a side of a tile: 4 or 6 */
    int round;                                 /* the number of periods that a round makes */
    struct span picture[2][STREAM_PERIOD_MAX]; /* [axis][i]: the first sample that outputs from i
                                                  on need (lo), and the end of those that outputs
                                                  up to i need (hi) */
    struct stream_cost cost;
};

/* The reason why a model cannot be streamed: the layer, and a clause for people. */
struct stream_reason {
    int layer;
    const char *why;
};

/* Builds a stream. `m` is borrowed. If the model has a layer that streams cannot run, returns
 * ERR_OK with *out NULL and *reason filled. ERR_MEMORY. */
enum err_code stream_new(const struct model *m, const struct kernels *kernels, struct stream **out,
                         struct stream_reason *reason, struct err *e);
void stream_free(struct stream *s); /* NULL is fine */

/* Finds the samples of each tensor along an axis that positions `want` of the output need, and
 * those of the picture that are asked for. lo depends only on want.lo, and hi only on want.hi. Both
 * are linear except within a stream_period, so `want` may end before it begins. `spans` has
 * tensor_count entries. */
void stream_needs(const struct stream *s, enum axis axis, struct span want, struct span *spans);

/* Does the same for a picture that is `side` cells long and has edges. It finds the samples that
 * steps read to make samples of the picture, but not those for the zeros around it. */
void stream_needs_within(const struct stream *s, enum axis axis, int side, struct span want,
                         struct span *spans);

/* Returns the samples that a tensor has of a picture with `side` cells along an axis. */
struct span stream_domain(const struct stream_tensor *t, enum axis axis, int side);

/* Returns the part of `want` that whole phases (and tiles) make and that contains all samples of
 * the domain. `want` is in samples of the step's output along an axis. The part may be empty. */
struct span stream_within(const struct stream_step *t, enum axis axis, struct span domain,
                          struct span want);

/* Returns the distance in output samples at which areas are computed in the same way. */
int stream_period(const struct stream *s);

/* Returns by how many output rows each round advances: a whole number of periods. */
int stream_round(const struct stream *s);

/* Prepares rounds that make the output from row `from` on. Sets made[tensor] to the first row that
 * will be made. Returns the row, perhaps before `from`, at which the first round begins. Each round
 * advances by stream_round rows. */
int stream_begin(const struct stream *s, int from, struct span *spans, int *made);

/* Returns the bytes of all weights, of one phase of each step. */
double stream_weight_bytes(const struct stream *s);

/* Finds the `macs` of all steps. */
void stream_find_macs(struct stream *s);

/* Fills s->cost. The macs of the steps must be known. ERR_MEMORY. */
enum err_code stream_find_cost(struct stream *s, struct err *e);

/* Finds the samples of each phase, along one axis, that each step makes for the outputs whose needs
 * are `spans`. */
void stream_lengths(const struct stream *s, enum axis axis, const struct span *spans,
                    double *lengths);

/* Returns the least number of cells for an output of `width` columns. */
static inline int stream_cells(const struct model *m, int width)
{
    return (int)ceil_div(width, m->scale * m->geometry.align);
}

/* Whether the step's outputs are tiles of phases along an axis. */
static inline bool stream_is_tiled(const struct stream_step *t, enum axis axis)
{
    return t->op == STREAM_WINOGRAD || (t->op == STREAM_TALL && axis == AXIS_Y);
}

/* Whether a kernel's store can do this activation. */
static inline bool stream_is_sloped(const struct layer *l)
{
    return l->kind == LAYER_RELU || l->kind == LAYER_LEAKY_RELU || l->kind == LAYER_PRELU;
}

/* Returns the samples q of all phases that make the samples `out` of its output, which are whole
 * phases. */
struct span stream_step_phases(const struct stream_step *t, enum axis axis, struct span out);

/* Returns the input of the step for phases q.lo..q.hi-1 of its output. */
struct span stream_step_input(const struct stream_step *t, enum axis axis, struct span q);

/* Returns the samples of the picture for positions `want` of the output. */
struct span stream_picture(const struct stream *s, enum axis axis, struct span want);

/* Places the grids, and finds what the areas of tensors have beyond those of the output. `spans` is
 * room for one of each tensor. */
void stream_find_spans(struct stream *s, struct span *spans);

/* Simulates rounds, after that, to find which steps read each tensor, its ring or pool, and the
 * sizes of the pools. ERR_MEMORY. */
enum err_code stream_find_kept(struct stream *s, struct span *spans, struct err *e);

/* Returns the first row of a tensor that steps which are not at their `last` row still read, if
 * made[tensor] is the end of the rows that are made. If none is, it is that end. Without `last`
 * (NULL), no step ends. */
int stream_oldest(const struct stream *s, int tensor, const int *made, const int *last);

/* Returns the end of the first slice of rows of a step's output. Between slices, rows that are no
 * longer read give their memory back. Slices are counted from rows.hi. */
int stream_slice_end(const struct stream_step *t, struct span rows);

/* Returns the number of blocks of channels of a tensor, or of its planes. */
static inline int stream_blocks(const struct stream_tensor *t)
{
    return t->blocked ? (t->channels + KERNEL_LANES - 1) / KERNEL_LANES : t->channels;
}

/* Returns the most columns of a tensor that areas of `width` output columns need. */
int stream_widest(const struct stream *s, int width, int tensor);

/* Returns the bytes of a column of cells in all rings and pools together, for `depth` rounds at a
 * time. */
size_t stream_column_bytes(const struct stream *s, int depth);

/* These do the same as the functions of plan.h, but `keep` has the network's own positions, which
 * are not shifted by `crop`, and `sides` are in cells, or NULL. */
enum err_code stream_scratch_bytes(const struct stream *s, int width, size_t *bytes, struct err *e);
void stream_run(const struct stream *s, void *scratch, struct plan_rect keep,
                const struct pair *sides, const struct plan_io *io);

/* Strips as in plan.h. The state is a block of stream_strip_bytes, and the scratch one of
 * stream_round_bytes, both aligned to MEM_ALIGN. Positions are the network's own, as in
 * stream_run. */
enum err_code stream_strip_bytes(const struct stream *s, int width, int depth, size_t *bytes,
                                 struct err *e);
enum err_code stream_round_bytes(const struct stream *s, int width, size_t *bytes, struct err *e);
void stream_strip_begin(const struct stream *s, void *state, struct plan_rect keep,
                        const struct pair *sides, int depth);
void stream_strip_end(void *state);
int stream_strip_round(const void *state, int row);
struct span stream_strip_rows(const void *state, int round);
void stream_strip_run(void *state, void *scratch, int round, struct span rows,
                      const struct plan_io *io);

#endif
