/* metrics.h - counts for Prometheus. Names begin with upscaled_; units are base units (seconds,
 * bytes). The table in metrics_table.c makes both the exposition and docs/metrics.md.
 *
 * Threads: any. */
#ifndef UPSCALED_SERVER_SERVICE_METRICS_H
#define UPSCALED_SERVER_SERVICE_METRICS_H

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/png/png_warnings.h"
#include "server/service/access_log.h"

enum {
    METRICS_BUCKETS = 20, /* the most of a histogram */
    METRICS_KINDS = 64,   /* the most pairs of a status and a code */
};

struct histogram {
    uint64_t counts[METRICS_BUCKETS + 1]; /* the last counts values over all bounds */
    double sum;
};

enum metrics_stage { STAGE_QUEUE, STAGE_DECODE, STAGE_NETWORK, STAGE_ENCODE, STAGE_COUNT };

struct request_kind {
    int status;
    const char *code; /* static storage */
    uint64_t count;
};

struct counts {
    struct request_kind requests[METRICS_KINDS];
    int request_kinds;
    uint64_t cancelled;
    double macs;
    uint64_t warnings[PNG_WARNINGS]; /* pictures with a warning of the kind */
    struct histogram stages[STAGE_COUNT], whole, in_pixels, out_pixels;
};

struct metrics {
    pthread_mutex_t lock;
    struct counts counts;
};

/* Upper bounds of the buckets, without the infinite one. */
struct bounds {
    int count;
    double most[METRICS_BUCKETS];
};
extern const struct bounds metrics_seconds, metrics_pixels;

void metrics_init(struct metrics *m);
void metrics_done(struct metrics *m);

/* Counts a request that has ended. If its out_width is not 0, its picture was computed. */
void metrics_request(struct metrics *m, const struct access_entry *entry);

/* These count the multiply-accumulates of a picture, its warnings, and a picture whose work was
 * cancelled. */
void metrics_macs(struct metrics *m, double macs);
void metrics_warnings(struct metrics *m, const struct png_warnings *warnings);
void metrics_cancelled(struct metrics *m);

/* Returns how many requests have ended. */
uint64_t metrics_ended(struct metrics *m);

struct service;

/* Returns the exposition in Prometheus' text format 0.0.4. The caller frees it with free(). Returns
 * NULL if there is not enough memory. */
char *metrics_text(struct service *s);

/* Writes docs/metrics.md. */
void metrics_markdown(FILE *out);

#endif
