/* jobs.c - see jobs.h. */
#include "server/work/jobs.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "engine/base/mem.h"

enum {
    LONG_MS = 1000,     /* of a worker: from there on a job is long */
    RETRY_MOST_S = 600, /* after that nobody comes back */
};

struct jobs {
    struct jobs_config config;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, **last; /* that wait, in order of arrival */
    struct job *running_first;
    int running, waiting, long_running;
    int64_t now_ms; /* the latest that was given */
    bool closed, stop;
    int thread_count;
    pthread_t threads[];
};

static bool is_long(const struct job *job)
{
    return job->expected_ms >= LONG_MS;
}

/* How many long ones may begin now, were there drivers. */
static int long_left(const struct jobs *j)
{
    return j->config.running - j->config.running / 4 - j->long_running;
}

double jobs_length(const struct job *job)
{
    double length = job->expected_ms / (job->weight > 0 ? job->weight : 1);
    return length > 1 ? length : 1;
}

static double response_ratio(const struct jobs *j, const struct job *job)
{
    double length = jobs_length(job);
    return ((double)(j->now_ms - job->queued_ms) + length) / length;
}

/* Where a driver for it would be, were there memory. */
static bool may_run(const struct jobs *j, const struct job *job)
{
    return !is_long(job) || long_left(j) > 0;
}

static bool has_memory(struct jobs *j, const struct job *job)
{
    return !j->config.budget || budget_fits(j->config.budget, BUDGET_WORK, job->bytes);
}

/* The link of the job whose turn it is, or NULL. One that memory is short for is passed over, but
 * only for half of the time that it may wait: from then on the others keep out of its way. */
static struct job **find_next(struct jobs *j)
{
    struct job **best = NULL;
    double highest = 0;
    for (struct job **at = &j->first; *at; at = &(*at)->next) {
        double ratio = response_ratio(j, *at);
        if (!may_run(j, *at))
            continue;
        if (!has_memory(j, *at)) {
            if (j->now_ms - (*at)->queued_ms >= j->config.timeout_ms / 2)
                return NULL;
            continue;
        }
        if (!best || ratio > highest) {
            best = at;
            highest = ratio;
        }
    }
    return best;
}

static struct job *unlink_waiting(struct jobs *j, struct job **at)
{
    struct job *job = *at;
    *at = job->next;
    if (!*at)
        j->last = at;
    j->waiting--;
    return job;
}

/* Makes the job whose turn it is a running one; NULL where there is none. */
static struct job *begin_next(struct jobs *j)
{
    struct job **at = find_next(j);
    if (!at || (j->config.budget && !budget_take(j->config.budget, BUDGET_WORK, (*at)->bytes)))
        return NULL;
    struct job *job = unlink_waiting(j, at);
    job->started_ms = j->now_ms;
    job->next = j->running_first;
    j->running_first = job;
    j->running++;
    j->long_running += is_long(job);
    return job;
}

static void end(struct jobs *j, struct job *job)
{
    struct job **at = &j->running_first;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    j->running--;
    j->long_running -= is_long(job);
    pthread_cond_signal(&j->work); /* a long one may have waited for that */
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

/* For how long the workers are busy with what was admitted; of what runs, half is left on average.
 * Of what waits, all that is no longer than `length` counts. */
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

/* When all that was admitted will be done. */
static unsigned retry_s(const struct jobs *j)
{
    double s = ceil(backlog_ms(j, HUGE_VAL) / 1000);
    return s < 1 ? 1 : s > RETRY_MOST_S ? RETRY_MOST_S : (unsigned)s;
}

static enum err_code refuse(const struct jobs *j, const char *option, int64_t limit,
                            const char *text, struct err *e)
{
    err_set_limit(e, ERR_BUSY, option, (uint64_t)limit, "%s", text);
    err_set_retry(e, retry_s(j));
    return ERR_BUSY;
}

/* Whether a driver will be left for it by those that wait, some of whom take one at once. */
static bool has_driver(const struct jobs *j, double expected_ms)
{
    int idle = j->config.running - j->running, left = long_left(j);
    for (const struct job *job = j->first; job; job = job->next)
        if (!is_long(job) || left-- > 0)
            idle--;
    return idle > 0 && (expected_ms < LONG_MS || left > 0);
}

/* Under the lock. An idle driver takes a job at once, so it does not count as waiting. */
static enum err_code judge(const struct jobs *j, double expected_ms, struct err *e)
{
    char text[160];
    int idle = j->config.running - j->running;
    if (j->closed)
        return err_set(e, ERR_DRAINING, "the server is shutting down");
    if (j->waiting >= j->config.waiting + idle) {
        snprintf(text, sizeof text,
                 "%d requests are in work or wait; no more may (--max-running, --queue)",
                 j->running + j->waiting);
        return refuse(j, "queue", j->config.waiting, text, e);
    }
    double wait_ms = has_driver(j, expected_ms) ? 0 : backlog_ms(j, expected_ms);
    if (wait_ms > (double)j->config.timeout_ms) {
        snprintf(text, sizeof text,
                 "the request would wait for some %.0f s; it may for %lld (--queue-timeout)",
                 wait_ms / 1000, (long long)(j->config.timeout_ms / 1000));
        return refuse(j, "queue-timeout", j->config.timeout_ms / 1000, text, e);
    }
    return ERR_OK;
}

static void keep_time(struct jobs *j, int64_t now_ms)
{
    if (now_ms > j->now_ms)
        j->now_ms = now_ms;
}

enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    keep_time(j, now_ms);
    enum err_code rc = judge(j, job->expected_ms, e);
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

enum err_code jobs_would_admit(struct jobs *j, double expected_ms, struct err *e)
{
    pthread_mutex_lock(&j->lock);
    enum err_code rc = judge(j, expected_ms, e);
    pthread_mutex_unlock(&j->lock);
    return rc;
}

void jobs_wake(struct jobs *j)
{
    pthread_mutex_lock(&j->lock);
    if (j->waiting > 0)
        pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
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

/* `run` looks at its flag, and ends within a band. */
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
    unsigned retry = retry_s(j);
    if (j->waiting > 0)
        pthread_cond_broadcast(&j->work); /* with age, other jobs have their turn */
    pthread_mutex_unlock(&j->lock);
    while (gone) {
        struct job *job = gone;
        struct err why = ERR_INIT;
        gone = job->next; /* drop may free the job */
        if (atomic_load(&job->cancel)) {
            err_set(&why, ERR_CANCELLED, "the client has left");
        } else {
            err_set_limit(&why, ERR_BUSY, "queue-timeout", (uint64_t)j->config.timeout_ms / 1000,
                          "the request has waited %lld s for its turn (--queue-timeout)",
                          (long long)(j->config.timeout_ms / 1000));
            err_set_retry(&why, retry);
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
