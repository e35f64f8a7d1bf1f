/* bench.h - `upscaled bench`: what is measured, and how it is told. For bench*.c alone.
 *
 * Times are milliseconds of the wall clock. Threads: one. */
#ifndef UPSCALED_SERVER_COMMANDS_BENCH_H
#define UPSCALED_SERVER_COMMANDS_BENCH_H

#include "engine/base/pool.h"
#include "engine/image/image.h"
#include "server/models/models.h"
#include "server/options/options.h"

enum {
    BENCH_STAGES_MAX = 8,
    BENCH_RUNS_LEAST = 5, /* of a stage, however long they take */
};

/* One thing that was done several times. */
struct bench_stage {
    const char *name;
    double ms, least; /* median and minimum */
    int runs;
};

/* What became of the threads' time during some runs of the network. */
struct bench_profile {
    struct profile sums; /* ns NULL: nothing was counted */
    double ms;           /* of a run, by the wall clock */
    int runs;
};

struct bench {
    struct options options;
    int stage_ms;      /* of a stage, after its warm-up, where that makes enough runs */
    int width, height; /* of the picture that goes in */
    struct pool *pool;
    struct models *models;   /* or NULL: */
    struct model_entry file; /* a model read from a file that was named */
    const struct model_entry *entry;
    const struct kernels *kernels;
    double peak_gflops;                          /* of all threads together */
    struct bench_stage stages[BENCH_STAGES_MAX]; /* the first is the network alone */
    int stage_count;
    struct bench_profile profile;
};

/* Something to measure; called again and again. */
typedef enum err_code bench_work(struct bench *b, void *arg, struct err *e);

/* Runs `work` once to warm up and then for b->stage_ms, and adds a stage of that name. */
enum err_code bench_stage(struct bench *b, const char *name, bench_work *work, void *arg,
                          struct err *e);

/* A picture with the statistics of a photograph (soft shades, edges, grain), the same for the same
 * sides: 8 bits, 1 or 3 channels. image_free. */
enum err_code bench_picture(int width, int height, int channels, struct image **out, struct err *e);

/* What was measured, as text or as JSON, on standard output. */
void bench_print(const struct bench *b);
void bench_print_json(const struct bench *b);

/* `bench --png`: measures files instead of the network, and tells; main's status. Of `b` it needs
 * options and stage_ms. */
int bench_png(struct bench *b, char **paths, int count);

#endif
