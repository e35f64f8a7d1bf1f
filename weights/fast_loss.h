/* fast_loss.h - the loss of one pixel of the input, for fast.c and fast_amx.c: net.py's `loss` without the division by
 * the count of numbers. */
#ifndef FAST_LOSS_H
#define FAST_LOSS_H

enum { LOSS_MOST = 64 }; /* outputs of a pixel of the input */

struct loss {
    int squared;  /* whether an error counts by its square, not by its size */
    float chroma; /* how much the differences between the errors of the three planes count */
};

static inline double loss_add(const struct loss *l, float error, float weight, float *slope)
{
    const float size = error < 0 ? -error : error, sign = (float)((error > 0) - (error < 0));
    *slope = weight * (l->squared ? 2 * error : sign);
    return weight * (l->squared ? error * error : size);
}

/* Returns the loss of errors [planes][pixels] and sets its gradient, [planes][pixels]. */
static inline double loss_of(const struct loss *l, int planes, int pixels, const float *error,
                             float *gradient)
{
    double sum = 0;
    for (int o = 0; o < planes * pixels; o++)
        sum += loss_add(l, error[o], 1, &gradient[o]);
    if (l->chroma <= 0 || planes != 3)
        return sum;
    for (int plane = 0; plane < 3; plane++)
        for (int k = 0; k < pixels; k++) {
            const int one = plane * pixels + k, other = (plane + 1) % 3 * pixels + k;
            float slope;
            sum += loss_add(l, error[one] - error[other], l->chroma, &slope);
            gradient[one] += slope;
            gradient[other] -= slope;
        }
    return sum;
}

#endif
