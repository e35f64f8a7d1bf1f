/* nn_agree.c - see nn_agree.h. */
#include "tests/lib/nn_agree.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_kernels.h"

const struct plan_picture agree_endless = {0, 0, false};

struct plan *agree_plan(const struct model *m, const struct kernels *k)
{
    struct err e = ERR_INIT;
    struct plan *p = NULL;
    ck_assert_msg(plan_new(m, k, &p, &e) == ERR_OK, "%s", e.text);
    return p;
}

bool agree_streams(const struct plan *p)
{
    const char *why, *path = plan_path(p, 0, &why);
    return !path || strcmp(path, "reference") != 0;
}

struct test_picture agree_around(const struct plan *a, const struct plan *b, struct plan_rect keep,
                                 uint64_t *seed)
{
    int channels = plan_model(a)->geometry.in_channels;
    struct pair lo = {1 << 20, 1 << 20}, hi = {-(1 << 20), -(1 << 20)};
    const struct plan *plans[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        struct span down = {keep.y, keep.y + keep.height}, across = {keep.x, keep.x + keep.width};
        struct span y = plan_reach(plans[k], AXIS_Y, &agree_endless, down);
        struct span x = plan_reach(plans[k], AXIS_X, &agree_endless, across);
        lo = (struct pair){y.lo < lo.y ? y.lo : lo.y, x.lo < lo.x ? x.lo : lo.x};
        hi = (struct pair){y.hi > hi.y ? y.hi : hi.y, x.hi > hi.x ? x.hi : hi.x};
    }
    struct test_picture p = {NULL, hi.x - lo.x, hi.y - lo.y, channels, lo};
    p.samples = build_samples((size_t)(p.width * p.height * channels), seed);
    return p;
}

static float largest(const float *v, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
    return most;
}

void agree_close(const float *got, const float *want, size_t count, const char *name)
{
    float scale = largest(want, count) + 1;
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(got[i] - want[i]) <= 256 * FLT_EPSILON * scale,
                      "%s: sample %zu is %.9g, not %.9g", name, i, (double)got[i], (double)want[i]);
}

bool agree_both_ways(const struct model *m, const char *name, uint64_t seed)
{
    struct plan *fast = agree_plan(m, &kernels_plain), *slow = agree_plan(m, NULL);
    bool streamed = agree_streams(fast);
    struct plan_rect keep = {harness_between(&seed, -20, 20), harness_between(&seed, -20, 20),
                             harness_between(&seed, 1, 40), harness_between(&seed, 1, 40)};
    size_t channels = (size_t)m->geometry.out_channels;
    size_t count = (size_t)(keep.width * keep.height) * channels;
    struct test_picture picture = agree_around(fast, slow, keep, &seed);
    float *got = run_plan(fast, &picture, keep, false),
          *want = run_plan(slow, &picture, keep, false);
    if (streamed)
        agree_close(got, want, count, name);
    for (int k = 0; k < 4; k++) {
        struct plan_rect cut;
        cut.x = harness_between(&seed, 0, keep.width - 1);
        cut.y = harness_between(&seed, 0, keep.height - 1);
        cut.width = harness_between(&seed, 1, keep.width - cut.x);
        cut.height = harness_between(&seed, 1, keep.height - cut.y);
        struct plan_rect there = {keep.x + cut.x, keep.y + cut.y, cut.width, cut.height};
        float *part = run_plan(fast, &picture, there, false);
        for (int y = 0; y < cut.height; y++)
            ck_assert_msg(memcmp(part + (size_t)(y * cut.width) * channels,
                                 got + (size_t)((cut.y + y) * keep.width + cut.x) * channels,
                                 (size_t)cut.width * channels * sizeof *part) == 0,
                          "%s: row %d of a cut differs", name, y);
        mem_free(part);
    }
    mem_free(want);
    mem_free(got);
    mem_free((void *)(uintptr_t)picture.samples);
    plan_free(slow);
    plan_free(fast);
    return streamed;
}

bool agree_padded(const struct model *m, const char *name, uint64_t *seed)
{
    struct plan *fast = agree_plan(m, &kernels_plain), *slow = agree_plan(m, NULL);
    bool streamed = agree_streams(fast);
    int align = m->geometry.align;
    struct test_picture p = {NULL,
                             align * harness_between(seed, 1, 40),
                             align * harness_between(seed, 1, 40),
                             m->geometry.in_channels,
                             {0, 0}};
    size_t count = (size_t)(p.width * p.height * p.channels);
    p.samples = build_samples(count, seed);
    struct plan_rect all = {0, 0, m->scale * p.width, m->scale * p.height};
    float *got = run_plan(fast, &p, all, true), *want = run_plan(slow, &p, all, true);
    agree_close(got, want, (size_t)(all.width * all.height) * (size_t)m->geometry.out_channels,
                name);
    mem_free(want);
    mem_free(got);
    mem_free((void *)(uintptr_t)p.samples);
    plan_free(slow);
    plan_free(fast);
    return streamed;
}

void agree_sets(const struct model *m, const char *name, uint64_t *seed)
{
    struct plan *plain = agree_plan(m, &kernels_plain);
    struct plan_rect keep = {-3, 5, 2 * harness_between(seed, 1, 60), 22};
    struct test_picture picture = agree_around(plain, plain, keep, seed);
    size_t count = (size_t)(keep.width * keep.height * m->geometry.out_channels);
    float *want = run_plan(plain, &picture, keep, false);
    const struct kernels *set;
    for (int n = 0; (set = kernels_at(n)) != NULL; n++) {
        struct plan *p = agree_plan(m, set);
        float *got = run_plan(p, &picture, keep, false);
        if (set->fused)
            ck_assert_msg(memcmp(got, want, count * sizeof *got) == 0, "%s: %s differs", name,
                          set->name);
        agree_close(got, want, count, set->name);
        mem_free(got);
        plan_free(p);
    }
    mem_free(want);
    mem_free((void *)(uintptr_t)picture.samples);
    plan_free(plain);
}
