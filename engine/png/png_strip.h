/* png_strip.h - encodes some rows of a picture as one IDAT chunk, independently of other strips.
 *
 * Each strip is filtered and deflated on its own and ends with a sync flush (an empty stored block,
 * RFC 1951, 3.2.4). So strips that different threads made join into one zlib stream. Their check
 * sums are combined afterwards. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_STRIP_H
#define UPSCALED_PNG_PNG_STRIP_H

#include "engine/base/buf.h"
#include "engine/png/png_strip_job.h"

struct png_strip {
    int rows;
    struct buf chunk;   /* length, IDAT, data, CRC */
    uint32_t adler;     /* of the filtered rows */
    size_t adler_bytes; /* the number of these rows' bytes */
};

/* Returns the number of rows of every strip but the last. It depends only on the format, so the
 * bytes of the file do not depend on how the rows arrive. It is a power of two: 64, more for narrow
 * rows, fewer for very wide ones. */
int png_strip_rows(const struct image_format *f);

/* Returns the number of rows before a strip that its encoding reads: those to which matches may
 * refer, and the row above them. At most png_strip_rows. */
int png_strip_above(const struct image_format *f);

/* Finds the working memory for one strip of a file of that compression. ERR_MEMORY if a strip
 * cannot be that large. */
enum err_code png_strip_scratch_bytes(const struct image_format *f, int compression, size_t *bytes,
                                      struct err *e);

/* Chooses by the pixels alone how the strip is encoded, for job->way and for job->above_way of the
 * next strip. The scratch is as below. */
struct png_way png_strip_way(const struct png_strip_job *job, void *scratch);

/* Encodes one strip. `scratch` is aligned to MEM_ALIGN and has png_strip_scratch_bytes. ERR_MEMORY.
 * On ERR_OK the caller owns out->chunk (buf_done). */
enum err_code png_strip_encode(const struct png_strip_job *job, void *scratch,
                               struct png_strip *out, struct err *e);

#endif
