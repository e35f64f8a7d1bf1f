/* nn_check.h - for tests of kernels: memory whose bounds are checked, and values that are compared
 * with sums in double or with other bits. */
#ifndef UPSCALED_TESTS_LIB_NN_CHECK_H
#define UPSCALED_TESTS_LIB_NN_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "engine/nn/kernels.h"

/* Input rows of random floats. Each ends at an inaccessible page, so that a read beyond it is
 * noticed. */
struct check_in {
    const float **row;
    int count;
    size_t floats; /* of a row */
};

struct check_in check_in_new(int count, size_t floats, uint64_t *seed);
void check_in_free(struct check_in *in);

/* Output rows, at most 48, with guards on both sides of each. */
struct check_rows {
    float *all;
    float *row[48];
    size_t length; /* floats of a row, a multiple of KERNEL_LANES */
    int count;
};

struct check_rows check_rows_new(int count, size_t length);
void check_rows_fill(struct check_rows *r, uint64_t *seed);
/* Checks that nothing was written outside of the rows, and frees them. `name` is the set's. */
void check_rows_free(struct check_rows *r, const char *name);

/* From now on errors of values are added to *count instead of reported, for kernels that must be
 * caught; with NULL they are reported again. */
void check_count_errors(int *count);

/* Checks that the first `count` floats of all rows have the same bits. */
void check_same_bits(const struct check_rows *got, const struct check_rows *want, size_t count,
                     const char *name);

/* A sum of float products, as double arithmetic has it. */
struct check_sum {
    double value;
    double magnitude; /* the sum of the magnitudes of its terms */
    double terms;
};

/* Checks a value that is stored from such a sum. Its error is at most (terms + 2) * epsilon *
 * magnitude. */
void check_stored(float got, const struct check_sum *sum, const char *name);

enum { CHECK_STORES = 6 };

/* Returns way k, 0..CHECK_STORES - 1, to store a sum: activations, clamps, an add before or
 * after. */
struct kernel_store check_store(int k, const float *slope);

/* Stores the sum of output o in double, with `add` if it is not NULL, whose magnitude counts. */
void check_finish(struct check_sum *sum, const struct kernel_store *s, int o, const float *add);

/* Runs the check for every set that this CPU has, each with the same seed. */
void check_each_set(void (*check)(const struct kernels *set, uint64_t *seed), uint64_t seed);

#endif
