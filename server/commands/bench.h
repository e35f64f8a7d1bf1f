/* bench.h - the parts of `upscaled bench`. Only the files bench*.c use this header.
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

/* A stage that was measured by repetition. */
struct bench_stage {
    const char *name;
    double ms, least; /* median and minimum */
    int runs;
};

/* The time that the threads spent in some runs of the network, by layer. */
struct bench_profile {
    struct profile sums; /* ns NULL: nothing was measured */
    double ms;           /* of a run, by the wall clock */
    int runs;
};

struct bench {
    struct options options;
    int stage_ms;      /* the time that a stage runs after its warm-up */
    int width, height; /* of the input */
    struct pool *pool;
    struct models *models;   /* NULL if the model comes from a file that is named */
    struct model_entry file; /* that model */
    const struct model_entry *entry;
    const struct kernels *kernels;
    double peak_gflops;                          /* of all threads together */
    struct bench_stage stages[BENCH_STAGES_MAX]; /* the first is the network alone */
    int stage_count;
    struct bench_profile profile;
};

/* The work of a stage. It is called repeatedly. */
typedef enum err_code bench_work(struct bench *b, void *arg, struct err *e);

/* Runs `work` once to warm up, then for b->stage_ms and at least BENCH_RUNS_LEAST times. Adds a
 * stage of that name. */
enum err_code bench_stage(struct bench *b, const char *name, bench_work *work, void *arg,
                          struct err *e);

/* Makes a picture with the statistics of a photograph (soft shades, edges, grain), with 8 bits and
 * 1 or 3 channels. It is always the same for the same sides. The caller frees it with
 * image_free. */
enum err_code bench_picture(int width, int height, int channels, struct image **out, struct err *e);

/* Print the results on standard output, as text or as JSON. bench_print_json returns the status of
 * main. */
void bench_print(const struct bench *b);
int bench_print_json(const struct bench *b);

/* `bench --png`: measures the codec on these files and prints the results. Uses options and
 * stage_ms of `b`. Returns main's status. */
int bench_png(struct bench *b, char **paths, int count);

#endif
