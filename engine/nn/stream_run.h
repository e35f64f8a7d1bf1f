/* stream_run.h - what a round does: it runs steps, and stores rows. Only the files of engine/nn use
 * this header. */
#ifndef UPSCALED_NN_STREAM_RUN_H
#define UPSCALED_NN_STREAM_RUN_H

#include "engine/nn/stream_area.h"

/* Makes the rows of the step's output that the round needs, of which a->y says the end, and that
 * are not made yet. Rows may be missing once a->io is cancelled. */
void stream_run_step(struct stream_area *a, const struct stream_step *t);

/* Stores rows of the output, which are made. */
void stream_run_store(const struct stream_area *a, struct plan_rect keep, struct span rows);

#endif
