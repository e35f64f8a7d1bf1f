/* test_inflate.c - zlib streams of every kind, in spans and steps of any size; streams that zlib
 * refuses are refused. */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/lib/harness.h"
#include "tests/lib/inflate_whole.h"
#include "tests/lib/png_build.h"

/* Makes noise, runs, few values and far repetitions, so that deflate uses all of its means. */
static void make_data(struct bytes *data, size_t length, uint64_t *seed)
{
    uint8_t *p = malloc(length + 1);
    int way = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t r = harness_random(seed);
        if (r % 500 == 0)
            way = (int)(r / 500 % 5);
        p[i] = (uint8_t)(r >> 32);
        if (way == 1)
            p[i] &= 7;
        else if (way == 2 && i > 0)
            p[i] = p[i - 1];
        else if (way == 3 && i > 20000)
            p[i] = p[i - 20000 - r % 3 / 2];
        else if (way == 4 && i >= 5)
            p[i] = r % 9 ? p[i - 2 - i / 700 % 4] : p[i];
    }
    *data = (struct bytes){p, length, length};
}

START_TEST(what_zlib_writes_is_read)
{
    static const size_t steps[] = {1, 300, 1 << 20};
    uint64_t seed = 30 + (uint64_t)_i;
    for (int strategy = 0; strategy <= 4; strategy++)
        for (int size = 0; size < 4; size++) {
            static const size_t sizes[] = {0, 1, 3000, 150000};
            struct bytes data, z;
            make_data(&data, sizes[size], &seed);
            png_build_zlib(&data, _i, strategy, &z);
            for (size_t k = 0; k < 3; k++) {
                size_t length;
                uint8_t *out =
                    inflate_whole(&z, &(struct inflate_cut){k == 2 ? z.length : k, steps[k]},
                                  data.length, &length);
                ck_assert_msg(out != NULL, "level %d strategy %d size %d", _i, strategy, size);
                ck_assert_uint_eq(length, data.length);
                ck_assert_int_eq(memcmp(out, data.data, length), 0);
                free(out);
            }
            bytes_done(&data);
            bytes_done(&z);
        }
}
END_TEST

/* Reads what libdeflate writes: its blocks use long codes, and its levels differ from zlib's. */
START_TEST(what_libdeflate_writes_is_read)
{
    uint64_t seed = 77;
    for (int level = 0; level <= 12; level++) {
        struct bytes data, z;
        size_t length;
        struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
        make_data(&data, 200000, &seed);
        z.data = malloc(libdeflate_zlib_compress_bound(c, data.length));
        z.length = libdeflate_zlib_compress(c, data.data, data.length, z.data,
                                            libdeflate_zlib_compress_bound(c, data.length));
        uint8_t *out = inflate_whole(&z, &(struct inflate_cut){8192, 100000}, data.length, &length);
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(length, data.length);
        ck_assert_int_eq(memcmp(out, data.data, length), 0);
        free(out);
        libdeflate_free_compressor(c);
        bytes_done(&data);
        bytes_done(&z);
    }
}
END_TEST

/* Packs `data` with a flush every 100 bytes. */
static void flush_zlib(const struct bytes *data, int flush, struct bytes *z)
{
    z_stream d = {.next_in = data->data};
    z->data = malloc(z->length = 2 * data->length + 1000);
    d.next_out = z->data;
    d.avail_out = (uInt)z->length;
    ck_assert_int_eq(deflateInit(&d, 6), Z_OK);
    for (size_t at = 0; at < data->length; at += 100) {
        d.avail_in = (uInt)(data->length - at < 100 ? data->length - at : 100);
        ck_assert_int_eq(deflate(&d, flush), Z_OK);
    }
    ck_assert_int_eq(deflate(&d, Z_FINISH), Z_STREAM_END);
    z->length = d.total_out;
    deflateEnd(&d);
}

/* Blocks are empty where there is a flush. ISA-L does not say where an empty block of codes ends,
 * which partial flushes write, so these streams are refused, and libpng decodes them. */
START_TEST(what_is_flushed_is_read)
{
    static const int flushes[] = {Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK, Z_PARTIAL_FLUSH};
    struct bytes data, z;
    uint64_t seed = 8;
    size_t length;
    make_data(&data, 20000, &seed);
    flush_zlib(&data, flushes[_i], &z);
    uint8_t *out = inflate_whole(&z, &(struct inflate_cut){0, 777}, data.length, &length);
    if (flushes[_i] == Z_PARTIAL_FLUSH) {
        ck_assert_ptr_null(out);
    } else {
        ck_assert_ptr_nonnull(out);
        ck_assert_uint_eq(length, data.length);
        ck_assert_int_eq(memcmp(out, data.data, length), 0);
    }
    free(out);
    bytes_done(&data);
    bytes_done(&z);
}
END_TEST

START_TEST(what_is_damaged_is_never_taken_for_more_than_zlib_takes)
{
    uint64_t seed = 400 + (uint64_t)_i;
    int taken = 0, refused = 0;
    for (int n = 0; n < 3000; n++) {
        struct bytes data, z;
        size_t length, want;
        make_data(&data, harness_random(&seed) % 3000, &seed);
        png_build_zlib(&data, harness_between(&seed, 0, 9), harness_between(&seed, 0, 4), &z);
        z.data[harness_random(&seed) % z.length] ^= (uint8_t)(1u << harness_random(&seed) % 8);
        if (harness_random(&seed) % 8 == 0)
            z.length = harness_random(&seed) % z.length;
        uint8_t *out =
            inflate_whole(&z, &(struct inflate_cut){0, 997}, 2 * data.length + 1000, &length);
        uint8_t *expected = inflate_by_zlib(&z, 2 * data.length + 1000, &want);
        if (out) {
            ck_assert_ptr_nonnull(expected);
            ck_assert_uint_eq(length, want);
            ck_assert_int_eq(memcmp(out, expected, want), 0);
        }
        *(out ? &taken : &refused) += 1;
        free(out);
        free(expected);
        bytes_done(&data);
        bytes_done(&z);
    }
    ck_assert_int_gt(refused, 2000);
}
END_TEST

START_TEST(refuses_what_is_behind_the_end_and_other_windows)
{
    struct bytes data, z;
    uint64_t seed = 3;
    size_t length;
    make_data(&data, 1000, &seed);
    png_build_zlib(&data, 6, 0, &z);
    bytes_add(&z, "x", 1);
    ck_assert_ptr_null(inflate_whole(&z, &(struct inflate_cut){z.length, 2000}, 1000, &length));
    z.length--;
    z.data[0] = 0x68; /* a window of 16 KiB */
    z.data[1] = 0x81;
    ck_assert_int_eq((z.data[0] << 8 | z.data[1]) % 31, 0);
    ck_assert_ptr_null(inflate_whole(&z, &(struct inflate_cut){z.length, 2000}, 1000, &length));
    bytes_done(&data);
    bytes_done(&z);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inflate");
    TCase *c = tcase_create("inflate");
    tcase_add_loop_test(c, what_zlib_writes_is_read, 0, 10);
    tcase_add_test(c, what_libdeflate_writes_is_read);
    tcase_add_loop_test(c, what_is_flushed_is_read, 0, 4);
    tcase_add_loop_test(c, what_is_damaged_is_never_taken_for_more_than_zlib_takes, 0, 4);
    tcase_add_test(c, refuses_what_is_behind_the_end_and_other_windows);
    suite_add_tcase(s, c);
    return harness_run(s);
}
