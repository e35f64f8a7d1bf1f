/* png_strip.h - some rows of a picture as one IDAT chunk, encoded independently of other strips.
 *
 * Each strip is filtered and deflated on its own and ends in a sync flush (RFC 1951, 3.2.4: an
 * empty stored block), so that strips made by different threads join into one zlib stream; their
 * check sums are combined afterwards. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_STRIP_H
#define UPSCALED_PNG_PNG_STRIP_H

#include "engine/base/buf.h"
#include "engine/png/png_strip_job.h"

struct png_strip {
    int rows;
    struct buf chunk;   /* length, IDAT, data, CRC */
    uint32_t adler;     /* of the filtered rows */
    size_t adler_bytes; /* how many bytes that is over */
};

/* Rows of every strip but the last. The format alone determines them, so that the bytes do not
 * depend on how the rows arrive. They are a power of two: 64, more for narrow rows, fewer for very
 * wide ones. */
int png_strip_rows(const struct image_format *f);

/* The rows before a strip that its encoding looks at: those that matches may refer to, and the row
 * above them. At most png_strip_rows. */
int png_strip_above(const struct image_format *f);

/* Working memory for one strip of a file of that compression; ERR_MEMORY where that is beyond what a
 * strip can be. */
enum err_code png_strip_scratch_bytes(const struct image_format *f, int compression, size_t *bytes,
                                      struct err *e);

/* Decides by the pixels alone how the strip is encoded, for job->way and for the next strip's
 * job->above_way. The scratch is as below. */
struct png_way png_strip_way(const struct png_strip_job *job, void *scratch);

/* Encodes one strip. `scratch` is aligned to MEM_ALIGN and has png_strip_scratch_bytes. ERR_MEMORY.
 * On ERR_OK the caller owns out->chunk (buf_done). */
enum err_code png_strip_encode(const struct png_strip_job *job, void *scratch,
                               struct png_strip *out, struct err *e);

#endif
