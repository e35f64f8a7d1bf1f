/* test_admission.c - what a request needs: memory by the published formula, work by the network's;
 * how long it takes; and how much weight the requests of a client have. */
#include <stdio.h>
#include <string.h>

#include "engine/png/png_strip.h"
#include "server/work/admission.h"
#include "server/work/clients.h"
#include "server/work/cost.h"
#include "tests/lib/chain_for.h"
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
    params = (struct transcode_params){.set = chain_set_of(plan),
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

static struct need_source source_of(const struct bytes *file)
{
    return (struct need_source){pool, &params, {file->data, file->length, file->length}};
}

static struct need need_of(int width, int height, int color_type, size_t length)
{
    struct bytes file = make_file(width, height, color_type);
    struct need n;
    struct err e = ERR_INIT;
    struct need_source source = source_of(&file);
    source.file.length = length ? length : file.length;
    enum err_code rc = need_find(&source, &n, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    bytes_done(&file);
    return n;
}

/* The memory by which the workers' buffers must grow is counted once. */
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

START_TEST(work_is_that_of_the_engine)
{
    static const struct {
        double scale;
        int width, height, color_type;
    } cases[] = {{2, 0, 0, 0}, {2, 0, 0, 2},    {2, 0, 0, 6},    {1.5, 0, 0, 4},
                 {8, 0, 0, 0}, {0, 800, 50, 2}, {0, 100, 400, 6}};
    double once = 100 * 50 * model->geometry.macs_per_pixel;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upscale_work work;
        params.size = (struct upscale_size){cases[i].scale, cases[i].width, cases[i].height};
        struct need n = need_of(100, 50, cases[i].color_type, 0);
        const struct image_format *out = &n.memory.out;
        struct upscale_params up = {.chain = chain_for(plan, &n.memory.in, out->width, out->height),
                                    .width = out->width,
                                    .height = out->height,
                                    .depth = 8,
                                    .band_multiple = png_strip_rows(out)};
        ck_assert_int_eq(upscale_work(pool, &up, &n.memory.in, &work, NULL), ERR_OK);
        ck_assert_double_eq(n.macs, work.color + work.alpha);
        ck_assert_double_ge(n.macs, once);
    }
    params.size = (struct upscale_size){.scale = 1};
    ck_assert_double_eq(need_of(100, 50, 2, 0).macs, 0);
}
END_TEST

/* Refusals by the head are final, so the need must not include anything that may not follow. */
START_TEST(the_least_by_a_head_is_what_the_plainest_file_needs)
{
    static const int types[] = {0, 2, 3, 4, 6};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct bytes file = make_file(90, 70, types[i]);
        struct need least, whole = need_of(90, 70, types[i], 0);
        struct need_source source = source_of(&file);
        ck_assert_int_eq(need_find_least(&source, &least, NULL), ERR_OK);
        ck_assert_uint_eq(least.memory.peak, whole.memory.peak);
        ck_assert_double_eq(least.macs, whole.macs);
        ck_assert_double_eq(least.memory.work.out_bytes, whole.memory.work.out_bytes);
        bytes_done(&file);
    }
}
END_TEST

START_TEST(a_head_alone_counts_an_alpha_that_may_come)
{
    ck_assert_double_eq(need_of(40, 30, 2, 0).memory.work.out_bytes, 80 * 60 * 3);
    ck_assert_double_eq(need_of(40, 30, 2, PNG_HEAD_BYTES).memory.work.out_bytes, 80 * 60 * 4);
    ck_assert_double_eq(need_of(40, 30, 6, PNG_HEAD_BYTES).memory.work.out_bytes, 80 * 60 * 4);
}
END_TEST

START_TEST(errors_are_those_of_the_formula)
{
    struct bytes file = make_file(40, 30, 0);
    struct need n = {.work_bytes = 7};
    struct err e = ERR_INIT;
    struct need_source source = source_of(&file);
    params.max_output_pixels = 80 * 60 - 1;
    ck_assert_int_eq(need_find(&source, &n, &e), ERR_OUTPUT_TOO_LARGE);
    ck_assert_str_eq(e.option, "max-output-pixels");
    ck_assert_int_eq(n.work_bytes, 7);
    memset(file.data, 0xff, 8);
    ck_assert_int_eq(need_find(&source, &n, &e), ERR_NOT_PNG);
    bytes_done(&file);
}
END_TEST

/* Returns the need of one kind of work, for a picture with a megabyte of samples. */
static struct need kind_of(int compression, double density, bool resized, double macs)
{
    struct need n = {.compression = compression, .streamed = true, .macs = macs};
    n.memory.work = (struct transcode_work){
        .in_bytes = 1e6, .out_bytes = 1e6, .packed_bytes = density * 1e6, .resized = resized};
    return n;
}

START_TEST(what_is_measured_at_the_start_is_expected)
{
    struct cost c;
    struct need none = kind_of(6, 0.5, true, 0), some = kind_of(6, 0.5, true, 1e9);
    cost_init(&c);
    double before = cost_mac_ns(&c);
    size_t scratch;
    ck_assert_int_eq(scratch_of(plan, &scratch, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(pool, scratch, NULL), ERR_OK);
    ck_assert_int_eq(cost_calibrate(&c, pool, plan, NULL), ERR_OK);
    ck_assert_double_gt(cost_mac_ns(&c), 0);
    ck_assert_double_ne(cost_mac_ns(&c), before);
    double more = cost_expected_ns(&c, &some) - cost_expected_ns(&c, &none);
    ck_assert_double_eq_tol(more, 1e9 * cost_mac_ns(&c), 1e3);
    cost_done(&c);
}
END_TEST

/* Teaches the rates that a request of this need took `times` as long as the starting rates say. */
static void learn(struct cost *c, const struct need *n, double times)
{
    struct cost start;
    cost_init(&start);
    struct need bare = *n;
    bare.macs = 0;
    double rest = cost_expected_ns(&start, &bare), all = cost_expected_ns(&start, n);
    struct transcode_report report = {.macs = n->macs,
                                      .network_ns = times * (all - rest),
                                      .decode_ns = times * 6 * 1e6,
                                      .encode_ns = times * (rest - 6 * 1e6 - 1e6)};
    cost_learn(c, n, &report);
    cost_done(&start);
}

START_TEST(what_requests_take_is_learned_and_the_past_fades)
{
    struct cost c;
    struct need n = kind_of(6, 0.5, true, 1e8);
    cost_init(&c);
    double start = cost_expected_ns(&c, &n);
    for (int i = 0; i < 200; i++)
        learn(&c, &n, 3);
    ck_assert_double_eq_tol(cost_expected_ns(&c, &n), 3 * start, 0.05 * start);
    ck_assert_double_eq_tol(cost_mac_ns(&c), 3, 0.01);
    learn(&c, &n, 4); /* a request that was disturbed counts no more than others */
    ck_assert_double_le(cost_expected_ns(&c, &n), 3.1 * start);
    for (int i = 0; i < 200; i++)
        learn(&c, &n, 0.5);
    ck_assert_double_eq_tol(cost_expected_ns(&c, &n), 0.5 * start, 0.05 * start);
    cost_done(&c);
}
END_TEST

START_TEST(rates_stay_within_their_bound)
{
    struct cost c;
    struct need n = kind_of(9, 0.16, false, 0);
    cost_init(&c);
    double start = cost_expected_ns(&c, &n);
    for (int i = 0; i < 1000; i++)
        learn(&c, &n, 1e6);
    ck_assert_double_le(cost_expected_ns(&c, &n), COST_BOUND * start);
    for (int i = 0; i < 1000; i++)
        learn(&c, &n, 1e-6);
    ck_assert_double_ge(cost_expected_ns(&c, &n), start / COST_BOUND);
    cost_done(&c);
}
END_TEST

START_TEST(compression_and_content_count)
{
    struct cost c;
    cost_init(&c);
    struct need fast = kind_of(1, 0.16, false, 0), usual = kind_of(6, 0.16, false, 0),
                slow = kind_of(9, 0.16, false, 0), photo = kind_of(9, 0.9, false, 0),
                flat = kind_of(9, 0.001, false, 0);
    ck_assert_double_le(cost_expected_ns(&c, &fast), cost_expected_ns(&c, &usual));
    /* a million pixels of noise in two values take a second of one thread */
    ck_assert_double_ge(cost_expected_ns(&c, &slow), 0.5e9);
    ck_assert_double_ge(cost_expected_ns(&c, &slow), 10 * cost_expected_ns(&c, &usual));
    ck_assert_double_ge(cost_expected_ns(&c, &slow), 4 * cost_expected_ns(&c, &photo));
    ck_assert_double_ge(cost_expected_ns(&c, &photo), 2 * cost_expected_ns(&c, &flat));
    cost_done(&c);
}
END_TEST

/* Eight requests of a megapixel at compression=9, and later hundreds of them, once made an admitted
 * large picture count as too much work. */
START_TEST(nobody_is_talked_out_of_a_place)
{
    struct cost c;
    struct need noise = kind_of(9, 0.16, false, 0), large;
    static const uint8_t ihdr[] = {0,  0, 27, 88, 0, 0, 27,
                                   88, 8, 2,  0,  0, 0}; /* 7000 x 7000, RGB */
    uint8_t head[PNG_HEAD_BYTES] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    struct bytes chunk = {0};
    struct err e = ERR_INIT;
    png_build_chunk(&chunk, "IHDR", ihdr, sizeof ihdr);
    memcpy(head + 8, chunk.data, chunk.length);
    struct need_source source = {pool, &params, {head, sizeof head, 100 << 20}};
    cost_init(&c);
    for (int slow = 0; slow < 2; slow++) {
        params.compression = slow ? 9 : 6;
        ck_assert_int_eq(need_find_least(&source, &large, NULL), ERR_OK);
        double expected = cost_expected_ns(&c, &large), least = cost_least_ns(&c, &large);
        struct request_bounds bounds = {.memory = INT64_MAX,
                                        .work_timeout_s = (int64_t)(least / 1e9) + 1,
                                        .least_s = least / 1e9};
        ck_assert_int_eq(admission_bound(&large, &bounds, NULL), ERR_OK);
        for (int i = 0; i < 1000; i++)
            learn(&c, &noise, 1000);
        bounds.least_s = cost_least_ns(&c, &large) / 1e9;
        ck_assert_msg(admission_bound(&large, &bounds, &e) == ERR_OK, "%s", e.text);
        ck_assert_double_le(cost_least_ns(&c, &large), least);
        ck_assert_double_eq(cost_expected_ns(&c, &large), expected); /* not the same kind of work */
    }
    bytes_done(&chunk);
    cost_done(&c);
}
END_TEST

/* Requests of the very same kind of work, however slow, do not make a final decision stricter. */
START_TEST(final_verdicts_only_become_milder)
{
    struct cost c;
    struct need n = kind_of(9, 0.16, false, 1e8);
    cost_init(&c);
    double least = cost_least_ns(&c, &n);
    for (int i = 0; i < 100; i++)
        learn(&c, &n, 1000);
    ck_assert_double_le(cost_least_ns(&c, &n), least);
    ck_assert_double_gt(cost_expected_ns(&c, &n), 2 * least);
    for (int i = 0; i < 100; i++)
        learn(&c, &n, 0.5);
    ck_assert_double_lt(cost_least_ns(&c, &n), least);
    cost_done(&c);
}
END_TEST

START_TEST(nothing_is_learned_from_nothing)
{
    struct cost c;
    struct need n = kind_of(6, 0.5, true, 1e8), still = kind_of(6, 0.5, false, 0);
    struct transcode_report no_time = {.macs = 1e8};
    cost_init(&c);
    double expected = cost_expected_ns(&c, &n), mac_ns = cost_mac_ns(&c);
    cost_learn(&c, &n, &no_time);
    ck_assert_double_eq(cost_expected_ns(&c, &n), expected);
    learn(&c, &still, 2); /* at scale=1 the network did not run */
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
        ck_assert_double_gt(weight, 1. / 40); /* five clients at a place, on average */
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
    tcase_add_test(c, work_is_that_of_the_engine);
    tcase_add_test(c, the_least_by_a_head_is_what_the_plainest_file_needs);
    tcase_add_test(c, a_head_alone_counts_an_alpha_that_may_come);
    tcase_add_test(c, errors_are_those_of_the_formula);
    tcase_add_test(c, what_is_measured_at_the_start_is_expected);
    tcase_add_test(c, what_requests_take_is_learned_and_the_past_fades);
    tcase_add_test(c, rates_stay_within_their_bound);
    tcase_add_test(c, compression_and_content_count);
    tcase_add_test(c, nobody_is_talked_out_of_a_place);
    tcase_add_test(c, final_verdicts_only_become_milder);
    tcase_add_test(c, nothing_is_learned_from_nothing);
    tcase_add_test(c, a_clients_requests_share_its_weight);
    tcase_add_test(c, any_name_has_a_place);
    suite_add_tcase(s, c);
    return harness_run(s);
}
