/* peak.h - the most multiply-adds that a core's vector unit does, for kernels to be held against.
 * Threads: pure functions. */
#ifndef UPSCALED_NN_PEAK_H
#define UPSCALED_NN_PEAK_H

struct peak_loop {
    const char *name; /* of the kernel set whose instructions it uses */
    double flops;     /* a round: a multiply-add counts two */
    /* Does that many rounds on registers alone; returns a number that depends on all of them. */
    float (*run)(long rounds);
};

/* The loop of that kernel set, or NULL where this processor has none; the best for NULL. */
const struct peak_loop *peak_find(const char *name);

#endif
