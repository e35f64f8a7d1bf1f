/* bench_report.c - prints the results of `upscaled bench`, for people or for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/layers.h"
#include "server/base/json_text.h"
#include "server/commands/bench.h"
#include "server/commands/commands.h"

/* Returns the peak memory of this program. getrusage would count that of its parent before exec. */
static long long peak_rss_bytes(void)
{
    char line[256];
    long long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "VmHWM: %lld", &kib) != 1)
        ;
    fclose(f);
    return kib * 1024;
}

static double pixels(const struct bench *b)
{
    return (double)b->width * b->height;
}

/* Counts operations as direct convolution does, two for each multiply-accumulate. */
static double gflops(const struct bench *b, double macs_per_pixel, double ms)
{
    return 2e-6 * macs_per_pixel * pixels(b) / ms;
}

/* A line of the profile: a layer, or time outside the layers. */
struct row {
    const char *name, *path; /* path NULL: the layer runs as part of another */
    double macs, ms;         /* ms of all threads together, for each run */
};

static double share(const struct bench *b, const struct row *row)
{
    return 100 * row->ms / (b->profile.ms * pool_threads(b->pool));
}

/* Returns row i, which is less than layers + PROFILE_OTHERS + 1. The last row is the rest of the
 * threads' time. */
static struct row row_of(const struct bench *b, int i)
{
    const struct model *m = b->entry->model;
    const struct bench_profile *p = &b->profile;
    int counted = m->layer_count + PROFILE_OTHERS;
    const char *why;
    if (i < counted) {
        struct row row = {"picture in", "load", 0, 1e-6 * (double)p->sums.ns[i] / p->runs};
        if (i < m->layer_count) {
            row.name = layer_table[m->layers[i].kind].type;
            row.path = plan_path(b->entry->plan, i, &why);
            row.macs = m->layers[i].macs;
        } else if (i == m->layer_count + PROFILE_STORE) {
            row.name = "rows out";
            row.path = "store";
        }
        return row;
    }
    struct row rest = {"rest", "set up, wait", 0, p->ms * pool_threads(b->pool)};
    for (int k = 0; k < counted; k++)
        rest.ms -= row_of(b, k).ms;
    return rest;
}

static int row_count(const struct bench *b)
{
    return b->profile.sums.layers + PROFILE_OTHERS + 1;
}

static void print_layers(const struct bench *b)
{
    printf("\n%-3s %-18s %-12s %9s %8s %8s %9s\n", "", "layer", "path", "thread ms", "share %",
           "ns/px", "GFLOP/s");
    for (int i = 0; i < row_count(b); i++) {
        struct row r = row_of(b, i);
        if (!r.path)
            continue;
        if (i < b->profile.sums.layers)
            printf("%-3d ", i);
        else
            printf("%-3s ", "");
        printf("%-18s %-12s %9.2f %8.1f %8.2f", r.name, r.path, r.ms, share(b, &r),
               1e6 * r.ms / pixels(b));
        if (r.macs > 0)
            printf(" %9.1f", gflops(b, r.macs, r.ms));
        putchar('\n');
    }
}

void bench_print(const struct bench *b)
{
    const struct model *m = b->entry->model;
    const struct bench_stage *network = &b->stages[0];
    double macs = m->geometry.macs_per_pixel, speed = gflops(b, macs, network->ms);
    printf("%s, %dx%d %s, %d thread%s\n", m->name, b->width, b->height,
           m->color == COLOR_Y ? "luma" : "RGB", pool_threads(b->pool),
           pool_threads(b->pool) == 1 ? "" : "s");
    printf("multiply-add peak (%s) %.1f GFLOP/s\n", b->kernels->name, b->peak_gflops);
    printf("network   %.2f ms, %.1f GFLOP/s as direct convolution, %.1f %% of peak, %.1f ns/px\n\n",
           network->ms, speed, 100 * speed / b->peak_gflops, 1e6 * network->ms / pixels(b));
    printf("%-24s %10s %10s %6s\n", "stage", "median ms", "least ms", "runs");
    for (const struct bench_stage *s = b->stages; s < b->stages + b->stage_count; s++)
        printf("%-24s %10.2f %10.2f %6d\n", s->name, s->ms, s->least, s->runs);
    print_layers(b);
    printf("\npeak memory %.1f MiB\n", (double)peak_rss_bytes() / (1 << 20));
}

static json_t *stages(const struct bench *b)
{
    json_t *list = json_array();
    for (const struct bench_stage *s = b->stages; s < b->stages + b->stage_count; s++)
        json_add(&list, json_pack("{s:s,s:f,s:f,s:i}", "name", s->name, "ms", s->ms, "ms_least",
                                  s->least, "runs", s->runs));
    return list;
}

static json_t *layers(const struct bench *b)
{
    json_t *list = json_array();
    for (int i = 0; i < row_count(b); i++) {
        struct row r = row_of(b, i);
        if (r.path)
            json_add(&list,
                     json_pack("{s:o,s:s,s:s,s:f,s:f,s:f,s:f}", "layer",
                               i < b->profile.sums.layers ? json_integer(i) : json_null(), "name",
                               r.name, "path", r.path, "thread_ms", r.ms, "percent", share(b, &r),
                               "macs_per_pixel", r.macs, "gflops", gflops(b, r.macs, r.ms)));
    }
    return list;
}

int bench_print_json(const struct bench *b)
{
    const struct model *m = b->entry->model;
    const struct bench_stage *network = &b->stages[0];
    double macs = m->geometry.macs_per_pixel, speed = gflops(b, macs, network->ms);
    json_t *o = json_pack(
        "{s:s,s:i,s:i,s:i,s:f,s:f,s:f,s:f,s:f,s:f,s:s,s:f,s:I,s:o,s:o}", "model", m->name, "width",
        b->width, "height", b->height, "threads", pool_threads(b->pool), "ms", network->ms,
        "ms_least", network->least, "ns_per_pixel", 1e6 * network->ms / pixels(b), "macs_per_pixel",
        macs, "gflops", speed, "peak_gflops", b->peak_gflops, "peak_unit", b->kernels->name,
        "percent_of_peak", 100 * speed / b->peak_gflops, "peak_rss_bytes",
        (json_int_t)peak_rss_bytes(), "stages", stages(b), "layers", layers(b));
    return command_print_json(o, JSON_INDENT(2));
}
