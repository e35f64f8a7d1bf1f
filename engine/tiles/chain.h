/* chain.h - the networks that enlarge a picture one after another, and their choice.
 *
 * Each network of a chain runs over the output of the one before, in float. Stage 0 is the picture,
 * and stage k is the output of the k-th network. Threads: pure functions. */
#ifndef UPSCALED_TILES_CHAIN_H
#define UPSCALED_TILES_CHAIN_H

#include "engine/nn/plan.h"

enum {
    CHAIN_MOST = 3,      /* networks in a chain: 2^3 is the largest factor */
    CHAIN_SET_MOST = 32, /* networks in a set */
    CHAIN_FACTOR_MOST = 8
};

struct chain {
    const struct plan *plans[CHAIN_MOST]; /* all have the same colour and border */
    int count;
};

/* The networks of one style. Each request uses a chain of them. The plans are borrowed. */
struct chain_set {
    const struct plan *plans[CHAIN_SET_MOST];
    int count;
};

static inline struct chain_set chain_set_of(const struct plan *p)
{
    return (struct chain_set){{p}, 1};
}

/* Returns the chain that runs the same network `count` times. */
struct chain chain_repeated(const struct plan *p, int count);

/* Returns a model with what all networks of the chain have in common: colour, channels at the ends,
 * border. */
const struct model *chain_model(const struct chain *c);

/* Return the size of a side at stage `stage`, and the factor of the whole chain. */
int chain_side(const struct chain *c, int stage, int side);
int chain_factor(const struct chain *c);

/* Whether a network needs the whole picture (geometry.whole). */
bool chain_is_whole(const struct chain *c);

/* Returns the multiply-adds for each pixel of the picture, without halos. */
double chain_macs(const struct chain *c);

/* Chooses the chain for a picture with the sides `in` whose output has the sides `out`. It is the
 * network with exactly that factor, if there is one. Otherwise it is the chain with the fewest
 * multiply-adds (chain_macs) among those that make at least the size of the output; its result is
 * then reduced. Of equal chains the shorter one is chosen, and then the one with the smaller
 * factor. Returns false if no chain makes the size. */
bool chain_choose(const struct chain_set *set, struct pair in, struct pair out, struct chain *c);

/* Does the same for a factor. If not `exact`, the factor stands for all numbers between it and the
 * next lower whole one. Returns false if no chain makes the factor. */
bool chain_choose_factor(const struct chain_set *set, int factor, bool exact, struct chain *c);

#endif
