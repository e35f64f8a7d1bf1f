/* plan_ways.h - what a plan consists of. Inside nn only: plan.h is the interface. */
#ifndef UPSCALED_NN_PLAN_WAYS_H
#define UPSCALED_NN_PLAN_WAYS_H

#include "engine/nn/layerwise.h"
#include "engine/nn/stream.h"

struct plan {
    const struct model *m;
    struct stream *stream; /* or NULL; then: */
    struct layerwise *layerwise;
    struct stream_reason reason; /* why there is no stream */
};

#endif
