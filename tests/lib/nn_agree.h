/* nn_agree.h - for tests: plans that must agree. A depth-first plan computes what a layerwise one
 * does, the same bytes for every area, and the same with every fused set of kernels. */
#ifndef UPSCALED_TESTS_LIB_NN_AGREE_H
#define UPSCALED_TESTS_LIB_NN_AGREE_H

#include "tests/lib/nn_plan.h"

extern const struct plan_picture agree_endless; /* without edges */

/* Returns a plan, which the caller frees; with `k` NULL, a layerwise one. */
struct plan *agree_plan(const struct model *m, const struct kernels *k);
bool agree_streams(const struct plan *p);

/* Makes a picture with all pixels that both plans may ask for around an area. The caller frees the
 * samples with mem_free. */
struct test_picture agree_around(const struct plan *a, const struct plan *b, struct plan_rect keep,
                                 uint64_t *seed);

/* Checks that samples agree to the rounding. */
void agree_close(const float *got, const float *want, size_t count, const char *name);

/* Runs both plans over an area. Parts of the area must have the same bytes. Returns whether the
 * network is streamed. */
bool agree_both_ways(const struct model *m, const char *name, uint64_t seed);

/* Runs both plans over a whole picture of a random size, at whose edges the network pads. Returns
 * whether the network is streamed. */
bool agree_padded(const struct model *m, const char *name, uint64_t *seed);

/* Checks that the sets with fused multiply-add agree to the bit, and the others to the rounding. */
void agree_sets(const struct model *m, const char *name, uint64_t *seed);

#endif
