/* stream_rows.h - runs one step over some rows of an area. Only the files of engine/nn use this
 * header. */
#ifndef UPSCALED_NN_STREAM_ROWS_H
#define UPSCALED_NN_STREAM_ROWS_H

#include "engine/nn/stream_area.h"

/* Makes rows.lo..rows.hi-1 of the step's output, which are whole phases and whole tiles. It does
 * not run STREAM_LOAD. */
void stream_rows(const struct stream_area *a, const struct stream_step *t, struct span rows);

#endif
