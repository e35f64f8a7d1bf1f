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

static void watch(double macs)
{
    longest = fmax(longest, macs);
    if (++calls == 2)
        atomic_store(&watcher->cancel, true);
}

static void watched_winograd(const struct kernel_winograd *k)
{
    watch(16. * k->tiles * 9 * k->in_channels * k->out_blocks * KERNEL_LANES);
    kernels_find(NULL)->winograd(k);
}

static void watched_conv(const struct kernel_conv *k)
{
    watch((double)k->width * k->kernel_y * k->kernel_x * k->in_channels * k->out_blocks *
          KERNEL_LANES);
    kernels_find(NULL)->conv_blocked(k);
}

static void watched_tall(const struct kernel_tall *k)
{
    watch(4. * k->planes.width * 5 * k->planes.kernel_x * k->planes.in_channels * 4 * k->groups);
    kernels_find(NULL)->tall(k);
}

/* Makes a network whose second layer is so wide that a row of it takes several calls: a direct
 * convolution of 5x5 or a transposed one of 9x9. */
static struct model *wide_network(bool tall)
{
    int channels = tall ? 256 : 384;
    struct model *m = build_model(COLOR_RGB, 2, BORDER_REPLICATE);
    build_conv(m, LAYER_CONV2D, 3, channels, 1, 1, 0);
    if (tall) {
        build_conv(m, LAYER_CONV_TRANSPOSE2D, channels, 3, 9, 2, 4)->conv.output_padding =
            (struct pair){1, 1};
    } else {
        build_conv(m, LAYER_CONV2D, channels, channels, 5, 1, 2);
        build_conv(m, LAYER_CONV2D, channels, 12, 3, 1, 1);
        build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    }
    build_all_weights(m, 5);
    struct err e = ERR_INIT;
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

enum { WIDE = 8000 };

START_TEST(a_step_ends_within_a_call_of_a_kernel)
{
    for (int k = 0; k < 3; k++) {
        struct model *m = k == 0 ? network(256, 3) : wide_network(k == 1);
        struct leaving leaves = {.after = -1};
        watched = *kernels_find(NULL);
        if (k == 0)
            watched.winograd = watched_winograd;
        else if (k == 1)
            watched.tall = watched_tall;
        else
            watched.conv_blocked = watched_conv;
        watcher = &leaves;
        calls = 0;
        longest = 0;
        run(m, &watched, k == 0 ? (struct pair){16, 2000} : (struct pair){8, WIDE}, &leaves, NULL);
        ck_assert_int_eq(calls, 2);
        ck_assert_int_eq(leaves.stored, 0);
        ck_assert_double_gt(longest, 0);
        ck_assert_double_le(longest, 1e9); /* 0.2 s of the C set */
        model_free(m);
    }
}
END_TEST

/* A picture that differs from pixel to pixel, and the last columns of its output. */
struct columns {
    int first;
    float samples[3][2][WIDE];
};

static void load_any(void *arg, int y, int x, int count, float *const *planes)
{
    (void)arg;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < count; i++) {
            unsigned at = (unsigned)(c * 7919 + y * 104729 + (x + i) * 31);
            planes[c][i] = (float)(at * 2654435761u >> 8) / 16777216.0f;
        }
}

static void store_columns(void *arg, int y, int x, int count, const float *const *planes)
{
    struct columns *k = arg;
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < count; i++)
            if (x + i >= k->first)
                k->samples[c][y][x + i - k->first] = planes[c][i];
}

/* The calls that divide a row make the same bytes as one call for a part of it. */
START_TEST(calls_for_parts_of_a_row_make_the_same_bytes)
{
    static struct columns all, part;
    all.first = part.first = WIDE - 300;
    for (int k = 0; k < 2; k++) {
        struct model *m = wide_network(k == 1);
        struct plan *plan = NULL;
        struct plan_picture picture = {WIDE / 2, 1, false};
        size_t bytes;
        ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
        ck_assert_int_eq(plan_scratch_bytes(plan, WIDE, 2, &bytes, NULL), ERR_OK);
        void *scratch = mem_alloc(1, bytes);
        plan_run(plan, scratch, (struct plan_rect){0, 0, WIDE, 2}, &picture,
                 &(struct plan_io){load_any, store_columns, &all, NULL, NULL, NULL});
        plan_run(plan, scratch, (struct plan_rect){WIDE - 300, 0, 300, 2}, &picture,
                 &(struct plan_io){load_any, store_columns, &part, NULL, NULL, NULL});
        ck_assert_int_eq(memcmp(&all, &part, sizeof all), 0);
        ck_assert(all.samples[0][1][299] != all.samples[0][1][298]);
        mem_free(scratch);
        plan_free(plan);
        model_free(m);
    }
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
    tcase_add_test(c, calls_for_parts_of_a_row_make_the_same_bytes);
    tcase_add_test(c, a_layer_ends_within_three_tenths_of_a_second);
    suite_add_tcase(s, c);
    return harness_run(s);
}
