/* nn_check.c - see nn_check.h. */
#include "tests/lib/nn_check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"

enum { L = KERNEL_LANES, GUARD = 4 * L, PAGE = 4096 };
static const float guard = -12345.5f;

static size_t used_bytes(const struct check_in *in)
{
    return (in->floats * sizeof(float) + PAGE - 1) / PAGE * PAGE;
}

struct check_in check_in_new(int count, size_t floats, uint64_t *seed)
{
    struct check_in in = {calloc((size_t)count, sizeof *in.row), count, floats};
    size_t used = used_bytes(&in);
    for (int i = 0; i < count; i++) {
        char *map =
            mmap(NULL, used + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(map, MAP_FAILED);
        ck_assert_int_eq(mprotect(map + used, PAGE, PROT_NONE), 0);
        float *row = (float *)(void *)(map + used) - floats;
        for (size_t k = 0; k < floats; k++)
            row[k] = harness_float(seed);
        in.row[i] = row;
    }
    return in;
}

void check_in_free(struct check_in *in)
{
    size_t used = used_bytes(in);
    for (int i = 0; i < in->count; i++)
        munmap((char *)(uintptr_t)(in->row[i] + in->floats) - used, used + PAGE);
    free(in->row);
}

struct check_rows check_rows_new(int count, size_t length)
{
    struct check_rows r = {.length = (length + L - 1) / L * L, .count = count};
    ck_assert_int_le(count, (int)(sizeof r.row / sizeof *r.row));
    size_t total = (size_t)count * (r.length + 2 * GUARD);
    r.all = mem_alloc(total, sizeof *r.all);
    for (size_t i = 0; i < total; i++)
        r.all[i] = guard;
    for (int k = 0; k < count; k++)
        r.row[k] = r.all + (size_t)k * (r.length + 2 * GUARD) + GUARD;
    return r;
}

void check_rows_fill(struct check_rows *r, uint64_t *seed)
{
    for (int k = 0; k < r->count; k++)
        for (size_t i = 0; i < r->length; i++)
            r->row[k][i] = harness_float(seed);
}

void check_rows_free(struct check_rows *r, const char *name)
{
    for (int k = 0; k < r->count; k++)
        for (size_t i = 0; i < GUARD; i++)
            ck_assert_msg(r->row[k][-1 - (ptrdiff_t)i] == guard &&
                              r->row[k][r->length + i] == guard,
                          "%s wrote beyond its rows", name);
    mem_free(r->all);
}

static int *caught;

void check_count_errors(int *count)
{
    caught = count;
}

static void wrong(const char *name, double got, double want, double bound)
{
    if (caught)
        ++*caught;
    else
        ck_abort_msg("%s: %.9g, not %.9g +- %.3g", name, got, want, bound);
}

void check_same_bits(const struct check_rows *got, const struct check_rows *want, size_t count,
                     const char *name)
{
    for (int k = 0; k < got->count; k++)
        for (size_t i = 0; i < count; i++)
            if (memcmp(&got->row[k][i], &want->row[k][i], sizeof(float)) != 0)
                wrong(name, (double)got->row[k][i], (double)want->row[k][i], 0);
}

void check_stored(float got, const struct check_sum *sum, const char *name)
{
    double bound = (sum->terms + 2) * (double)FLT_EPSILON * sum->magnitude;
    if (!(fabs((double)got - sum->value) <= bound))
        wrong(name, (double)got, sum->value, bound);
}

struct kernel_store check_store(int k, const float *slope)
{
    struct kernel_store s = {slope, -INFINITY, INFINITY, k % 2 == 0};
    if (k >= 2) {
        s.lo = -0.25f;
        s.hi = k >= 4 ? 0.5f : INFINITY;
    }
    return s;
}

void check_finish(struct check_sum *sum, const struct kernel_store *s, int o, const float *add)
{
    double v = sum->value;
    if (add && s->add_first)
        v += (double)*add;
    v = v < 0 ? (double)s->slope[o] * v : v;
    if (add && !s->add_first)
        v += (double)*add;
    v = v > (double)s->lo ? v : (double)s->lo;
    sum->value = v < (double)s->hi ? v : (double)s->hi;
    sum->magnitude += add ? fabs((double)*add) : 0;
}

void check_each_set(void (*check)(const struct kernels *set, uint64_t *seed), uint64_t seed)
{
    const struct kernels *set;
    for (int n = 0; (set = kernels_at(n)) != NULL; n++) {
        uint64_t own = seed;
        check(set, &own);
    }
}
