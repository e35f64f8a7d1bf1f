/* dtype.h - the formats in which a model file stores the numbers of a tensor, little-endian. */
#ifndef UPSCALED_NN_DTYPE_H
#define UPSCALED_NN_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtype {
    const char *name; /* PyTorch's */
    size_t bytes;     /* of one number; at most those of a float */
    /* Converts the stored numbers at the beginning of `floats` to floats of this machine. Returns
     * false if a number is not finite. */
    bool (*settle)(float *floats, size_t count);
};

/* Returns the format of that name. Returns NULL if there is none, or if `name` is NULL. */
const struct dtype *dtype_find(const char *name);

#endif
