/* jobs.c - see jobs.h. */
#include "server/work/jobs.h"

#include <math.h>
#include <pthread.h>

#include "engine/base/mem.h"
#include "server/work/admission.h"
#include "server/work/returns.h"
#include "server/work/turns.h"

enum { PLACES_MS = 100 }; /* computed places remain in use for so long */

struct jobs {
    struct jobs_config config;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last; /* the waiting jobs, in order of arrival */
    struct job *running_first;
    int running, waiting, long_running;
    struct returns returns;
    uint64_t submitted;
    int64_t now_ms;    /* the latest time that a caller gave */
    int64_t placed_ms; /* when the places were computed; -1: they are out of date */
    bool closed, stop;
    int thread_count;
    pthread_t threads[];
};

static struct turns turns_now(const struct jobs *j)
{
    return (struct turns){
        .now_ms = j->now_ms,
        .patience_ms = j->config.timeout_ms / 2,
        .long_places = turns_long_places(j->config.running) - j->long_running,
        .memory_bytes = j->config.budget ? budget_free(j->config.budget) : INT64_MAX,
    };
}

static struct job *unlink_waiting(struct jobs *j, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (!*at)
        j->last = at;
    j->waiting--;
    j->placed_ms = -1;
    return job;
}

/* Moves the next job from the waiting to the running jobs. Returns NULL if none can begin. */
static struct job *begin_next(struct jobs *j)
{
    const struct turns turns = turns_now(j);
    struct job **at = turns_next(&j->first, &turns);
    if (!at || (j->config.budget && !budget_take(j->config.budget, BUDGET_WORK, (*at)->bytes)))
        return NULL;
    struct job *job = unlink_waiting(j, at);
    job->started_ms = j->now_ms;
    job->next = j->running_first;
    j->running_first = job;
    j->running++;
    j->long_running += turns_is_long(job->expected_ms);
    return job;
}

static void end(struct jobs *j, struct job *job)
{
    struct job **at = &j->running_first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    j->running--;
    j->long_running -= turns_is_long(job->expected_ms);
    j->placed_ms = -1;
    pthread_cond_signal(&j->work); /* a long job may wait for the place of this one */
}

static void *drive(void *arg)
{
    struct jobs *j = arg;
    pthread_mutex_lock(&j->lock);
    while (!j->stop) {
        struct job *job = begin_next(j);
        if (!job) {
            pthread_cond_wait(&j->work, &j->lock);
            continue;
        }
        pthread_mutex_unlock(&j->lock);
        job->run(job);
        pthread_mutex_lock(&j->lock);
        end(j, job);
        pthread_mutex_unlock(&j->lock);
        job->done(job);
        pthread_mutex_lock(&j->lock);
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
    if (j->config.workers == 0)
        j->config.workers = 1;
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
        struct job *job = unlink_waiting(j, &j->first);
        job->drop(job, &why);
    }
    pthread_cond_destroy(&j->work);
    pthread_mutex_destroy(&j->lock);
    mem_free(j);
}

/* Returns how long the workers need for the jobs in the queue. On average, half of each running job
 * is left. A waiting job counts if it is no longer than `length`. */
static double backlog_ms(const struct jobs *j, double length)
{
    double sum = 0;
    for (const struct job *job = j->running_first; job; job = job->next)
        sum += job->expected_ms / 2;
    for (const struct job *job = j->first; job; job = job->next)
        if (job->expected_ms <= length)
            sum += job->expected_ms;
    return sum / j->config.workers;
}

/* Returns the seconds after which a client that is refused now should come back. */
static unsigned retry_s(const struct jobs *j)
{
    return returns_seconds(&j->returns, j->now_ms, backlog_ms(j, HUGE_VAL));
}

/* Notes that a client was told to come back after retry_s. */
static void promise(struct jobs *j, double expected_ms)
{
    returns_promise(&j->returns, j->now_ms, backlog_ms(j, HUGE_VAL),
                    expected_ms / j->config.workers);
}

/* Whether a driver remains for the new job after the waiting jobs that can begin have theirs. */
static bool has_driver(const struct jobs *j, double expected_ms)
{
    int idle = j->config.running - j->running, left = turns_now(j).long_places;
    for (const struct job *job = j->first; job; job = job->next)
        if (!turns_is_long(job->expected_ms) || left-- > 0)
            idle--;
    return idle > 0 && (!turns_is_long(expected_ms) || left > 0);
}

/* Call it under the lock. */
static enum err_code would_admit(const struct jobs *j, double expected_ms, struct err *e)
{
    if (j->closed)
        return err_set(e, ERR_DRAINING, "the server is shutting down");
    const struct queue_state q = {
        .drivers = j->config.running,
        .running = j->running,
        .places = j->config.waiting,
        .waiting = j->waiting,
        .timeout_ms = j->config.timeout_ms,
        .wait_ms = has_driver(j, expected_ms) ? 0 : backlog_ms(j, expected_ms),
        .retry_s = retry_s(j),
    };
    return admission_queue(&q, e);
}

static void keep_time(struct jobs *j, int64_t now_ms)
{
    if (now_ms > j->now_ms)
        j->now_ms = now_ms;
}

static void offer(struct jobs *j, double expected_ms)
{
    returns_offer(&j->returns, j->now_ms, expected_ms / j->config.workers);
}

/* Counts a request that is refused. */
static void refuse(struct jobs *j, double expected_ms)
{
    offer(j, expected_ms);
    promise(j, expected_ms);
}

enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    enum err_code rc = would_admit(j, job->expected_ms, e);
    if (rc == ERR_BUSY)
        refuse(j, job->expected_ms);
    if (rc == ERR_OK) {
        offer(j, job->expected_ms);
        job->number = ++j->submitted;
        job->queued_ms = now_ms;
        job->next = NULL;
        j->placed_ms = -1;
        *j->last = job;
        j->last = &job->next;
        j->waiting++;
        job->admitted(job);
        pthread_cond_signal(&j->work);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

enum err_code jobs_would_admit(struct jobs *j, double expected_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    enum err_code rc = would_admit(j, expected_ms, e);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

enum err_code jobs_admit_upload(struct jobs *j, int64_t now_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    enum err_code rc = would_admit(j, 0, e);
    if (rc == ERR_BUSY)
        refuse(j, 0);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

struct job_place jobs_place(struct jobs *j, uint64_t number, int64_t now_ms)
{
    struct job_place place = {0, 0};
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    if (j->placed_ms < 0 || j->now_ms - j->placed_ms >= PLACES_MS) {
        const struct turns turns = turns_now(j);
        turns_arrange(j->first, j->waiting, &turns);
        j->placed_ms = j->now_ms;
    }
    for (const struct job *job = j->first; job; job = job->next)
        if (job->number == number)
            place = job->place;
    pthread_mutex_unlock(&j->lock);
    place.before_ms /= j->config.workers;
    return place;
}

void jobs_wake(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    if (j->waiting > 0)
        pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
}

/* Unlinks the jobs that must leave the queue, and returns them in order. */
static struct job *take_expired(struct jobs *j, int64_t now_ms)
{
    struct job *gone = NULL, **gone_last = &gone;
    struct job **at = &j->first;
    j->placed_ms = -1;
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

/* Cancels the jobs that have run for too long. `run` checks the flag after each band. */
static void cancel_overdue(struct jobs *j, int64_t now_ms)
{
    for (struct job *job = j->running_first; job && j->config.work_ms > 0; job = job->next)
        if (now_ms - job->started_ms >= j->config.work_ms && !atomic_load(&job->cancel)) {
            atomic_store(&job->timed_out, true);
            atomic_store(&job->cancel, true);
        }
}

void jobs_tick(struct jobs *j, int64_t now_ms)
{
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    cancel_overdue(j, now_ms);
    struct job *gone = take_expired(j, now_ms);
    if (j->waiting > 0)
        pthread_cond_broadcast(&j->work); /* the order changes as the jobs age */
    for (struct job *job = gone; job; job = job->next)
        if (!atomic_load(&job->cancel)) {
            job->retry_s = retry_s(j);
            promise(j, job->expected_ms);
        }
    pthread_mutex_unlock(&j->lock);
    while (gone) {
        struct job *job = gone;
        struct err why = ERR_INIT;
        gone = job->next; /* drop may free the job */
        if (atomic_load(&job->cancel)) {
            err_set(&why, ERR_CANCELLED, "the request was cancelled while it waited");
        } else {
            err_set_limit(&why, ERR_BUSY, "queue-timeout", (uint64_t)j->config.timeout_ms / 1000,
                          "the request waited for %lld s and did not begin (--queue-timeout)",
                          (long long)(j->config.timeout_ms / 1000));
            err_set_retry(&why, job->retry_s);
        }
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

int64_t jobs_oldest_ms(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    int64_t oldest = j->first ? j->first->queued_ms : -1;
    pthread_mutex_unlock(&j->lock);
    return oldest;
}

unsigned jobs_retry_s(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    unsigned s = retry_s(j);
    pthread_mutex_unlock(&j->lock);
    return s;
}

unsigned jobs_refuse_upload(struct jobs *j, int64_t now_ms)
{
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    unsigned s = retry_s(j);
    refuse(j, 0);
    pthread_mutex_unlock(&j->lock);
    return s;
}
