/* stream_wave.h - lets several rounds of a strip run at a time, one behind another.
 *
 * A round may run a step once the round before has ended it. So each step makes its rows in order,
 * every row that a step reads is made, and no two threads run one step. A thread takes a round
 * through all steps and finds most rows in its own cache: of the round before it reads only those
 * at the border.
 * Threads: a wave is what they share. */
#ifndef UPSCALED_NN_STREAM_WAVE_H
#define UPSCALED_NN_STREAM_WAVE_H

#include <pthread.h>
#include <stdbool.h>

struct stream_wave {
    pthread_mutex_t mutex; /* protects everything here, and what stream_area.h says */
    pthread_cond_t moved;
    bool stopped; /* a round ended early, so none can go on */
    int *ended;   /* [steps]: how many rounds have ended each step */
};

/* `ended` is room for one number of each step, and is borrowed. */
void stream_wave_begin(struct stream_wave *w, int *ended, int steps);
void stream_wave_end(struct stream_wave *w);

/* Waits until `count` rounds have ended the step. Returns false if none can go on. */
bool stream_wave_await(struct stream_wave *w, int step, int count);

/* Tells the other rounds that one more has ended the step. */
void stream_wave_pass(struct stream_wave *w, int step);

/* Tells them that none can go on. */
void stream_wave_stop(struct stream_wave *w);

/* Returns how many rounds have ended the step. */
int stream_wave_ended(struct stream_wave *w, int step);

/* These hold the mutex. `w` may be NULL, if there is only one thread. */
void stream_wave_lock(struct stream_wave *w);
void stream_wave_unlock(struct stream_wave *w);

#endif
