/* nn_reference_parts.h - shared by the files of nn_reference: sums with bounds on their error. */
#ifndef UPSCALED_TESTS_LIB_NN_REFERENCE_PARTS_H
#define UPSCALED_TESTS_LIB_NN_REFERENCE_PARTS_H

#include <float.h>
#include <math.h>

#include "tests/lib/harness.h"
#include "tests/lib/nn_reference.h"

static inline int at(const struct exact *t, int y, int x, int c)
{
    /* ck_assert would make a system call for each access */
    if (y < 0 || y >= t->height || x < 0 || x >= t->width || c < 0 || c >= t->channels)
        ck_abort_msg("sample (%d, %d, %d) of %dx%dx%d", y, x, c, t->height, t->width, t->channels);
    return (y * t->width + x) * t->channels + c;
}

/* A sum. In float32 its error is at most (terms + 2) eps sum |w x|. `brought` is the square of the
 * error that comes from the errors of its inputs. */
struct sum {
    double value, magnitude, brought;
    int terms;
};

static inline void sum_add(struct sum *s, double weight, double value, double error)
{
    s->value += weight * value;
    s->magnitude += fabs(weight) * (fabs(value) + error);
    s->brought += weight * weight * error * error;
    s->terms++;
}

static inline void sum_store(const struct sum *s, struct exact *t, int k)
{
    t->value[k] = s->value;
    t->error[k] = sqrt(s->brought) + (s->terms + 2) * (double)FLT_EPSILON * s->magnitude;
}

/* In nn_reference_conv.c. exact_pad_source returns the position that padding copies to position
 * `i`. With zeros it is `i` itself, which lies outside. */
int exact_pad_source(int i, int n, enum padding_mode mode);
struct exact *exact_conv2d(const struct conv_params *c, const struct exact *in);
struct exact *exact_conv_transpose2d(const struct conv_params *c, const struct exact *in);

#endif
