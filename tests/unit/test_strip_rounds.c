/* test_strip_rounds.c - rounds of a strip that run at a time: they make the bytes of one thread
 * however long each step takes; they end when a request is cancelled or memory is out. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/upscale.h"
#include "tests/lib/enlarge.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/upscale_pool.h"

enum { CHANNELS = 16, THREADS = 4 };

static struct model *finished(struct model *m)
{
    struct err e = ERR_INIT;
    build_visible_weights(m, 5, 0.5f);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Makes a network of eight convolutions and a transposed one. */
static struct model *chain(void)
{
    struct model *m = build_model(COLOR_RGB, 2, BORDER_REPLICATE);
    for (int k = 0; k < 8; k++) {
        build_conv(m, LAYER_CONV2D, k ? CHANNELS : 3, CHANNELS, 3, 1, 0);
        build_prelu(m, CHANNELS);
    }
    build_conv(m, LAYER_CONV_TRANSPOSE2D, CHANNELS, 3, 6, 2, 4);
    return finished(m);
}

/* Makes a network whose first layer is read by two convolutions of these kernels and by what joins
 * the three. The readers are at different rows of it. */
static struct model *branches(int first, int second)
{
    struct model *m = build_model(COLOR_RGB, 1, BORDER_MODEL);
    build_conv(m, LAYER_CONV2D, 3, CHANNELS, 3, 1, 1);
    build_conv(m, LAYER_CONV2D, CHANNELS, CHANNELS, first, 1, first / 2);
    build_conv(m, LAYER_CONV2D, CHANNELS, CHANNELS, second, 1, second / 2)->input = 0;
    build_with(m, LAYER_CONCAT, 1);
    build_with(m, LAYER_CONCAT, 0);
    build_conv(m, LAYER_CONV2D, 3 * CHANNELS, 3, 1, 1, 0);
    return finished(m);
}

/* Kernels of which every nth call takes long. */
static struct kernels halting;
static atomic_int halt_every, calls;

static void halt(void)
{
    if (atomic_fetch_add(&calls, 1) % atomic_load(&halt_every) == 0)
        usleep(5000);
}

static void halting_winograd(const struct kernel_winograd *k)
{
    halt();
    kernels_find(NULL)->winograd(k);
}

static void halting_conv(const struct kernel_conv *k)
{
    halt();
    kernels_find(NULL)->conv_blocked(k);
}

static void halting_unblock(const float *in, float *const *planes, int channels, int width)
{
    halt();
    kernels_find(NULL)->unblock(in, planes, channels, width);
}

/* Enlarges a picture in one strip. The caller frees the bytes. */
static struct collected run_strip(const struct plan *plan, int threads)
{
    struct image *img = random_image(64, 200, 3, 8, 42);
    int scale = plan_model(plan)->scale;
    struct image_format out = {64 * scale, 200 * scale, 3, 8};
    struct collected c = {malloc(image_bytes(&out)), 0, image_bytes(&out)};
    struct upscale_params p = {.chain = chain_repeated(plan, 1),
                               .width = out.width,
                               .height = out.height,
                               .border = plan_model(plan)->border,
                               .depth = 8,
                               .band_rows = out.height,
                               .strips = 1,
                               .restores = true};
    struct upscale_hooks hooks = {.rows = collect_rows, .rows_arg = &c};
    struct pool *pool = upscale_pool(plan, threads);
    ck_assert_int_eq(upscale_run(pool, &p, img, &hooks, NULL), ERR_OK);
    ck_assert_uint_eq(c.length, image_bytes(&out));
    pool_free(pool);
    image_free(img);
    return c;
}

/* A round that is held up keeps the rows that it still has to read, while others go on as far as
 * they may. A pool that was too small for that would end the program. */
START_TEST(rounds_may_take_any_time)
{
    static const int kernels[][2] = {{5, 1}, {5, 3}, {7, 1}, {7, 3}};
    struct model *m = _i < 4 ? branches(kernels[_i][0], kernels[_i][1]) : chain();
    struct plan *plan = NULL;
    uint64_t seed = 3;
    halting = *kernels_find(NULL);
    halting.winograd = halting_winograd;
    halting.conv_blocked = halting_conv;
    halting.unblock = halting_unblock;
    ck_assert_int_eq(plan_new(m, &halting, &plan, NULL), ERR_OK);
    atomic_store(&halt_every, 1 << 30);
    struct collected want = run_strip(plan, 1);
    for (int k = 0; k < 12; k++) {
        atomic_store(&halt_every, 12 + (int)(harness_random(&seed) % 24));
        struct collected got = run_strip(plan, 2 + k % (THREADS - 1));
        ck_assert(memcmp(got.bytes, want.bytes, want.length) == 0);
        free(got.bytes);
    }
    free(want.bytes);
    plan_free(plan);
    model_free(m);
}
END_TEST

/* Kernels that cancel the request at one of their calls. */
static struct kernels leaving;
static atomic_bool left;
static atomic_int calls_left;

static void leaving_winograd(const struct kernel_winograd *k)
{
    if (atomic_fetch_sub(&calls_left, 1) == 1)
        atomic_store(&left, true);
    kernels_find(NULL)->winograd(k);
}

/* Upscales in one strip on four threads, and cancels at the nth call of a kernel. */
static enum err_code leave(const struct plan *plan, int n, bool alpha)
{
    struct image *img = random_image(90, 80, alpha ? 4 : 3, 8, 42);
    struct image_format out = {180, 160, img->format.channels, 8};
    struct collected c = {malloc(image_bytes(&out)), 0, image_bytes(&out)};
    struct upscale_params p = {.chain = chain_repeated(plan, 1),
                               .width = out.width,
                               .height = out.height,
                               .border = BORDER_REPLICATE,
                               .depth = 8,
                               .band_rows = 48,
                               .strips = 1};
    struct upscale_hooks hooks = {.rows = collect_rows, .rows_arg = &c, .cancel = &left};
    struct pool *pool = upscale_pool(plan, 4);
    atomic_store(&left, false);
    atomic_store(&calls_left, n);
    enum err_code rc = upscale_run(pool, &p, img, &hooks, NULL);
    pool_free(pool);
    image_free(img);
    free(c.bytes);
    return rc;
}

/* Rounds that wait for the one that ended early must end, too. */
START_TEST(a_cancelled_strip_ends_all_its_rounds)
{
    struct model *m = chain();
    struct plan *plan = NULL;
    uint64_t seed = 7;
    leaving = *kernels_find(NULL);
    leaving.winograd = leaving_winograd;
    ck_assert_int_eq(plan_new(m, &leaving, &plan, NULL), ERR_OK);
    for (int k = 0; k < 40; k++)
        ck_assert_int_eq(leave(plan, 1 + (int)(harness_random(&seed) % 140), k % 2), ERR_CANCELLED);
    ck_assert_int_eq(leave(plan, 0, true), ERR_OK);
    plan_free(plan);
    model_free(m);
}
END_TEST

START_TEST(strips_without_memory_fail)
{
    struct model *m = chain();
    struct plan *plan = NULL;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    struct image *img = random_image(60, 50, 4, 8, 42);
    struct collected c = {malloc((size_t)120 * 100 * 4), 0, (size_t)120 * 100 * 4};
    struct upscale_params p = {.chain = chain_repeated(plan, 1),
                               .width = 120,
                               .height = 100,
                               .border = BORDER_REPLICATE,
                               .depth = 8,
                               .strips = 2};
    struct upscale_hooks hooks = {.rows = collect_rows, .rows_arg = &c};
    struct pool *pool = upscale_pool(plan, 3);
    enum err_code rc = ERR_MEMORY;
    int failed = -1;
    for (; rc == ERR_MEMORY; failed++) {
        c.length = 0;
        mem_fail_nth(failed + 1);
        rc = upscale_run(pool, &p, img, &hooks, NULL);
    }
    mem_fail_nth(-1);
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_ge(failed, 5); /* the strips, their states, scratch and flags, and the band */
    pool_free(pool);
    image_free(img);
    free(c.bytes);
    plan_free(plan);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("strip_rounds");
    TCase *c = tcase_create("strip_rounds");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, rounds_may_take_any_time, 0, 5);
    tcase_add_test(c, a_cancelled_strip_ends_all_its_rounds);
    tcase_add_test(c, strips_without_memory_fail);
    suite_add_tcase(s, c);
    return harness_run(s);
}
