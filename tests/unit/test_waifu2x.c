/* test_waifu2x.c - compares a real waifu2x file on a real picture with what PyTorch computes. */
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_reader.h"
#include "engine/transcode.h"
#include "server/models/models.h"
#include "tests/lib/harness.h"
#include "tests/lib/upscale_pool.h"

static struct buf read_data(const char *name)
{
    struct buf b;
    size_t length;
    uint8_t *bytes = harness_read(harness_data(name), &length);
    ck_assert_ptr_nonnull(bytes);
    buf_init(&b, length);
    ck_assert_int_eq(buf_append(&b, bytes, length, NULL), ERR_OK);
    free(bytes);
    return b;
}

static struct image *decode(const struct buf *b)
{
    struct png_reader *r = NULL;
    struct image *img = NULL;
    bool done = false;
    ck_assert_int_eq(png_reader_new(b->data, b->length, &png_default_limits, &r, NULL), ERR_OK);
    ck_assert_int_eq(image_new(png_reader_format(r), &img, NULL), ERR_OK);
    while (!done)
        ck_assert_int_eq(png_reader_step(r, img, 1 << 20, &done, NULL), ERR_OK);
    png_reader_free(r);
    return img;
}

/* Returns the model's output for the picture, as the bytes of a PNG. */
static struct buf enlarge(const struct plan *plan, const char *name)
{
    struct buf in = read_data(name), out;
    struct err e = ERR_INIT;
    struct transcode_report report;
    struct transcode_params p = {
        .set = chain_set_of(plan),
        .size.scale = 2,
        .border = -1,
        .limits = png_default_limits,
        .max_output_pixels = 1 << 20,
        .max_output_bytes = (size_t)1 << 30,
    };
    buf_init(&out, 1 << 24);
    struct pool *pool = upscale_pool(plan, 2);
    enum err_code rc =
        transcode_run(&(struct transcode_call){.pool = pool, .params = &p}, &in, &out, &report, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    pool_free(pool);
    return out;
}

START_TEST(equals_pytorch_to_one_level)
{
    struct model *m = NULL;
    struct plan *plan = NULL;
    struct err e = ERR_INIT;
    const char *path = harness_data("waifu2x/up_photo_scale2x.json");
    ck_assert_msg(models_read_file(path, &model_default_limits, &m, &e) == ERR_OK, "%s", e.text);
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, &e), ERR_OK);
    struct buf out = enlarge(plan, "waifu2x/bird_lr.png");
    struct buf expected = read_data("waifu2x/bird_photo_expected.png");
    struct image *a = decode(&out), *b = decode(&expected);
    ck_assert_int_eq(memcmp(&a->format, &b->format, sizeof a->format), 0);
    for (size_t i = 0; i < image_bytes(&a->format); i++)
        ck_assert_int_le(abs(a->pixels[i] - b->pixels[i]), 1);
    image_free(a);
    image_free(b);
    buf_done(&out);
    buf_done(&expected);
    plan_free(plan);
    model_free(m);
}
END_TEST

int main(void)
{
    if (!harness_data("waifu2x/up_photo_scale2x.json"))
        return harness_skip("the test data has no waifu2x/up_photo_scale2x.json");
    Suite *s = suite_create("waifu2x");
    TCase *c = tcase_create("waifu2x");
    tcase_add_test(c, equals_pytorch_to_one_level);
    suite_add_tcase(s, c);
    return harness_run(s);
}
