/* test_cancel.c - a plan that is cancelled ends soon, however much its layers have to do. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "engine/base/mem.h"
#include "engine/nn/plan.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"

/* Makes a network of `depth` convolutions of 3x3 and a shuffle. */
static struct model *network(int channels, int depth)
{
    struct model *m = build_model(COLOR_RGB, 2, BORDER_REPLICATE);
    for (int k = 0; k < depth; k++) {
        build_conv(m, LAYER_CONV2D, k ? channels : 3, channels, 3, 1, 0);
        build_prelu(m, channels);
    }
    build_conv(m, LAYER_CONV2D, channels, 12, 3, 1, 0);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    build_all_weights(m, 5);
    struct err e = ERR_INIT;
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* A picture whose client cancels while its nth row is read. */
struct leaving {
    atomic_bool cancel;
    atomic_int rows;
    int after;
    int stored;
};

static void load(void *arg, int y, int x, int count, float *const *planes)
{
    struct leaving *l = arg;
    (void)y;
    (void)x;
    for (int c = 0; c < 3; c++)
        memset(planes[c], 0, (size_t)count * sizeof(float));
    if (atomic_fetch_add(&l->rows, 1) + 1 == l->after)
        atomic_store(&l->cancel, true);
}

static void store(void *arg, int y, int x, int count, const float *const *planes)
{
    struct leaving *l = arg;
    (void)y;
    (void)x;
    (void)count;
    (void)planes;
    l->stored++;
}

/* Runs a plan with these kernels over all of an output. *macs, if not NULL, counts the work. */
static void run(struct model *m, const struct kernels *kernels, struct pair out, struct leaving *l,
                double *macs)
{
    struct plan *plan = NULL;
    size_t bytes;
    ck_assert_int_eq(plan_new(m, kernels, &plan, NULL), ERR_OK);
    ck_assert_int_eq(plan_scratch_bytes(plan, out.x, out.y, &bytes, NULL), ERR_OK);
    void *scratch = mem_alloc(1, bytes);
    ck_assert_ptr_nonnull(scratch);
    plan_run(plan, scratch, (struct plan_rect){0, 0, out.x, out.y},
             &(struct plan_picture){out.x / 2, out.y / 2, false},
             &(struct plan_io){load, store, l, NULL, macs, &l->cancel});
    mem_free(scratch);
    plan_free(plan);
}

/* The step that reads the picture is the last one. */
START_TEST(a_run_ends_within_a_step)
{
    struct model *m = network(16, 20);
    double all = 0, until = 0;
    struct leaving stays = {.after = -1}, leaves = {.after = 60};
    run(m, kernels_find(NULL), (struct pair){400, 100}, &stays, &all);
    run(m, kernels_find(NULL), (struct pair){400, 100}, &leaves, &until);
    ck_assert_int_eq(stays.stored, 400);
    ck_assert_int_le(leaves.rows, 60 + 3); /* a round reads four rows */
    ck_assert_int_lt(leaves.stored, 60);
    ck_assert(until < all * leaves.rows / stays.rows);
    model_free(m);
}
END_TEST

/* The client cancels during a call of a kernel. That call must be the last one, and short. */
static struct kernels watched;
static struct leaving *watcher;
static int calls;
static double longest; /* the most multiply-adds of one call */

static void watched_winograd(const struct kernel_winograd *k)
{
    longest = fmax(longest, 16. * k->tiles * 9 * k->in_channels * k->out_blocks * KERNEL_LANES);
    if (++calls == 2)
        atomic_store(&watcher->cancel, true);
    kernels_find(NULL)->winograd(k);
}

START_TEST(a_step_ends_within_a_call_of_a_kernel)
{
    struct model *m = network(256, 3);
    struct leaving leaves = {.after = -1};
    watched = *kernels_find(NULL);
    watched.winograd = watched_winograd;
    watcher = &leaves;
    calls = 0;
    longest = 0;
    run(m, &watched, (struct pair){16, 2000}, &leaves, NULL);
    ck_assert_int_eq(calls, 2);
    ck_assert_int_eq(leaves.stored, 0);
    ck_assert_double_gt(longest, 0);
    ck_assert_double_le(longest, 2e9); /* 0.2 s at 10 billion per second, the C set's speed */
    model_free(m);
}
END_TEST

/* A thread that runs layer by layer. Its client cancels while it computes the first layer. */
struct runner {
    struct model *m;
    struct leaving client;
    double ended; /* processor time of the thread, in seconds */
};

static double seconds(clockid_t clock)
{
    struct timespec t;
    ck_assert_int_eq(clock_gettime(clock, &t), 0);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *run_layers(void *arg)
{
    struct runner *r = arg;
    run(r->m, NULL, (struct pair){640, 640}, &r->client, NULL);
    r->ended = seconds(CLOCK_THREAD_CPUTIME_ID);
    return NULL;
}

/* If the layers did not check `cancel`, the second layer alone would take 15 billion multiply-adds:
 * several seconds. */
START_TEST(a_layer_ends_within_three_tenths_of_a_second)
{
    enum { READ = 320 + 2 * 3, MOMENT_NS = 100 * 1000 * 1000 };
    struct runner r = {.m = network(128, 3), .client = {.after = -1}};
    const struct timespec moment = {0, MOMENT_NS};
    pthread_t thread;
    clockid_t clock;
    ck_assert_int_eq(pthread_create(&thread, NULL, run_layers, &r), 0);
    ck_assert_int_eq(pthread_getcpuclockid(thread, &clock), 0);
    while (atomic_load(&r.client.rows) < READ)
        nanosleep(&(struct timespec){0, MOMENT_NS / 100}, NULL);
    nanosleep(&moment, NULL);
    double from = seconds(clock);
    atomic_store(&r.client.cancel, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_double_le(r.ended - from, 0.3);
    ck_assert_int_eq(r.client.stored, 0);
    model_free(r.m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cancel");
    TCase *c = tcase_create("cancel");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_run_ends_within_a_step);
    tcase_add_test(c, a_step_ends_within_a_call_of_a_kernel);
    tcase_add_test(c, a_layer_ends_within_three_tenths_of_a_second);
    suite_add_tcase(s, c);
    return harness_run(s);
}
