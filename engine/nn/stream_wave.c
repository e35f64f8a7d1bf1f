/* stream_wave.c - see stream_wave.h. */
#include "engine/nn/stream_wave.h"

void stream_wave_begin(struct stream_wave *w, int *ended, int steps)
{
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->moved, NULL);
    w->stopped = false;
    w->ended = ended;
    for (int k = 0; k < steps; k++)
        ended[k] = 0;
}

void stream_wave_end(struct stream_wave *w)
{
    pthread_cond_destroy(&w->moved);
    pthread_mutex_destroy(&w->mutex);
}

bool stream_wave_await(struct stream_wave *w, int step, int count)
{
    pthread_mutex_lock(&w->mutex);
    while (w->ended[step] < count && !w->stopped)
        pthread_cond_wait(&w->moved, &w->mutex);
    bool goes_on = !w->stopped;
    pthread_mutex_unlock(&w->mutex);
    return goes_on;
}

void stream_wave_pass(struct stream_wave *w, int step)
{
    pthread_mutex_lock(&w->mutex);
    w->ended[step]++;
    pthread_cond_broadcast(&w->moved);
    pthread_mutex_unlock(&w->mutex);
}

void stream_wave_stop(struct stream_wave *w)
{
    pthread_mutex_lock(&w->mutex);
    w->stopped = true;
    pthread_cond_broadcast(&w->moved);
    pthread_mutex_unlock(&w->mutex);
}

int stream_wave_ended(struct stream_wave *w, int step)
{
    pthread_mutex_lock(&w->mutex);
    int ended = w->ended[step];
    pthread_mutex_unlock(&w->mutex);
    return ended;
}

void stream_wave_lock(struct stream_wave *w)
{
    if (w)
        pthread_mutex_lock(&w->mutex);
}

void stream_wave_unlock(struct stream_wave *w)
{
    if (w)
        pthread_mutex_unlock(&w->mutex);
}
