/* returns.c - see returns.h. */
#include "server/work/returns.h"

#include <math.h>

enum {
    MOST_S = 600,
    /* Clients that do not come back, or do not wait, are promised times too. So a crowd of them must
     * not send others away for much longer than the backlog lasts. */
    PROMISED_MOST_S = 120,
};

static const double LOAD_MS = 5000;     /* the load is an average over about so long, */
static const double LOAD_COUNT = 10;    /* and over about so many requests */
static const double SHARE_OF_ONE = 0.1; /* of a request in the average work */
/* While requests are refused, the load says little about what follows. So not less than a fifteenth
 * of the workers' time is assumed to be left for clients that come back. test_returns.c says what
 * becomes of them then. */
static const double SPARE_LEAST = 1.0 / 15;

static double window_ms(const struct returns *r)
{
    return fmax(LOAD_MS, LOAD_COUNT * r->work_ms);
}

/* Returns the load at a later time, if nothing was offered since. */
static double load_at(const struct returns *r, int64_t now_ms)
{
    return now_ms > r->now_ms ? r->load * exp((double)(r->now_ms - now_ms) / window_ms(r))
                              : r->load;
}

static double known(const struct returns *r, double work_ms)
{
    return work_ms > 0 ? work_ms : r->work_ms;
}

void returns_offer(struct returns *r, int64_t now_ms, double work_ms)
{
    r->load = load_at(r, now_ms);
    if (work_ms > 0)
        r->work_ms += (r->work_ms > 0 ? SHARE_OF_ONE : 1) * (work_ms - r->work_ms);
    r->load += known(r, work_ms) / window_ms(r);
    r->now_ms = now_ms > r->now_ms ? now_ms : r->now_ms;
}

/* Returns the time at which a client that is refused now should come back. */
static double time_of(const struct returns *r, int64_t now_ms, double backlog_ms)
{
    double at = fmax(r->next_ms, (double)now_ms + backlog_ms);
    return fmin(at, (double)now_ms + 1000.0 * MOST_S);
}

unsigned returns_seconds(const struct returns *r, int64_t now_ms, double backlog_ms)
{
    double s = ceil((time_of(r, now_ms, backlog_ms) - (double)now_ms) / 1000);
    return s < 1 ? 1 : (unsigned)s;
}

void returns_promise(struct returns *r, int64_t now_ms, double backlog_ms, double work_ms)
{
    double spare = fmax(SPARE_LEAST, 1 - load_at(r, now_ms));
    double next = time_of(r, now_ms, backlog_ms) + known(r, work_ms) / spare;
    double most = fmin(backlog_ms + 1000.0 * PROMISED_MOST_S, 1000.0 * MOST_S);
    r->next_ms = fmin(next, (double)now_ms + most);
}
