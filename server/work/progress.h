/* progress.h - answers progress queries about the requests of this process.
 *
 * A request is found by its X-Request-ID together with its owner: the name of its key, or "" if no
 * keys are in use. Without keys only the id protects a request, so only ids that are too long to
 * guess are found.
 * Times are milliseconds of one monotonic clock, given by the caller. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_PROGRESS_H
#define UPSCALED_SERVER_WORK_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/work/jobs.h"

enum {
    PROGRESS_ID_MAX = 64,
    PROGRESS_ID_LEAST = 22, /* without a key: 128 bits in base64 */
};

enum progress_state {
    PROGRESS_RECEIVING, /* its body is arriving */
    PROGRESS_WAITING,
    PROGRESS_WORKING,
    /* final */
    PROGRESS_DONE,
    PROGRESS_FAILED,
    PROGRESS_CANCELLED,
};

struct progress;
struct ticket; /* one request's entry */

struct progress_view {
    enum progress_state state;
    int position;    /* from 1, in the order in which waiting requests begin; 0: it does not wait */
    double fraction; /* fraction of the work that is done, 0..1 */
    double elapsed_s;  /* seconds since its head arrived */
    double expected_s; /* seconds until it is done; negative: not known */
    char id[PROGRESS_ID_MAX + 1];
};

/* Makes the table of requests. `queue` is borrowed and gives the places of requests that wait. On
 * ERR_OK the caller owns *out (progress_free). ERR_MEMORY. */
enum err_code progress_new(struct jobs *queue, struct progress **out, struct err *e);
void progress_free(struct progress *p); /* NULL is fine; no ticket may be held */

/* Adds a request. Returns its ticket, or NULL if memory is out; the three functions below and
 * progress_leave do nothing for NULL. progress_cancel sets `cancel`, which must live until
 * progress_leave. `id` and `owner` are copied. */
struct ticket *progress_enter(struct progress *p, const char *id, const char *owner,
                              atomic_bool *cancel, int64_t now_ms);

/* progress_wait: the request waits from now on, as the job of that number. `expected_s` is how long
 * it will run once it begins; 0: not known. progress_work: it runs from now on. progress_move:
 * `fraction` of its work is done by now, 0..1. */
void progress_wait(struct progress *p, struct ticket *t, uint64_t number, double expected_s);
void progress_work(struct progress *p, struct ticket *t, int64_t now_ms);
void progress_move(struct progress *p, struct ticket *t, double fraction, int64_t now_ms);

/* Ends the request in a final state. It is not found any more. */
void progress_leave(struct progress *p, struct ticket *t, enum progress_state how);

/* Finds a request of this owner, and holds its ticket until progress_release. ERR_NO_ROUTE if there
 * is none. */
enum err_code progress_find(struct progress *p, const char *id, const char *owner,
                            struct ticket **out, struct err *e);
void progress_release(struct progress *p, struct ticket *t);

/* progress_look describes the request. progress_cancel asks it to stop if it has not ended. */
void progress_look(struct progress *p, const struct ticket *t, int64_t now_ms,
                   struct progress_view *out);
void progress_cancel(struct progress *p, struct ticket *t);

/* Returns a view as one line of JSON, which the caller frees with free(). NULL if memory is out. */
char *progress_json(const struct progress_view *v);
bool progress_is_final(enum progress_state state);

#endif
