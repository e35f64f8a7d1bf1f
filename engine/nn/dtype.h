/* dtype.h - the formats in which a model file stores the numbers of a tensor, little-endian. */
#ifndef UPSCALED_NN_DTYPE_H
#define UPSCALED_NN_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtype {
    const char *name; /* PyTorch's */
    size_t bytes;     /* of one number; at most those of a float */
    float (*number)(const uint8_t *bytes);
};

/* Returns the format of that name. Returns NULL if there is none, or if `name` is NULL. */
const struct dtype *dtype_find(const char *name);

/* Converts the stored numbers at the beginning of `floats` to floats of this machine. It begins
 * with the last one, because floats may be larger than the stored numbers. Returns false if a
 * number is not finite. */
bool dtype_settle(const struct dtype *dtype, float *floats, size_t count);

#endif
