/* chain.c - see chain.h. */
#include "engine/tiles/chain.h"

#include <stddef.h>

enum { COLORS = COLOR_RGB + 1, BORDERS = BORDER_MODEL + 1 };

/* For each factor, the cheapest network among those that may follow each other, or NULL. */
struct shelf {
    const struct plan *of[CHAIN_FACTOR_MOST + 1];
};

struct chain chain_repeated(const struct plan *p, int count)
{
    struct chain c = {.count = count};
    for (int k = 0; k < count; k++)
        c.plans[k] = p;
    return c;
}

const struct model *chain_model(const struct chain *c)
{
    return plan_model(c->plans[0]);
}

int chain_side(const struct chain *c, int stage, int side)
{
    for (int k = 0; k < stage; k++)
        side *= plan_model(c->plans[k])->scale;
    return side;
}

int chain_factor(const struct chain *c)
{
    return chain_side(c, c->count, 1);
}

bool chain_is_whole(const struct chain *c)
{
    bool whole = false;
    for (int k = 0; k < c->count; k++)
        whole = whole || plan_model(c->plans[k])->geometry.whole;
    return whole;
}

static double macs_of(const struct plan *p)
{
    return plan_model(p)->geometry.macs_per_pixel;
}

double chain_macs(const struct chain *c)
{
    double macs = 0;
    for (int k = 0; k < c->count; k++) {
        double side = chain_side(c, k, 1);
        macs += macs_of(c->plans[k]) * side * side;
    }
    return macs;
}

/* Collects the networks of this colour and border. Returns false if there are none. */
static bool fill_shelf(const struct chain_set *set, int color, int border, struct shelf *s)
{
    bool any = false;
    *s = (struct shelf){{NULL}};
    for (int i = 0; i < set->count; i++) {
        const struct model *m = plan_model(set->plans[i]);
        const struct plan **place = &s->of[m->scale];
        if ((int)m->color != color || (int)m->border != border)
            continue;
        any = true;
        if (!*place || macs_of(set->plans[i]) < macs_of(*place))
            *place = set->plans[i];
    }
    return any;
}

static bool is_better(const struct chain *a, const struct chain *b)
{
    double one = chain_macs(a), other = chain_macs(b);
    if (one < other || one > other)
        return one < other;
    return a->count != b->count ? a->count < b->count : chain_factor(a) < chain_factor(b);
}

/* Makes chain number `code` of the shelf. The digits of the code are factors, and 0 ends it.
 * Returns false if a network is missing, or if the chain has one that changes nothing. */
static bool take_chain(const struct shelf *s, int code, int least, struct chain *c)
{
    *c = (struct chain){.count = 0};
    for (; code > 0; code /= CHAIN_FACTOR_MOST + 1) {
        const struct plan *p = s->of[code % (CHAIN_FACTOR_MOST + 1)];
        if (!p || (c->count > 0 && chain_factor(c) >= least))
            return false;
        c->plans[c->count++] = p;
    }
    return c->count > 0 && chain_factor(c) >= least;
}

static void choose_from(const struct shelf *s, int least, struct chain *best)
{
    enum { DIGITS = CHAIN_FACTOR_MOST + 1, CODES = DIGITS * DIGITS * DIGITS };
    for (int code = 1; code < CODES; code++) {
        struct chain c;
        if (take_chain(s, code, least, &c) && (best->count == 0 || is_better(&c, best)))
            *best = c;
    }
}

bool chain_choose_factor(const struct chain_set *set, int factor, bool exact, struct chain *c)
{
    struct chain best = {.count = 0};
    for (int i = 0; exact && i < set->count; i++) {
        const struct plan *p = set->plans[i];
        if (plan_model(p)->scale == factor &&
            (best.count == 0 || macs_of(p) < macs_of(best.plans[0])))
            best = chain_repeated(p, 1);
    }
    bool found = best.count > 0;
    for (int k = 0; !found && k < COLORS * BORDERS; k++) {
        struct shelf s;
        if (fill_shelf(set, k % COLORS, k / COLORS, &s))
            choose_from(&s, factor, &best);
    }
    if (best.count > 0)
        *c = best;
    return best.count > 0;
}

bool chain_choose(const struct chain_set *set, struct pair in, struct pair out, struct chain *c)
{
    int y = (out.y + in.y - 1) / in.y, x = (out.x + in.x - 1) / in.x;
    bool exact = x == y && x * in.x == out.x && y * in.y == out.y;
    return chain_choose_factor(set, x > y ? x : y, exact, c);
}
