/* encode.h - encodes a PNG from rows, a batch at a time, in strips, on the threads of a pool.
 *
 * The caller sleeps while the pool works. The bytes depend neither on the number of threads nor on
 * the number of rows in a batch, as long as all batches but the last are whole strips.
 * Threads: an encoder belongs to one thread at a time. */
#ifndef UPSCALED_ENCODE_H
#define UPSCALED_ENCODE_H

#include <stdatomic.h>

#include "engine/base/pool.h"
#include "engine/png/png_writer.h"

struct encode_job {
    struct pool *pool;         /* encode_new raises each thread's scratch to what a strip needs */
    const atomic_bool *cancel; /* or NULL */
    struct png_writer_params params;
    struct buf *out; /* the file is appended here; borrowed until encode_free */
};

struct encode;

/* Begins the file. On ERR_OK the caller owns *out (encode_free). This function and those below
 * return ERR_OUTPUT_TOO_LARGE, ERR_MEMORY or ERR_CANCELLED. */
enum err_code encode_new(const struct encode_job *job, struct encode **out, struct err *e);
void encode_free(struct encode *c); /* NULL is fine */

/* Encodes the next `count` rows: a multiple of png_strip_rows, or all that are left. `pixels` is
 * [count][row_bytes] and is borrowed until the function returns. */
enum err_code encode_rows(struct encode *c, const uint8_t *pixels, size_t row_bytes, int count,
                          struct err *e);

/* Ends the file. Call it after the last row. */
enum err_code encode_finish(struct encode *c, struct err *e);

#endif
