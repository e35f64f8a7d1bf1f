/* nn_nets.h - for tests: whole networks, with the shapes of published ones and random ones. */
#ifndef UPSCALED_TESTS_LIB_NN_NETS_H
#define UPSCALED_TESTS_LIB_NN_NETS_H

#include "engine/nn/model.h"

/* A network of scale 2. net_new makes its weights from a seed; the model is not finished. */
struct net {
    const char *name;
    void (*build)(struct model *m);
    enum model_color color;
};

extern const struct net nets[];
extern const int net_count;

/* Returns the network of that name. There must be one. */
const struct net *net_find(const char *name);

struct model *net_new(const struct net *n, enum model_border border, uint64_t seed);

/* Makes a network of scale 2 that pads inside, as PyTorch's own networks do, for `border: model`.
 * If `whole`, the padding is circular: every output depends on the far side, so the picture cannot
 * be divided. It has no weights yet. */
struct model *net_padded(bool whole);

/* Makes a network of scale 2 with pooling and unpooling, whose windows are multiples of two. It has
 * no weights yet. */
struct model *net_pooling(void);

/* Makes a random network of scale 2 of convolutions, skips, pooling, strides and all kinds of
 * enlargement. model_finish may refuse it. */
struct model *net_random(uint64_t seed);

#endif
