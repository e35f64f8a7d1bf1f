/* test_transcode.c - PNG to PNG: the file is the same for any number of threads; errors; no
 * leaks. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/transcode.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/upscale_pool.h"
#include "tests/lib/write_png.h"

struct engine {
    struct model *model;
    struct plan *plan;
};

static struct engine make_engine(void)
{
    struct engine x;
    struct err e = ERR_INIT;
    x.model = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    build_conv(x.model, LAYER_CONV2D, 1, 4, 3, 1, 0);
    build_conv(x.model, LAYER_CONV_TRANSPOSE2D, 4, 1, 6, 2, 4);
    build_visible_weights(x.model, 3, 0.5f);
    ck_assert_msg(model_finish(x.model, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    ck_assert_int_eq(plan_new(x.model, kernels_find(NULL), &x.plan, &e), ERR_OK);
    return x;
}

static void engine_done(struct engine *x)
{
    plan_free(x->plan);
    model_free(x->model);
}

/* Makes a picture of which half is noise and half is flat, with some transparency, so that there
 * are strips of every kind. */
static struct buf picture(int width, int height, int channels)
{
    struct image_format f = {width, height, channels, 8};
    struct image *img = NULL;
    struct buf file;
    uint64_t seed = 9;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    for (size_t i = 0; i < image_bytes(&f); i++)
        img->pixels[i] = i < image_bytes(&f) / 2 ? (uint8_t)harness_random(&seed) : 200;
    struct png_writer_params p = {.format = f, .compression = 6};
    buf_init(&file, 1 << 24);
    ck_assert_int_eq(write_png(&p, img, &file, NULL), ERR_OK);
    image_free(img);
    return file;
}

static struct transcode_params params_for(const struct engine *x, double scale, int compression)
{
    return (struct transcode_params){
        .set = chain_set_of(x->plan),
        .size.scale = scale,
        .border = -1,
        .compression = compression,
        .limits = png_default_limits,
        .max_output_pixels = 1 << 24,
        .max_output_bytes = (size_t)1 << 30,
    };
}

/* Runs a request that is expected to take so long; at least one nanosecond makes it a task. */
static enum err_code run_as(const struct engine *x, const struct transcode_params *p, int threads,
                            double expected_ns, const struct buf *file, struct buf *out,
                            struct err *e)
{
    struct pool *share = NULL;
    const struct pool_claim claim = {expected_ns, 1};
    struct buf in;
    struct transcode_report report;
    buf_init(&in, file->length);
    ck_assert_int_eq(buf_append(&in, file->data, file->length, NULL), ERR_OK);
    struct pool *pool = upscale_pool(x->plan, threads);
    buf_init(out, 1 << 26);
    ck_assert_int_eq(pool_share(pool, &claim, &share, NULL), ERR_OK);
    enum err_code rc =
        transcode_run(&(struct transcode_call){.pool = share, .params = p}, &in, out, &report, e);
    pool_free(share);
    pool_free(pool);
    buf_done(&in);
    return rc;
}

static enum err_code run(const struct engine *x, const struct transcode_params *p, int threads,
                         const struct buf *file, struct buf *out, struct err *e)
{
    return run_as(x, p, threads, 0, file, out, e);
}

START_TEST(the_file_does_not_depend_on_threads)
{
    static const double scales[] = {1, 2, 2.7};
    struct engine x = make_engine();
    for (int channels = 1; channels <= 4; channels++)
        for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
            struct transcode_params p = params_for(&x, scales[k], (int)(k * 4 + 1));
            /* large enough to be decoded by two threads */
            struct buf file = picture(300, 230, channels), first, again;
            ck_assert_int_eq(run(&x, &p, 1, &file, &first, NULL), ERR_OK);
            for (int threads = 2; threads <= 8; threads += 3) {
                ck_assert_int_eq(run(&x, &p, threads, &file, &again, NULL), ERR_OK);
                ck_assert_uint_eq(first.length, again.length);
                ck_assert_int_eq(memcmp(first.data, again.data, first.length), 0);
                buf_done(&again);
            }
            ck_assert_int_eq(run_as(&x, &p, 3, 1, &file, &again, NULL), ERR_OK);
            ck_assert_uint_eq(first.length, again.length);
            ck_assert_int_eq(memcmp(first.data, again.data, first.length), 0);
            buf_done(&again);
            buf_done(&first);
            buf_done(&file);
        }
    engine_done(&x);
}
END_TEST

START_TEST(limits_are_named)
{
    struct engine x = make_engine();
    struct buf file = picture(100, 50, 3), out;
    struct transcode_params p = params_for(&x, 2, 6);
    struct err e = ERR_INIT;
    p.max_output_pixels = 19999;
    ck_assert_int_eq(run(&x, &p, 1, &file, &out, &e), ERR_OUTPUT_TOO_LARGE);
    ck_assert_str_eq(e.option, "max-output-pixels");
    ck_assert_uint_eq(e.limit, 19999);
    buf_done(&out);
    p = params_for(&x, 2, 6);
    p.limits.max_pixels = 4999;
    e = (struct err)ERR_INIT;
    ck_assert_int_eq(run(&x, &p, 1, &file, &out, &e), ERR_TOO_MANY_PIXELS);
    ck_assert_str_eq(e.option, "max-pixels");
    buf_done(&out);
    buf_done(&file);
    engine_done(&x);
}
END_TEST

static void fail_in_turn(double expected_ns)
{
    struct engine x = make_engine();
    struct pool *share = NULL;
    const struct pool_claim claim = {expected_ns, 1};
    struct transcode_params p = params_for(&x, 3, 6);
    struct buf file = picture(40, 30, 4);
    enum err_code rc = ERR_MEMORY;
    struct pool *pool = upscale_pool(x.plan, 2);
    ck_assert_int_eq(pool_share(pool, &claim, &share, NULL), ERR_OK);
    for (long n = 0; rc != ERR_OK; n++) {
        struct buf in, out;
        struct err e = ERR_INIT;
        struct transcode_report report;
        buf_init(&in, file.length);
        buf_init(&out, 1 << 20);
        ck_assert_int_eq(buf_append(&in, file.data, file.length, NULL), ERR_OK);
        mem_fail_nth(n);
        rc = transcode_run(&(struct transcode_call){.pool = share, .params = &p}, &in, &out,
                           &report, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        ck_assert_int_eq(e.code, rc);
        ck_assert_int_lt(n, 1000);
        buf_done(&in);
        buf_done(&out);
    }
    pool_free(share);
    pool_free(pool);
    buf_done(&file);
    engine_done(&x);
}

START_TEST(every_failed_allocation_is_told)
{
    fail_in_turn(0);
    fail_in_turn(1);
}
END_TEST

struct stop {
    atomic_bool cancel;
    double at;
};

static void stop_at(void *arg, double fraction)
{
    struct stop *stop = arg;
    stop->at = fraction;
    atomic_store(&stop->cancel, true);
}

/* A client cancels after the first band: the second is not made, and the bytes of the file are
 * freed. */
START_TEST(cancelled_between_bands)
{
    for (double expected_ns = 0; expected_ns < 2; expected_ns++) {
        struct engine x = make_engine();
        struct pool *share = NULL;
        const struct pool_claim claim = {expected_ns, 1};
        struct transcode_params p = params_for(&x, 2, 6);
        struct transcode_report report;
        struct stop stop = {.at = 0};
        struct err e = ERR_INIT;
        struct buf in = picture(100, 16000, 1), out;
        buf_init(&out, 1 << 26);
        struct pool *pool = upscale_pool(x.plan, 2);
        ck_assert_int_eq(pool_share(pool, &claim, &share, NULL), ERR_OK);
        ck_assert_int_eq(transcode_run(&(struct transcode_call){.pool = share,
                                                                .params = &p,
                                                                .progress = stop_at,
                                                                .progress_arg = &stop,
                                                                .cancel = &stop.cancel},
                                       &in, &out, &report, &e),
                         ERR_CANCELLED);
        ck_assert(stop.at > 0 && stop.at < 0.5);
        ck_assert_uint_eq(in.length, 0);
        pool_free(share);
        pool_free(pool);
        buf_done(&out);
        engine_done(&x);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("transcode");
    TCase *c = tcase_create("transcode");
    tcase_add_test(c, the_file_does_not_depend_on_threads);
    tcase_add_test(c, limits_are_named);
    tcase_add_test(c, every_failed_allocation_is_told);
    tcase_add_test(c, cancelled_between_bands);
    suite_add_tcase(s, c);
    return harness_run(s);
}
