/* nn_plan.c - see nn_plan.h. */
#include "tests/lib/nn_plan.h"

#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"

struct run {
    const struct test_picture *from;
    struct plan_rect keep;
    float *out;
    int channels, next;
};

static void load(void *arg, int y, int x, int count, float *const *planes)
{
    const struct run *r = arg;
    const struct test_picture *p = r->from;
    y -= p->first.y;
    x -= p->first.x;
    ck_assert(y >= 0 && y < p->height && x >= 0 && count > 0 && x + count <= p->width);
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i < count; i++)
            planes[c][i] = p->samples[(y * p->width + x + i) * p->channels + c];
}

static void store(void *arg, int y, int x, int count, const float *const *planes)
{
    struct run *r = arg;
    ck_assert_int_eq(y, r->keep.y + r->next);
    ck_assert_int_eq(x, r->keep.x);
    ck_assert_int_eq(count, r->keep.width);
    float *out = r->out + (size_t)(r->next++ * count * r->channels);
    for (int c = 0; c < r->channels; c++)
        for (int i = 0; i < count; i++)
            out[i * r->channels + c] = planes[c][i];
}

float *run_plan(const struct plan *p, const struct test_picture *picture, struct plan_rect keep,
                bool padded)
{
    struct err e = ERR_INIT;
    size_t bytes;
    struct run r = {.from = picture, .keep = keep};
    r.channels = plan_model(p)->geometry.out_channels;
    r.out = mem_alloc((size_t)(keep.width * keep.height * r.channels), sizeof *r.out);
    ck_assert_int_eq(plan_scratch_bytes(p, keep.width, keep.height, &bytes, &e), ERR_OK);
    char *scratch = mem_alloc(1, bytes);
    memset(scratch, 0xff, bytes); /* so that samples that are read before they are written are
                                   * NaN */
    plan_run(p, scratch, keep, &(struct plan_picture){picture->width, picture->height, padded},
             &(struct plan_io){.load = load, .store = store, .arg = &r});
    ck_assert_int_eq(r.next, keep.height);
    mem_free(scratch);
    return r.out;
}
