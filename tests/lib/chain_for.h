/* chain_for.h - for tests: the chain of one network, and the scratch that it needs. */
#ifndef UPSCALED_TESTS_LIB_CHAIN_FOR_H
#define UPSCALED_TESTS_LIB_CHAIN_FOR_H

#include "engine/image/image.h"
#include "engine/upscale.h"
#include "tests/lib/harness.h"

static inline struct chain chain_for(const struct plan *p, const struct image_format *in, int width,
                                     int height)
{
    struct chain_set set = chain_set_of(p);
    struct chain c = {.count = 0};
    struct pair from = {in->height, in->width}, to = {height, width};
    ck_assert(chain_choose(&set, from, to, &c));
    return c;
}

static inline enum err_code scratch_of(const struct plan *p, size_t *bytes, struct err *e)
{
    struct chain_set set = chain_set_of(p);
    return upscale_scratch_bytes(&set, bytes, e);
}

#endif
