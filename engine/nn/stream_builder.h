/* stream_builder.h - a stream that is being built, and the functions that add tensors and steps to
 * it. For stream_build.c, stream_choose.c and stream_fuse.c. */
#ifndef UPSCALED_NN_STREAM_BUILDER_H
#define UPSCALED_NN_STREAM_BUILDER_H

#include "engine/nn/geometry.h"
#include "engine/nn/lower.h"
#include "engine/nn/stream.h"

enum { STREAM_NONE = -1 };

/* The output of a layer: tensors whose channels follow each other (concat makes several). */
struct stream_value {
    struct stream_part parts[STREAM_PARTS_MAX];
    int count, channels;
    bool made;
};

struct stream_builder {
    struct stream *s;
    const struct model *m;
    struct stream_value *values; /* [0] the picture, [1 + i] layer i */
    int *readers;                /* of each value */
    int *planar;                 /* the copy of a tensor in planes, or STREAM_NONE */
    const struct extent *y, *x;
    int picture; /* the cells of the picture for which the extents are */
    struct stream_reason reason;
};

/* Makes this tensor the value of layer i. */
void stream_give(struct stream_builder *b, int i, int tensor, struct pair shift);

/* Returns the side of the tiles that suit the model's layers. Tiles of 6x6 need 21 % fewer
 * multiply-adds than tiles of 4x4, but their transforms cost more, which tells with one block of
 * channels (SPEED.md). */
int stream_choose_tile(const struct model *m);

/* Returns the way in which a convolution runs. `blocked`: its input has blocks of channels. */
enum stream_op stream_choose(const struct stream_builder *b, const struct lowered *l, bool blocked);

/* Whether the phases of a convolution become channels of one. */
bool stream_folds(const struct stream_builder *b, const struct lowered *l, bool blocked);

/* Adds a tensor for the output of a layer, and returns its index. */
int stream_new_tensor(struct stream_builder *b, bool blocked, int channels, struct pair rate,
                      int layer);

/* Adds a step for a layer, or for none with LAYER_INPUT. */
struct stream_step *stream_new_step(struct stream_builder *b, enum stream_op op, int layer);

/* Returns the same samples in planes. The copy is made once for all steps that read it. */
struct stream_part stream_as_planes(struct stream_builder *b, struct stream_part part);

/* Whether the channels of all parts fill whole blocks. */
bool stream_is_blocked(const struct stream_builder *b, const struct stream_value *v);

/* Sets the inputs of a step. stream_prepare_inputs must come before the step is added, so that the
 * steps that it needs come first. */
void stream_set_inputs(struct stream_builder *b, struct stream_step *t,
                       const struct stream_value *v, bool blocked);
void stream_prepare_inputs(struct stream_builder *b, const struct stream_value *v, bool blocked);

/* Joins all parts of a value in one tensor of planes. */
struct stream_part stream_joined(struct stream_builder *b, const struct stream_value *v, int layer);

/* Returns the only layer that reads the value of layer i, or STREAM_NONE. */
int stream_only_reader(const struct stream_builder *b, int i);

/* Returns how far the centre crop of an add or concat moves its input `id`, in samples. */
struct pair stream_crop(const struct stream_builder *b, int layer, int id);

/* The layers that became part of a step, and how far its samples are shifted in the tensor. */
struct stream_fused {
    const struct layer *affine, *sloped; /* or NULL */
    struct pair shift;
};

/* Fuses the layers after layer i, the convolution that step t computes, into the step as far as its
 * weights and its store can do them. Returns the last of them. `f` must be zero. */
int stream_fuse(struct stream_builder *b, struct stream_step *t, int i, struct stream_fused *f);

static inline struct pair pair_plus(struct pair a, struct pair b)
{
    return (struct pair){a.y + b.y, a.x + b.x};
}

#endif
