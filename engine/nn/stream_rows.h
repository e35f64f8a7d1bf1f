/* stream_rows.h - one step over some rows of an area under way. Inside nn only. */
#ifndef UPSCALED_NN_STREAM_ROWS_H
#define UPSCALED_NN_STREAM_ROWS_H

#include "engine/nn/stream_area.h"

/* Makes rows.lo..rows.hi-1 of the step's output: whole phases, whole tiles. Not for load. */
void stream_rows(const struct stream_area *a, const struct stream_step *t, struct span rows);

#endif
