/* chain.h - the networks that enlarge a picture, one after another, and which ones those are.
 *
 * Each network of a chain runs over the output of the one before, in float. Stage 0 is the picture,
 * stage k what k networks made of it. Threads: pure functions. */
#ifndef UPSCALED_TILES_CHAIN_H
#define UPSCALED_TILES_CHAIN_H

#include "engine/nn/plan.h"

enum {
    CHAIN_MOST = 3,      /* networks: 2^3 is the largest factor */
    CHAIN_SET_MOST = 32, /* networks to choose from */
    CHAIN_FACTOR_MOST = 8
};

struct chain {
    const struct plan *plans[CHAIN_MOST]; /* of one colour and border */
    int count;
};

/* Networks of one style, of which each request takes a chain. Borrowed. */
struct chain_set {
    const struct plan *plans[CHAIN_SET_MOST];
    int count;
};

static inline struct chain_set chain_set_of(const struct plan *p)
{
    return (struct chain_set){{p}, 1};
}

/* The same network `count` times. */
struct chain chain_repeated(const struct plan *p, int count);

/* What all networks of the chain have in common: colour, channels at the ends, border. */
const struct model *chain_model(const struct chain *c);

/* The size that stage `stage` has of a side, and the factor of the whole chain. */
int chain_side(const struct chain *c, int stage, int side);
int chain_factor(const struct chain *c);

/* Whether a network needs the whole picture (geometry.whole). */
bool chain_is_whole(const struct chain *c);

/* Multiply-adds for each pixel of the picture, without halos. */
double chain_macs(const struct chain *c);

/* Chooses the chain for a picture with the sides `in` whose output has the sides `out`: the network
 * with exactly that factor; else, of the chains that make at least the output's size, the one with the
 * fewest multiply-adds (chain_macs), whose result is reduced. Of equals the shorter counts, and then
 * the one with the smaller factor. False where no chain makes the size. */
bool chain_choose(const struct chain_set *set, struct pair in, struct pair out, struct chain *c);

/* The same by the factor, which may stand for all that lie between it and the one below: then not
 * `exact`. */
bool chain_choose_factor(const struct chain_set *set, int factor, bool exact, struct chain *c);

#endif
