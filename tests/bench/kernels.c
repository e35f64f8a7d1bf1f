/* kernels.c - measures each kernel of convolutions of each set, on one thread and on rows that stay in the caches:
 * ns per pixel (the least of many runs by the thread's own clock), GFLOP/s counted as direct
 * convolution of the channels that the shape names, and their part of the peak that the set's
 * instructions reach in the same run. `make check` builds it; it is run by hand and tests nothing:
 *
 *   build/tests/bench/kernels [SET...]
 *   build/tests/bench/kernels --calls SET SHAPE CALLS
 *
 * The second form calls the kernel that often for one of the shapes, from 0 on, and prints the name
 * and the pixels of a call, so that an emulator can count its instructions. It fails without the
 * set or the shape. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/mem.h"
#include "engine/nn/kernels.h"

enum { L = KERNEL_LANES, WIDTH = 240, MOST_TILE = KERNEL_WINOGRAD_MOST, MOST_OUT = 256 };

/* The time of one run, and the number of runs. */
static const double run_ns = 1e6;
enum { RUNS = 60 };

struct shape {
    const char *way;
    int in, out, kernel;
};

/* The rows and weights for one shape, as pointers for the kernels. */
struct operands {
    const struct kernels *set;
    struct shape shape;
    int blocks, out_blocks; /* of 16 channels; of one for planar rows */
    const float **in;
    float *rows, *weight, *made, *scratch;
    float *out[2 * MOST_TILE * MOST_OUT / L];
    struct kernel_store store;
};

static _Alignas(64) const float bias[MOST_OUT];
static _Alignas(64) float slope[MOST_OUT];

static void direct(const struct operands *w, void (*conv)(const struct kernel_conv *k))
{
    struct kernel_conv k = {.in = w->in,
                            .in_channels = w->shape.in,
                            .kernel_y = w->shape.kernel,
                            .kernel_x = w->shape.kernel,
                            .out_blocks = w->out_blocks,
                            .weight = w->weight,
                            .bias = bias,
                            .store = w->store,
                            .out = w->out,
                            .step = L,
                            .width = WIDTH};
    conv(&k);
}

static void planar(const struct operands *w)
{
    direct(w, w->set->conv_planar);
}

static void blocked(const struct operands *w)
{
    direct(w, w->set->conv_blocked);
}

static void winograd(const struct operands *w, int gives)
{
    struct kernel_winograd k = {.in = w->in,
                                .gives = gives,
                                .in_channels = w->shape.in,
                                .out_blocks = w->out_blocks,
                                .weight = w->weight,
                                .bias = bias,
                                .store = w->store,
                                .out = w->out,
                                .tiles = WIDTH / gives,
                                .scratch = w->scratch};
    w->set->winograd(&k);
}

static void winograd_4(const struct operands *w)
{
    winograd(w, 4);
}

static void winograd_6(const struct operands *w)
{
    winograd(w, 6);
}

/* Returns the arguments for one row, or one row of tiles, of planes. */
static struct kernel_planes planes_of(const struct operands *w)
{
    return (struct kernel_planes){.in = w->in,
                                  .in_channels = w->shape.in,
                                  .kernel_y = w->shape.kernel,
                                  .kernel_x = w->shape.kernel,
                                  .outs = w->shape.out,
                                  .weight = w->weight,
                                  .bias = bias,
                                  .store = w->store,
                                  .out = w->out,
                                  .interleave = true,
                                  .width = WIDTH};
}

static void planes(const struct operands *w)
{
    struct kernel_planes k = planes_of(w);
    w->set->planes(&k);
}

static void tall(const struct operands *w)
{
    struct kernel_tall k = {planes_of(w), 1, w->scratch};
    w->set->tall(&k);
}

/* The kernels by name, how to call each, and the rows that it makes and the rows more that it
 * reads. */
static const struct way {
    const char *name;
    void (*run)(const struct operands *w);
    bool blocked;
    int makes;
} ways[] = {
    {"planar", planar, false, 1}, {"direct", blocked, true, 1}, {"4x4", winograd_4, true, 4},
    {"6x6", winograd_6, true, 6}, {"planes", planes, false, 1}, {"tall", tall, false, 4},
};

static const struct shape shapes[] = {
    {"planar", 1, 16, 3},   {"planar", 1, 16, 5},  {"planar", 3, 32, 3},  {"planar", 1, 56, 5},
    {"planes", 16, 4, 3},   {"planes", 56, 4, 5},  {"tall", 56, 4, 5},    {"planes", 256, 4, 2},
    {"direct", 256, 16, 2}, {"direct", 56, 12, 1}, {"direct", 12, 56, 1}, {"direct", 128, 256, 3},
    {"4x4", 128, 256, 3},   {"6x6", 128, 256, 3},  {"4x4", 128, 128, 3},  {"6x6", 128, 128, 3},
    {"4x4", 64, 64, 3},     {"6x6", 64, 64, 3},    {"4x4", 48, 48, 3},    {"6x6", 48, 48, 3},
    {"direct", 32, 32, 3},  {"4x4", 32, 32, 3},    {"6x6", 32, 32, 3},    {"direct", 16, 16, 3},
    {"4x4", 16, 16, 3},     {"6x6", 16, 16, 3},    {"direct", 12, 12, 3}, {"4x4", 12, 12, 3},
    {"direct", 8, 16, 3},   {"4x4", 8, 16, 3},     {"direct", 4, 16, 3},  {"4x4", 4, 16, 3},
};

static const struct way *way_of(const struct shape *s)
{
    const struct way *way = ways;
    while (strcmp(way->name, s->way) != 0)
        way++;
    return way;
}

/* Returns a block of numbers in -1..1. Ends the program if there is not enough memory. */
static float *numbers(size_t count)
{
    float *v = mem_alloc(count, sizeof *v);
    if (!v) {
        fputs("kernels: out of memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < count; i++)
        v[i] = (float)(i * 2654435761u % 2048) / 1024 - 1;
    return v;
}

static void operands_init(struct operands *w, const struct kernels *set, const struct shape *s)
{
    const struct way *way = way_of(s);
    int rows = way->makes + s->kernel - 1;
    size_t length = (size_t)(WIDTH + 2 * L) * (way->blocked ? L : 1), made = (WIDTH + L) * L;
    *w = (struct operands){.set = set, .shape = *s, .store = {slope, -INFINITY, INFINITY, false}};
    w->blocks = way->blocked ? (s->in + L - 1) / L : s->in;
    w->out_blocks = (s->out + L - 1) / L;
    rows *= w->blocks;
    w->rows = numbers(length * (size_t)rows);
    w->in = (const float **)calloc((size_t)rows, sizeof *w->in);
    for (int i = 0; w->in && i < rows; i++)
        w->in[i] = w->rows + (size_t)i * length;
    /* 64 numbers per channel are more than the taps of any of these kernels */
    w->weight = numbers((size_t)(64 * s->in * w->out_blocks) * L);
    w->made = numbers(made * (size_t)(2 * MOST_TILE * w->out_blocks));
    for (int i = 0; i < 2 * MOST_TILE * w->out_blocks; i++)
        w->out[i] = w->made + (size_t)i * made;
    w->scratch = numbers(kernel_winograd_scratch(MOST_TILE, s->in));
}

static void operands_done(struct operands *w)
{
    mem_free(w->scratch);
    mem_free(w->made);
    mem_free(w->weight);
    free(w->in);
    mem_free(w->rows);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static double call_ns(const struct operands *w, const struct way *way, int calls)
{
    double from = now_ns();
    for (int i = 0; i < calls; i++)
        way->run(w);
    return (now_ns() - from) / calls;
}

/* Returns the most that the set's instructions do, in GFLOP/s, in one short run. */
static double peak_once(const struct kernels *set)
{
    long rounds = 100000;
    double from = now_ns();
    volatile float made = set->peak(rounds); /* the result is kept, so that the loop runs */
    (void)made;
    return (double)rounds * set->peak_flops / (now_ns() - from);
}

static void measure(const struct kernels *set, const struct shape *s)
{
    const struct way *way = way_of(s);
    struct operands w;
    operands_init(&w, set, s);
    if (!w.in)
        exit(1);
    double least = call_ns(&w, way, 1), most = 0;
    int calls = 1 + (int)(run_ns / least);
    for (int i = 0; i < RUNS; i++) {
        least = fmin(least, call_ns(&w, way, calls));
        most = fmax(most, peak_once(set));
    }
    operands_done(&w);
    double pixel = least / (WIDTH * way->makes);
    double gflops = 2.0 * s->in * s->out * s->kernel * s->kernel / pixel;
    printf("%-8s%-10s%4d ->%4d  %dx%d%10.2f%10.1f%8.0f %%\n", set->name, s->way, s->in, s->out,
           s->kernel, s->kernel, pixel, gflops, 100 * gflops / most);
    fflush(stdout);
}

/* Calls a kernel, for an emulator that counts. Returns the status of the program. */
static int call(const char *name, long number, int calls)
{
    const struct kernels *set = kernels_find(name);
    if (!set || number < 0 || number >= (long)(sizeof shapes / sizeof *shapes))
        return 1;
    const struct shape *s = &shapes[number];
    const struct way *way = way_of(s);
    struct operands w;
    operands_init(&w, set, s);
    for (int i = 0; w.in && i < calls; i++)
        way->run(&w);
    printf("%d %s %d -> %d, %dx%d\n", WIDTH * way->makes, s->way, s->in, s->out, s->kernel,
           s->kernel);
    operands_done(&w);
    return 0;
}

static bool wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    const struct kernels *set;
    for (int i = 0; i < MOST_OUT; i++)
        slope[i] = 0.25f;
    if (argc == 5 && strcmp(argv[1], "--calls") == 0)
        return call(argv[2], strtol(argv[3], NULL, 10), (int)strtol(argv[4], NULL, 10));
    printf("%-8s%-10s%-17s%10s%10s%10s\n", "set", "kernel", "shape", "ns/px", "GFLOP/s", "of peak");
    for (int n = 0; (set = kernels_at(n)) != NULL; n++)
        for (size_t i = 0; wanted(set->name, argc, argv) && i < sizeof shapes / sizeof *shapes; i++)
            measure(set, &shapes[i]);
    return 0;
}
