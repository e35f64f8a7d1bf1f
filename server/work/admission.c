/* admission.c - see admission.h. */
#include "server/work/admission.h"

#include <stdio.h>

/* Bodies are charged to the budget in steps of these numbers of bytes. */
enum { SMALL_STEP = 4096, LARGE_STEP = 65536 };

enum err_code admission_bound(const struct need *n, const struct request_bounds *bounds,
                              struct err *e)
{
    int64_t bytes = (int64_t)n->file_bytes + n->work_bytes;
    if (bytes > bounds->memory)
        return err_set_limit(e, ERR_TOO_MUCH_MEMORY, "memory-limit", (uint64_t)bounds->memory,
                             "the request would need up to %lld bytes of memory; requests can use "
                             "%lld (--memory-limit)",
                             (long long)bytes, (long long)bounds->memory);
    if (bounds->least_s > (double)bounds->work_timeout_s)
        return err_set_limit(e, ERR_TOO_MUCH_WORK, "work-timeout", (uint64_t)bounds->work_timeout_s,
                             "the request would take about %.0f s; the limit is %lld s "
                             "(--work-timeout)",
                             bounds->least_s, (long long)bounds->work_timeout_s);
    return ERR_OK;
}

static enum err_code too_large_for_memory(int64_t bytes, int64_t most, struct err *e)
{
    return err_set_limit(e, ERR_BODY_TOO_LARGE, "memory-limit", (uint64_t)most,
                         "the body needs %lld bytes of memory; bodies can use %lld "
                         "(--memory-limit)",
                         (long long)bytes, (long long)most);
}

enum err_code admission_body(const struct body_memory *body, uint64_t length, struct err *e)
{
    int64_t most = budget_most(body->budget, BUDGET_BODIES);
    if (length > (uint64_t)body->max_body)
        return err_set_limit(e, ERR_BODY_TOO_LARGE, "max-body", (uint64_t)body->max_body,
                             "the body has %llu bytes; the limit is %lld (--max-body)",
                             (unsigned long long)length, (long long)body->max_body);
    return length > (uint64_t)most ? too_large_for_memory((int64_t)length, most, e) : ERR_OK;
}

static int64_t round_up(int64_t bytes, int64_t step)
{
    return (bytes + step - 1) / step * step;
}

/* If the buffer is copied as it grows, the file is in memory twice for a moment. */
enum err_code admission_take(struct body_memory *body, size_t length, struct err *e)
{
    int64_t bytes = (int64_t)length * (body->moves ? 2 : 1);
    int64_t most = budget_most(body->budget, BUDGET_BODIES);
    bytes = round_up(bytes, bytes <= BODY_SMALL ? SMALL_STEP : LARGE_STEP);
    if (bytes <= body->charged)
        return ERR_OK;
    if (bytes > most)
        return too_large_for_memory(bytes, most, e);
    if (!budget_take(body->budget, BUDGET_BODIES, bytes - body->charged))
        return err_set_limit(e, ERR_BUSY, "memory-limit", (uint64_t)most,
                             "other requests hold the memory (--memory-limit)");
    body->charged = bytes;
    return ERR_OK;
}

bool admission_give(struct body_memory *body)
{
    if (body->charged == 0)
        return false;
    budget_give(body->budget, BUDGET_BODIES, body->charged);
    body->charged = 0;
    return true;
}

static enum err_code refuse(const struct queue_state *q, const char *option, int64_t limit,
                            const char *text, struct err *e)
{
    err_set_limit(e, ERR_BUSY, option, (uint64_t)limit, "%s", text);
    err_set_retry(e, q->retry_s);
    return ERR_BUSY;
}

enum err_code admission_queue(const struct queue_state *q, struct err *e)
{
    char text[160];
    int idle = q->drivers - q->running; /* each takes a job at once, which does not wait */
    if (q->waiting >= q->places + idle) {
        snprintf(text, sizeof text,
                 "the queue is full: %d requests run or wait (--max-running, --queue)",
                 q->running + q->waiting);
        return refuse(q, "queue", q->places, text, e);
    }
    if (q->wait_ms > (double)q->timeout_ms) {
        long long most = (long long)(q->timeout_ms / 1000);
        snprintf(text, sizeof text,
                 "the request would wait about %.0f s; the limit is %lld s (--queue-timeout)",
                 q->wait_ms / 1000, most);
        return refuse(q, "queue-timeout", most, text, e);
    }
    return ERR_OK;
}
