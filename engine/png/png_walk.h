/* png_walk.h - one pass over all chunks of a PNG in memory, before any of it is believed.
 *
 * PNG specification (third edition), 5.3, 5.6 and 11. Used by png_reader.c; takes no memory. */
#ifndef UPSCALED_PNG_PNG_WALK_H
#define UPSCALED_PNG_PNG_WALK_H

#include "engine/base/err.h"
#include "engine/png/png_frame.h"
#include "engine/png/png_head.h"
#include "engine/png/png_warnings.h"

/* Where whole chunks lie in the file, frames included; length 0: there are none. */
struct png_span {
    size_t offset, length;
};

struct png_walk {
    struct png_head head;
    struct png_span ihdr;       /* with the signature before it */
    struct png_span plte, trns; /* where they mean something for the pixels */
    struct png_span idat;       /* all of them: they follow each other */
    struct png_span iend;       /* length 0: it is missing, and what is whole ends at `offset` */
    uint32_t ancillary;         /* chunks that may have to be kept */
    bool damaged;               /* the check sums of some of them are wrong */
    struct png_warnings warnings;
};

/* Verifies every chunk up to IEND: place, length, check sum, number and size. An ancillary chunk
 * whose check sum is wrong counts as absent. A file that ends behind its IDAT chunks passes: whether
 * the pixels are whole, decoding says. Bytes behind IEND are ignored, as every decoder does. Errors
 * as png_reader_new's. */
enum err_code png_walk_run(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                           struct png_walk *out, struct err *e);

/* What can be said of a file by its chunks' lengths, before any check sum: upper bounds. */
struct png_glance {
    int channels;       /* of the decoded picture */
    size_t chunks;      /* that may be kept */
    size_t chunk_bytes; /* their data */
};

/* For a file whose head is there. */
void png_walk_glance(const struct png_prefix *file, const struct png_head *head,
                     const struct png_limits *limits, struct png_glance *out);

#endif
