/* png_walk.h - verifies all chunks of a PNG in memory, in one pass, before any of them is used.
 *
 * PNG specification (third edition), 5.3, 5.6 and 11. Allocates no memory. */
#ifndef UPSCALED_PNG_PNG_WALK_H
#define UPSCALED_PNG_PNG_WALK_H

#include "engine/base/err.h"
#include "engine/png/png_frame.h"
#include "engine/png/png_head.h"
#include "engine/png/png_warnings.h"

/* The place of whole chunks in the file, with their frames. Length 0: there are none. */
struct png_span {
    size_t offset, length;
};

struct png_walk {
    struct png_head head;
    struct png_span ihdr;       /* with the signature before it */
    struct png_span plte, trns; /* if they concern the pixels */
    struct png_span idat;       /* all of them: they follow each other */
    struct png_span cut;        /* the contents of an IDAT after them in which the file ends */
    struct png_span iend; /* length 0: it is missing, and the last whole chunk ends at `offset` */
    uint32_t ancillary;   /* chunks that may have to be kept */
    size_t unpack_bytes;  /* the most that these may have when they are decompressed */
    bool damaged;         /* the check sums of some of them are wrong */
    struct png_warnings warnings; /* about the pixels and the end of the file */
};

/* Verifies every chunk up to IEND: its place, length and check sum, and the number and size of all.
 * An ancillary chunk whose check sum is wrong counts as absent. Once the pixels have begun, the file
 * may end anywhere, or go on with something that is no chunk; decoding shows whether the pixels are
 * complete. Bytes after IEND are ignored, as in every decoder. The errors are those of png_reader_new. */
enum err_code png_walk_run(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                           struct png_walk *out, struct err *e);

/* Upper bounds that follow from the lengths of the chunks, before any check sum is computed. */
struct png_glance {
    int channels;       /* of the decoded picture */
    size_t chunks;      /* that may be kept */
    size_t chunk_bytes; /* their data */
};

/* Fills `out` for a file whose head has been read. */
void png_walk_glance(const struct png_prefix *file, const struct png_head *head,
                     const struct png_limits *limits, struct png_glance *out);

#endif
