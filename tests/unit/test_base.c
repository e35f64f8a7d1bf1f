/* test_base.c - errors, checked sizes, allocations that fail on demand, buffers with a maximum. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"
#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "tests/lib/harness.h"

START_TEST(first_error_wins)
{
    struct err e = ERR_INIT;
    ck_assert_int_eq(err_set_limit(&e, ERR_TOO_WIDE, "max-side", 10, "%d is wide", 11),
                     ERR_TOO_WIDE);
    ck_assert_int_eq(err_set(&e, ERR_IO, "later"), ERR_IO);
    ck_assert_int_eq(e.code, ERR_TOO_WIDE);
    ck_assert_str_eq(e.text, "11 is wide");
    ck_assert_str_eq(e.option, "max-side");
    ck_assert_uint_eq(e.limit, 10);
}
END_TEST

START_TEST(long_sentence_is_cut_not_overrun)
{
    struct err e = ERR_INIT;
    char longer[1000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    err_set(&e, ERR_IO, "%s", longer);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
}
END_TEST

START_TEST(nobody_need_listen)
{
    ck_assert_int_eq(err_set(NULL, ERR_IO, "x"), ERR_IO);
}
END_TEST

START_TEST(products_that_wrap_are_refused)
{
    size_t out = 7;
    ck_assert(!size_mul(SIZE_MAX, 2, &out));
    ck_assert(!size_mul3(SIZE_MAX / 4, 2, 3, &out));
    ck_assert(!size_add(SIZE_MAX, 1, &out));
    ck_assert_uint_eq(out, 7);
    ck_assert(size_mul3(3, 5, 7, &out));
    ck_assert_uint_eq(out, 105);
    ck_assert(size_add(SIZE_MAX - 1, 1, &out));
    ck_assert_uint_eq(out, SIZE_MAX);
}
END_TEST

START_TEST(blocks_are_aligned_and_distinct)
{
    size_t sizes[] = {0, 1, 63, 64, 65, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *p = mem_calloc(sizes[i], 1), *q = mem_alloc(sizes[i], 1);
        ck_assert(p && q && p != q);
        ck_assert_uint_eq((uintptr_t)p % MEM_ALIGN, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            ck_assert_uint_eq(p[k], 0);
        mem_free(p);
        mem_free(q);
    }
    ck_assert_ptr_null(mem_alloc(SIZE_MAX / 2, 3));
    ck_assert_ptr_null(mem_alloc(SIZE_MAX, 1));
}
END_TEST

START_TEST(nth_allocation_fails_once)
{
    mem_fail_nth(2);
    for (int i = 0; i < 5; i++) {
        void *p = mem_alloc(1, 1);
        ck_assert_int_eq(p == NULL, i == 2);
        mem_free(p);
    }
    mem_fail_nth(0);
    mem_fail_nth(-1);
    void *p = mem_alloc(1, 1);
    ck_assert_ptr_nonnull(p);
    mem_free(p);
}
END_TEST

START_TEST(buffer_grows_to_its_maximum_and_no_further)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 10000);
    uint8_t chunk[7];
    for (size_t n = 0; n + sizeof chunk <= 10000; n += sizeof chunk) {
        memset(chunk, (int)(n % 251), sizeof chunk);
        ck_assert_int_eq(buf_append(&b, chunk, sizeof chunk, &e), ERR_OK);
        ck_assert_uint_le(b.capacity, b.max);
    }
    size_t length = b.length;
    ck_assert_int_eq(buf_append(&b, chunk, sizeof chunk, &e), ERR_INTERNAL);
    ck_assert_uint_eq(b.length, length);
    for (size_t n = 0; n < length; n += sizeof chunk)
        ck_assert_uint_eq(b.data[n + 6], n % 251);
    buf_done(&b);
    ck_assert_uint_eq(b.max, 10000);
}
END_TEST

START_TEST(buffer_survives_a_failed_allocation)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, SIZE_MAX);
    ck_assert_int_eq(buf_append(&b, "abc", 3, &e), ERR_OK);
    mem_fail_nth(0);
    ck_assert_int_eq(buf_reserve(&b, 1 << 20, &e), ERR_MEMORY);
    mem_fail_nth(-1);
    ck_assert_uint_eq(b.length, 3);
    ck_assert_int_eq(memcmp(b.data, "abc", 3), 0);
    size_t length;
    uint8_t *taken = buf_take(&b, &length);
    ck_assert_uint_eq(length, 3);
    ck_assert_ptr_null(b.data);
    mem_free(taken);
}
END_TEST

START_TEST(parts_of_a_block_are_aligned_and_measured_alike)
{
    char *block = mem_alloc(1, 1000);
    size_t used = 0, measured = 0;
    ck_assert_ptr_eq(mem_part(block, &used, 3, 5), block);
    ck_assert_ptr_eq(mem_part(block, &used, 2, MEM_ALIGN), block + MEM_ALIGN);
    ck_assert_ptr_eq(mem_part(block, &used, 1, 1), block + 3 * MEM_ALIGN);
    ck_assert_ptr_null(mem_part(NULL, &measured, 3, 5));
    mem_part(NULL, &measured, 2, MEM_ALIGN);
    mem_part(NULL, &measured, 1, 1);
    ck_assert_uint_eq(used, measured);
    ck_assert_ptr_null(mem_part(block, &used, SIZE_MAX / 2, 3));
    ck_assert_uint_eq(used, SIZE_MAX);
    ck_assert_ptr_null(mem_part(block, &used, 1, MEM_ALIGN));
    ck_assert_uint_eq(used, SIZE_MAX);
    mem_free(block);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *c = tcase_create("base");
    tcase_add_test(c, first_error_wins);
    tcase_add_test(c, long_sentence_is_cut_not_overrun);
    tcase_add_test(c, nobody_need_listen);
    tcase_add_test(c, products_that_wrap_are_refused);
    tcase_add_test(c, blocks_are_aligned_and_distinct);
    tcase_add_test(c, nth_allocation_fails_once);
    tcase_add_test(c, buffer_grows_to_its_maximum_and_no_further);
    tcase_add_test(c, buffer_survives_a_failed_allocation);
    tcase_add_test(c, parts_of_a_block_are_aligned_and_measured_alike);
    suite_add_tcase(s, c);
    return harness_run(s);
}
