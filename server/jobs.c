/* jobs.c - see jobs.h. */
#include "server/jobs.h"

#include <pthread.h>

#include "engine/base/mem.h"

struct jobs {
    struct jobs_config config;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last;
    int running, waiting;
    bool closed, stop;
    int thread_count;
    pthread_t threads[];
};

static struct job *take_first(struct jobs *j)
{
    struct job *job = j->first;
    j->first = job->next;
    if (!j->first)
        j->last = &j->first;
    j->waiting--;
    return job;
}

static void *drive(void *arg)
{
    struct jobs *j = arg;
    pthread_mutex_lock(&j->lock);
    for (;;) {
        while (!j->first && !j->stop)
            pthread_cond_wait(&j->work, &j->lock);
        if (j->stop)
            break;
        struct job *job = take_first(j);
        j->running++;
        pthread_mutex_unlock(&j->lock);
        job->run(job);
        pthread_mutex_lock(&j->lock);
        j->running--;
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

enum err_code jobs_new(const struct jobs_config *config, struct jobs **out, struct err *e)
{
    size_t threads = (size_t)config->running;
    struct jobs *j = mem_calloc(1, sizeof *j + threads * sizeof j->threads[0]);
    if (!j)
        return err_set(e, ERR_MEMORY, "no memory for %d jobs", config->running);
    j->config = *config;
    j->last = &j->first;
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->work, NULL);
    for (; j->thread_count < config->running; j->thread_count++)
        if (pthread_create(&j->threads[j->thread_count], NULL, drive, j) != 0) {
            err_set(e, ERR_MEMORY, "only %d of %d threads could be started (--max-running)",
                    j->thread_count, config->running);
            jobs_free(j);
            return ERR_MEMORY;
        }
    *out = j;
    return ERR_OK;
}

void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    struct err why = ERR_INIT;
    err_set(&why, ERR_DRAINING, "the server is shutting down");

    pthread_mutex_lock(&j->lock);
    j->closed = true;
    j->stop = true;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < j->thread_count; i++)
        pthread_join(j->threads[i], NULL);
    while (j->first) {
        struct job *job = take_first(j);
        job->drop(job, &why);
    }
    pthread_cond_destroy(&j->work);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}

/* Under the lock. An idle driver takes a job at once, so it does not count as waiting. */
static enum err_code judge(const struct jobs *j, struct err *e)
{
    if (j->closed)
        return err_set(e, ERR_DRAINING, "the server is shutting down");
    int idle = j->config.running - j->running;
    if (j->waiting >= j->config.waiting + idle)
        return err_set_limit(
            e, ERR_BUSY, "queue", (uint64_t)j->config.waiting,
            "%d requests are in work or wait; no more may (--max-running, --queue)",
            j->running + j->waiting);
    return ERR_OK;
}

enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    enum err_code rc = judge(j, e);
    if (rc == ERR_OK) {
        job->queued_ms = now_ms;
        job->next = NULL;
        *j->last = job;
        j->last = &job->next;
        j->waiting++;
        job->admitted(job);
        pthread_cond_signal(&j->work);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

enum err_code jobs_would_admit(struct jobs *j, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    enum err_code rc = judge(j, e);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

/* Unlinks from the queue all that must go, in order; the list of them. */
static struct job *take_expired(struct jobs *j, int64_t now_ms)
{
    struct job *gone = NULL, **gone_last = &gone;
    struct job **at = &j->first;
    while (*at) {
        struct job *job = *at;
        if (!atomic_load(&job->cancel) && now_ms - job->queued_ms < j->config.timeout_ms) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        job->next = NULL;
        *gone_last = job;
        gone_last = &job->next;
        j->waiting--;
    }
    j->last = at;
    return gone;
}

void jobs_tick(struct jobs *j, int64_t now_ms)
{
    pthread_mutex_lock(&j->lock);
    struct job *gone = take_expired(j, now_ms);
    pthread_mutex_unlock(&j->lock);
    while (gone) {
        struct job *job = gone;
        struct err why = ERR_INIT;
        gone = job->next; /* drop may free the job */
        if (atomic_load(&job->cancel))
            err_set(&why, ERR_CANCELLED, "the client has left");
        else
            err_set_limit(&why, ERR_BUSY, "queue-timeout", (uint64_t)j->config.timeout_ms / 1000,
                          "the request has waited %lld s for its turn (--queue-timeout)",
                          (long long)(j->config.timeout_ms / 1000));
        job->drop(job, &why);
    }
}

void jobs_close(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    j->closed = true;
    pthread_mutex_unlock(&j->lock);
}

void jobs_count(struct jobs *j, int *running, int *waiting)
{
    pthread_mutex_lock(&j->lock);
    *running = j->running;
    *waiting = j->waiting;
    pthread_mutex_unlock(&j->lock);
}
