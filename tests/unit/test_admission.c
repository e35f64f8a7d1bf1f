/* test_admission.c - what a request needs: memory by the published formula, work by the network's;
 * how long that takes; how much a client's requests weigh. */
#include <stdio.h>
#include <string.h>

#include "server/work/clients.h"
#include "server/work/cost.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/png_build.h"

static struct model *model;
static struct plan *plan;
static struct pool *pool;
static struct transcode_params params;

static void begin(void)
{
    model = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    build_conv(model, LAYER_CONV2D, 1, 4, 3, 1, 0);
    build_conv(model, LAYER_CONV_TRANSPOSE2D, 4, 1, 6, 2, 4);
    build_all_weights(model, 3);
    ck_assert_int_eq(model_finish(model, &model_default_limits, NULL), ERR_OK);
    ck_assert_int_eq(plan_new(model, kernels_find(NULL), &plan, NULL), ERR_OK);
    ck_assert_int_eq(pool_new(2, &pool, NULL), ERR_OK);
    params = (struct transcode_params){.plan = plan,
                                       .size.scale = 2,
                                       .border = -1,
                                       .limits = png_default_limits,
                                       .max_output_pixels = 1 << 28,
                                       .max_output_bytes = (size_t)1 << 30,
                                       .max_whole_bytes = 1 << 28};
}

static void end(void)
{
    pool_free(pool);
    plan_free(plan);
    model_free(model);
}

static struct bytes make_file(int width, int height, int color_type)
{
    uint64_t seed = 5;
    struct png_build p;
    struct bytes file = {0};
    png_build_random(&p, (struct png_head){width, height, 8, color_type, false}, false, &seed);
    png_build_file(&p, &seed, NULL, NULL, NULL, &file);
    png_build_done(&p);
    return file;
}

static struct need need_of(int width, int height, int color_type, size_t length)
{
    struct bytes file = make_file(width, height, color_type);
    struct need n;
    struct err e = ERR_INIT;
    enum err_code rc = admission_judge(pool, &params, file.data, length ? length : file.length,
                                       file.length, &n, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    bytes_done(&file);
    return n;
}

/* What the workers' buffers would have to grow by is asked for once. */
START_TEST(scratch_that_is_missing_counts)
{
    struct need n = need_of(90, 70, 2, 0);
    int64_t bare = (int64_t)(n.memory.peak - n.file_bytes);
    ck_assert_int_eq(n.work_bytes, bare + 2 * (int64_t)n.memory.scratch);
    ck_assert_int_eq(pool_reserve(pool, n.memory.scratch - 100, NULL), ERR_OK);
    ck_assert_int_eq(need_of(90, 70, 2, 0).work_bytes, bare + 200);
    ck_assert_int_eq(pool_reserve(pool, n.memory.scratch, NULL), ERR_OK);
    ck_assert_int_eq(need_of(90, 70, 2, 0).work_bytes, bare);
}
END_TEST

START_TEST(memory_is_the_published_formula)
{
    static const int types[] = {0, 2, 3, 4, 6};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int head = 0; head < 2; head++) {
            struct bytes file = make_file(90, 70, types[i]);
            struct transcode_memory said;
            struct need n = need_of(90, 70, types[i], head ? PNG_HEAD_BYTES : 0);
            size_t length = head ? PNG_HEAD_BYTES : file.length;
            ck_assert_int_eq(transcode_memory(pool, &params,
                                              &(struct png_prefix){file.data, length, file.length},
                                              &said, NULL),
                             ERR_OK);
            ck_assert_uint_eq(n.memory.peak, said.peak);
            ck_assert_uint_eq(n.file_bytes, file.length);
            ck_assert_int_eq(n.work_bytes + (int64_t)file.length,
                             (int64_t)(said.peak + 2 * said.scratch));
            bytes_done(&file);
        }
}
END_TEST

START_TEST(work_is_that_of_every_pass)
{
    double once = 100 * 50 * model->geometry.macs_per_pixel;
    const struct {
        double scale;
        int color_type;
        double passes; /* in the picture's pixels */
    } cases[] = {{2, 0, 1}, {2, 2, 1},  {2, 6, 2}, {2, 4, 2},     {1.5, 2, 1},
                 {4, 2, 5}, {8, 0, 21}, {1, 2, 0}, {8, 6, 2 * 21}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        params.size.scale = cases[i].scale;
        struct need n = need_of(100, 50, cases[i].color_type, 0);
        ck_assert_double_eq_tol(n.macs, cases[i].passes * once, once * 1e-9);
    }
}
END_TEST

/* Refusals by the head are final, so that it must count nothing that may not come. */
START_TEST(the_least_by_a_head_is_what_the_plainest_file_needs)
{
    static const int types[] = {0, 2, 3, 4, 6};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct bytes file = make_file(90, 70, types[i]);
        struct need least, whole = need_of(90, 70, types[i], 0);
        ck_assert_int_eq(admission_judge_head(pool, &params, file.data, file.length, &least, NULL),
                         ERR_OK);
        ck_assert_uint_eq(least.memory.peak, whole.memory.peak);
        ck_assert_double_eq(least.macs, whole.macs);
        ck_assert_double_eq(least.out_samples, whole.out_samples);
        bytes_done(&file);
    }
}
END_TEST

START_TEST(a_head_alone_counts_an_alpha_that_may_come)
{
    ck_assert_double_eq(need_of(40, 30, 2, 0).out_samples, 80 * 60 * 3);
    ck_assert_double_eq(need_of(40, 30, 2, PNG_HEAD_BYTES).out_samples, 80 * 60 * 4);
    ck_assert_double_eq(need_of(40, 30, 6, PNG_HEAD_BYTES).out_samples, 80 * 60 * 4);
}
END_TEST

START_TEST(errors_are_those_of_the_formula)
{
    struct bytes file = make_file(40, 30, 0);
    struct need n = {.work_bytes = 7};
    struct err e = ERR_INIT;
    params.max_output_pixels = 80 * 60 - 1;
    ck_assert_int_eq(admission_judge(pool, &params, file.data, file.length, file.length, &n, &e),
                     ERR_OUTPUT_TOO_LARGE);
    ck_assert_str_eq(e.option, "max-output-pixels");
    ck_assert_int_eq(n.work_bytes, 7);
    memset(file.data, 0xff, 8);
    ck_assert_int_eq(admission_judge(pool, &params, file.data, file.length, file.length, &n, &e),
                     ERR_NOT_PNG);
    bytes_done(&file);
}
END_TEST

START_TEST(what_is_measured_at_the_start_is_expected)
{
    struct cost c;
    struct need none = {0}, some = {.macs = 1e9};
    cost_init(&c);
    double before = cost_mac_ns(&c);
    size_t scratch;
    ck_assert_int_eq(upscale_scratch_bytes(plan, &scratch, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(pool, scratch, NULL), ERR_OK);
    ck_assert_int_eq(cost_calibrate(&c, pool, plan, NULL), ERR_OK);
    ck_assert_double_gt(cost_mac_ns(&c), 0);
    ck_assert_double_ne(cost_mac_ns(&c), before);
    double more = cost_expected_ns(&c, &some) - cost_expected_ns(&c, &none);
    ck_assert_double_eq_tol(more, 1e9 * cost_mac_ns(&c), 1e3);
    cost_done(&c);
}
END_TEST

/* Half of a request's time is the network's: so many nanoseconds a multiply-accumulate. */
static void learn(struct cost *c, const struct need *n, double mac_ns)
{
    struct transcode_report report = {.decode_ms = 10, .network_ms = 30, .encode_ms = 20};
    cost_learn(c, n, &report, 2 * mac_ns * n->macs);
}

START_TEST(what_requests_take_is_learned_and_the_past_fades)
{
    struct cost c;
    struct need n = {.macs = 1e8, .out_samples = 1e6};
    cost_init(&c);
    for (int i = 0; i < 200; i++)
        learn(&c, &n, 3);
    ck_assert_double_eq_tol(cost_mac_ns(&c), 3, 0.01);
    double expected = cost_expected_ns(&c, &n);
    ck_assert_double_eq_tol(expected, 6e8, 0.02 * 6e8);
    learn(&c, &n, 30); /* one that was disturbed does not count for more than a few others */
    ck_assert_double_lt(cost_mac_ns(&c), 6);
    for (int i = 0; i < 200; i++)
        learn(&c, &n, 0.5);
    ck_assert_double_eq_tol(cost_mac_ns(&c), 0.5, 0.01);
    cost_done(&c);
}
END_TEST

START_TEST(nothing_is_learned_from_nothing)
{
    struct cost c;
    struct need n = {.macs = 1e8, .out_samples = 1e6}, still = {.out_samples = 1e6};
    struct transcode_report no_time = {0};
    cost_init(&c);
    double expected = cost_expected_ns(&c, &n), mac_ns = cost_mac_ns(&c);
    cost_learn(&c, &n, &no_time, 1e9);
    learn(&c, &n, 0);
    ck_assert_double_eq(cost_expected_ns(&c, &n), expected);
    /* scale=1: the network did not run, so that nothing is known of it */
    struct transcode_report coded = {.decode_ms = 1, .encode_ms = 1};
    cost_learn(&c, &still, &coded, 1e9);
    ck_assert_double_eq(cost_mac_ns(&c), mac_ns);
    cost_done(&c);
}
END_TEST

START_TEST(a_clients_requests_share_its_weight)
{
    static struct clients c;
    double weight;
    int one = clients_enter(&c, "192.0.2.1", &weight);
    ck_assert_double_eq(weight, 1);
    ck_assert_int_eq(clients_enter(&c, "192.0.2.1", &weight), one);
    ck_assert_double_eq(weight, 0.5);
    int other = clients_enter(&c, "192.0.2.2", &weight);
    ck_assert_int_ne(other, one);
    ck_assert_double_eq(weight, 1);
    clients_leave(&c, one);
    clients_leave(&c, one);
    clients_leave(&c, other);
    clients_enter(&c, "192.0.2.1", &weight);
    ck_assert_double_eq(weight, 1);
    clients_leave(&c, one);
}
END_TEST

START_TEST(any_name_has_a_place)
{
    static struct clients c;
    char name[32];
    double weight;
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "%d", i);
        int place = clients_enter(&c, i ? name : "", &weight);
        ck_assert_int_ge(place, 0);
        ck_assert_int_lt(place, CLIENTS_PLACES);
        ck_assert_double_gt(weight, 1. / 40); /* spread: five a place on average */
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("admission");
    TCase *c = tcase_create("admission");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, memory_is_the_published_formula);
    tcase_add_test(c, scratch_that_is_missing_counts);
    tcase_add_test(c, work_is_that_of_every_pass);
    tcase_add_test(c, the_least_by_a_head_is_what_the_plainest_file_needs);
    tcase_add_test(c, a_head_alone_counts_an_alpha_that_may_come);
    tcase_add_test(c, errors_are_those_of_the_formula);
    tcase_add_test(c, what_is_measured_at_the_start_is_expected);
    tcase_add_test(c, what_requests_take_is_learned_and_the_past_fades);
    tcase_add_test(c, nothing_is_learned_from_nothing);
    tcase_add_test(c, a_clients_requests_share_its_weight);
    tcase_add_test(c, any_name_has_a_place);
    suite_add_tcase(s, c);
    return harness_run(s);
}
