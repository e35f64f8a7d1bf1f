/* stream_moves.h - runs the steps that are no convolutions: they add, multiply, activate, enlarge
 * or arrange samples anew. The arguments are those of stream_rows. Only the files of engine/nn use
 * this header. */
#ifndef UPSCALED_NN_STREAM_MOVES_H
#define UPSCALED_NN_STREAM_MOVES_H

#include "engine/nn/stream_area.h"

void stream_unblock(const struct stream_area *a, const struct stream_step *t, struct span rows);
void stream_merge(const struct stream_area *a, const struct stream_step *t, struct span rows);
void stream_join(const struct stream_area *a, const struct stream_step *t, struct span rows);
void stream_shuffle(const struct stream_area *a, const struct stream_step *t, struct span rows);
void stream_unshuffle(const struct stream_area *a, const struct stream_step *t, struct span rows);
void stream_upsample(const struct stream_area *a, const struct stream_step *t, struct span rows);

#endif
