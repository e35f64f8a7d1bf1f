/* plan_ways.h - the parts of a plan. Only the files of engine/nn use this header; plan.h is the
 * interface. */
#ifndef UPSCALED_NN_PLAN_WAYS_H
#define UPSCALED_NN_PLAN_WAYS_H

#include "engine/nn/layerwise.h"
#include "engine/nn/stream.h"

enum { RINGS_IN_L2 = 3 }; /* the caches hold rings of up to so many times the L2 */

struct plan {
    const struct model *m;
    struct stream *stream; /* or NULL; then: */
    struct layerwise *layerwise;
    struct stream_reason reason; /* says why there is no stream */
};

#endif
