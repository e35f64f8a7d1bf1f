/* test_mem_kept.c - large blocks that were freed are used again, with their pages, and never raise
 * what the process takes from the system. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define MIB ((size_t)1 << 20)

/* Each check runs in a process of its own, with blocks that come from the system. */
static void setup(void)
{
    mem_keep_large();
    mem_trim();
}

/* Returns the bytes of all mappings of the C library, or 0 if it cannot tell. */
static size_t mapped(void)
{
#ifdef __GLIBC__
    return mallinfo2().hblkhd;
#else
    return 0;
#endif
}

static uint8_t *filled(size_t bytes, int with)
{
    uint8_t *p = mem_alloc(1, bytes);
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq((uintptr_t)p % MEM_ALIGN, 0);
    memset(p, with, bytes);
    return p;
}

START_TEST(a_freed_block_is_used_again)
{
    size_t before = mapped();
    uint8_t *p = filled(4 * MIB, 1);
    mem_free(p);
    ck_assert_uint_ge(mapped(), before + 4 * MIB);
    ck_assert_ptr_eq(mem_alloc(1, 4 * MIB), p);
    ck_assert_uint_eq(p[3 * MIB], 1); /* the page, not a new one */
    mem_free(p);
    mem_trim();
    ck_assert_uint_eq(mapped(), before);
}
END_TEST

START_TEST(the_nearest_size_is_used)
{
    uint8_t *a = filled(3 * MIB, 1), *b = filled(8 * MIB, 2), *c = filled(16 * MIB, 3);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    uint8_t *p = mem_alloc(1, 7 * MIB), *q = mem_alloc(1, 3 * MIB), *r = mem_alloc(1, 15 * MIB);
    ck_assert_ptr_eq(p, b);
    ck_assert_ptr_eq(q, a);
    ck_assert_ptr_eq(r, c);
    memset(p, 4, 7 * MIB);
    mem_free(p);
    mem_free(q);
    mem_free(r);
}
END_TEST

/* As an answer: it has room for the worst case and is cut to its length. */
START_TEST(a_shortened_block_serves_its_first_size_again)
{
    uint8_t *other = filled(6 * MIB, 1), *p = filled(16 * MIB, 2);
    p = mem_shrink(p, 5 * MIB);
    mem_free(p);
    mem_free(other);
    uint8_t *q = mem_alloc(1, 16 * MIB);
    ck_assert_uint_eq(q[0], 2);
    ck_assert_uint_eq(q[5 * MIB - 1], 2);
    memset(q, 3, 16 * MIB);
    ck_assert_ptr_eq(mem_alloc(1, 6 * MIB), other);
    mem_free(q);
    mem_free(other);
}
END_TEST

START_TEST(what_is_kept_raises_no_peak)
{
    size_t before = mapped();
    uint8_t *a = filled(8 * MIB, 1), *b = filled(8 * MIB, 2);
    size_t most = mapped();
    mem_free(a);
    mem_free(b);
    uint8_t *c = filled(2 * MIB, 3); /* neither is as small */
    ck_assert_uint_le(mapped(), most);
    uint8_t *d = filled(14 * MIB, 4);
    ck_assert_uint_le(mapped(), most + 4096 * 2); /* one block more has one page more */
    mem_free(c);
    mem_free(d);
    mem_trim();
    ck_assert_uint_eq(mapped(), before);
    mem_free(filled(2 * MIB, 5)); /* what was in use before mem_trim does not count any more */
    mem_free(filled(20 * MIB, 5));
    mem_free(filled(4 * MIB, 5));
    ck_assert_uint_le(mapped(), before + 20 * MIB + 4096 * 2);
}
END_TEST

START_TEST(small_blocks_are_not_kept)
{
    uint8_t *p = filled(MIB / 2, 1), *large = filled(2 * MIB, 2);
    size_t with = mapped();
    mem_free(large);
    uint8_t *small = mem_alloc(1, MIB / 2);
    ck_assert_uint_eq(mapped(), with);
    mem_free(small);
    mem_free(p);
}
END_TEST

START_TEST(a_block_that_cannot_grow_is_given_back)
{
    size_t before = mapped();
    mem_free(filled(16 * MIB, 1));
    struct rlimit old, tight;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &old), 0);
    tight = old;
    tight.rlim_cur = 1 * MIB; /* less than the process has: nothing grows */
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &tight), 0);
    void *p = mem_alloc(1, 20 * MIB);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &old), 0);
    ck_assert_ptr_null(p);
    ck_assert_uint_eq(mapped(), before);
}
END_TEST

enum { THREADS = 4, ROUNDS = 3000, BLOCKS = 3 };

/* Holds blocks of random sizes, marked at both ends, so that two owners of one page would show. */
static void *shuffle(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    uint8_t *held[BLOCKS] = {NULL};
    size_t bytes[BLOCKS] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned k = seed >> 30 & 1 ? seed >> 8 & 1 : BLOCKS - 1;
        uint8_t mark = (uint8_t)(uintptr_t)arg;
        if (held[k]) {
            if (seed >> 10 & 1) {
                bytes[k] /= 2;
                held[k] = mem_shrink(held[k], bytes[k]);
                held[k][bytes[k] - 1] = mark;
            }
            ck_assert_uint_eq(held[k][0], mark);
            ck_assert_uint_eq(held[k][bytes[k] - 1], mark);
            mem_free(held[k]);
        }
        bytes[k] = MIB / 2 + (seed >> 12 & 255) * MIB / 32;
        held[k] = mem_alloc(1, bytes[k]);
        held[k][0] = held[k][bytes[k] - 1] = mark;
    }
    for (int k = 0; k < BLOCKS; k++)
        mem_free(held[k]);
    return NULL;
}

START_TEST(threads_share_what_is_kept)
{
    size_t before = mapped();
    pthread_t t[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, shuffle, (void *)(i + 1)), 0);
    for (int i = 0; i < 50; i++)
        mem_trim();
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    size_t block = MIB / 2 + 256 * MIB / 32;
    ck_assert_uint_le(mapped(), before + THREADS * BLOCKS * block);
    mem_trim();
    ck_assert_uint_eq(mapped(), before);
}
END_TEST

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
enum { KEEPS = 0 };
#else
enum { KEEPS = 1 };
#endif

int main(void)
{
    Suite *s = suite_create("mem_kept");
    TCase *c = tcase_create("mem_kept"), *alone = tcase_create("alone");
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, threads_share_what_is_kept);
    suite_add_tcase(s, c);
    tcase_add_checked_fixture(alone, setup, NULL);
    tcase_add_test(alone, a_freed_block_is_used_again);
    tcase_add_test(alone, the_nearest_size_is_used);
    tcase_add_test(alone, a_shortened_block_serves_its_first_size_again);
    tcase_add_test(alone, what_is_kept_raises_no_peak);
    tcase_add_test(alone, small_blocks_are_not_kept);
    tcase_add_test(alone, a_block_that_cannot_grow_is_given_back);
    if (KEEPS)
        suite_add_tcase(s, alone);
    else
        harness_left_out(6, "blocks_are_kept", "this C library or sanitizer keeps none");
    return harness_run(s);
}
