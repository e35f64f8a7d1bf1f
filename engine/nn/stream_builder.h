/* stream_builder.h - a stream in the making. For stream_build.c and stream_fuse.c. */
#ifndef UPSCALED_NN_STREAM_BUILDER_H
#define UPSCALED_NN_STREAM_BUILDER_H

#include "engine/nn/geometry.h"
#include "engine/nn/stream.h"

enum { STREAM_NONE = -1 };

/* What a layer gives: tensors whose channels follow each other (concat makes several). */
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
    int *planar;                 /* a tensor's twin in planes, or STREAM_NONE */
    const struct extent *y, *x;
    int picture; /* cells that the extents are of */
    struct stream_reason reason;
};

/* The only layer that reads layer i's value, or STREAM_NONE. */
int stream_only_reader(const struct stream_builder *b, int i);

/* How far the centre crop of an add or concat moves its input `id`, in samples. */
struct pair stream_crop(const struct stream_builder *b, int layer, int id);

/* Fuses the layers behind layer i, which step t computes, into the step as far as the store can do
 * them. Returns the last, the activation among them (or NULL), and how far its samples are shifted
 * in t's tensor. */
int stream_fuse(struct stream_builder *b, struct stream_step *t, int i, const struct layer **sloped,
                struct pair *shift);

static inline struct pair pair_plus(struct pair a, struct pair b)
{
    return (struct pair){a.y + b.y, a.x + b.x};
}

#endif
