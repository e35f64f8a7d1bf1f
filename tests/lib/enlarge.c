/* enlarge.c - see enlarge.h. */
#include "tests/lib/enlarge.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/chain_for.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/upscale_pool.h"

struct model *small_model(enum model_color color, enum model_border border)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 2, border);
    build_conv(m, LAYER_CONV2D, ends, 4, 3, 1, 0);
    build_prelu(m, 4);
    build_conv(m, LAYER_CONV2D, 4, 4, 3, 1, 0);
    build_with(m, LAYER_ADD, 1);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, ends, 6, 2, 4);
    build_visible_weights(m, 5, 0.5f);
    return m;
}

struct engine engine_of(struct model *m)
{
    struct engine x = {m, NULL};
    struct err e = ERR_INIT;
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    ck_assert_msg(plan_new(m, kernels_find(NULL), &x.plan, &e) == ERR_OK, "%s", e.text);
    return x;
}

void engine_done(struct engine *x)
{
    plan_free(x->plan);
    model_free(x->model);
}

struct image *random_image(int width, int height, int channels, int depth, uint64_t seed)
{
    struct image_format f = {width, height, channels, depth};
    struct image *img = NULL;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    size_t n = image_bytes(&f);
    for (size_t i = 0; i < n; i++)
        img->pixels[i] = (uint8_t)harness_random(&seed);
    return img;
}

struct image *copy_image(const struct image *img)
{
    struct image *copy = NULL;
    ck_assert_int_eq(image_new(&img->format, &copy, NULL), ERR_OK);
    memcpy(copy->pixels, img->pixels, image_bytes(&img->format));
    return copy;
}

enum err_code collect_rows(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                           struct err *e)
{
    struct collected *c = arg;
    (void)e;
    size_t n = row_bytes * (size_t)count;
    ck_assert_uint_le(c->length + n, c->room);
    memcpy(c->bytes + c->length, pixels, n);
    c->length += n;
    return ERR_OK;
}

uint8_t *enlarge(const struct engine *x, const struct image *img, const struct how *how)
{
    struct image *work = copy_image(img);
    struct err e = ERR_INIT;
    struct upscale_params p = {.chain = chain_for(x->plan, &img->format, how->width, how->height),
                               .width = how->width,
                               .height = how->height,
                               .border = how->border,
                               .depth = how->depth,
                               .band_rows = how->band_rows,
                               .tile = how->tile,
                               .restores = how->restores,
                               .max_whole_bytes = 1 << 28};
    struct image_format out = {how->width, how->height, img->format.channels, how->depth};
    struct collected c = {malloc(image_bytes(&out)), 0, image_bytes(&out)};
    struct pool *pool = upscale_pool(x->plan, how->threads);
    enum err_code rc = upscale_run(
        pool, &p, work, &(struct upscale_hooks){.rows = collect_rows, .rows_arg = &c}, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    ck_assert_uint_eq(c.length, c.room);
    pool_free(pool);
    image_free(work);
    return c.bytes;
}
