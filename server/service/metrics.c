/* metrics.c - see metrics.h. It counts. */
#include "server/service/metrics.h"

#include <string.h>

const struct bounds metrics_seconds = {
    15, {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 2, 5, 10, 30, 60, 120, 300, 900}};
const struct bounds metrics_pixels = {9, {1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 3e8}};

void metrics_init(struct metrics *m)
{
    memset(m, 0, sizeof *m);
    pthread_mutex_init(&m->lock, NULL);
}

void metrics_done(struct metrics *m)
{
    pthread_mutex_destroy(&m->lock);
}

static void observe(struct histogram *h, const struct bounds *b, double value)
{
    int i = 0;
    while (i < b->count && value > b->most[i])
        i++;
    h->counts[i]++;
    h->sum += value;
}

/* Counts a pair of a status and a code. The codes come from the table of errors, so there are few
 * pairs. If there were too many, the last entry would count the rest. */
static void count_kind(struct counts *c, int status, const char *code)
{
    int i = 0;
    while (i < c->request_kinds &&
           (c->requests[i].status != status || strcmp(c->requests[i].code, code) != 0))
        i++;
    if (i == METRICS_KINDS)
        i--;
    else if (i == c->request_kinds)
        c->requests[c->request_kinds++] = (struct request_kind){status, code, 0};
    c->requests[i].count++;
}

static void observe_picture(struct counts *c, const struct access_entry *x)
{
    const double stage_ms[STAGE_COUNT] = {
        [STAGE_QUEUE] = x->queue_ms,
        [STAGE_DECODE] = x->decode_ms,
        [STAGE_NETWORK] = x->network_ms,
        [STAGE_ENCODE] = x->encode_ms,
    };
    for (int i = 0; i < STAGE_COUNT; i++)
        observe(&c->stages[i], &metrics_seconds, stage_ms[i] / 1000);
    observe(&c->whole, &metrics_seconds, x->total_ms / 1000);
    observe(&c->in_pixels, &metrics_pixels, (double)x->width * x->height);
    observe(&c->out_pixels, &metrics_pixels, (double)x->out_width * x->out_height);
}

void metrics_request(struct metrics *m, const struct access_entry *entry)
{
    pthread_mutex_lock(&m->lock);
    count_kind(&m->counts, entry->status, entry->code ? entry->code : "ok");
    if (entry->out_width > 0)
        observe_picture(&m->counts, entry);
    pthread_mutex_unlock(&m->lock);
}

void metrics_macs(struct metrics *m, double macs)
{
    pthread_mutex_lock(&m->lock);
    m->counts.macs += macs;
    pthread_mutex_unlock(&m->lock);
}

void metrics_warnings(struct metrics *m, const struct png_warnings *warnings)
{
    pthread_mutex_lock(&m->lock);
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        m->counts.warnings[kind] += png_warned(warnings, (enum png_warning)kind);
    pthread_mutex_unlock(&m->lock);
}

void metrics_cancelled(struct metrics *m)
{
    pthread_mutex_lock(&m->lock);
    m->counts.cancelled++;
    pthread_mutex_unlock(&m->lock);
}

uint64_t metrics_ended(struct metrics *m)
{
    uint64_t ended = 0;
    pthread_mutex_lock(&m->lock);
    for (int i = 0; i < m->counts.request_kinds; i++)
        ended += m->counts.requests[i].count;
    pthread_mutex_unlock(&m->lock);
    return ended;
}
