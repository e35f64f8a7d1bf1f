/* png_unpack.h - decompresses the contents of chunks, only to judge them.
 *
 * All chunks of a file share a limit, because a few megabytes can be gigabytes when decompressed.
 * Threads: one belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_UNPACK_H
#define UPSCALED_PNG_PNG_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct png_unpack {
    size_t left;                      /* how many bytes may still be decompressed */
    bool too_much;                    /* the latest chunk had more */
    bool no_memory;                   /* for the latest chunk */
    struct png_unpack_stream *stream; /* or NULL: no chunk has been decompressed */
};

void png_unpack_init(struct png_unpack *u, size_t most);
void png_unpack_done(struct png_unpack *u);

/* Returns the most memory that one takes. */
size_t png_unpack_bytes(void);

/* Takes decompressed bytes, one piece after the other. Returns false if they are not sound. */
struct png_unpack_judge {
    bool (*take)(void *arg, const uint8_t *bytes, size_t length);
    void *arg;
};

/* Decompresses a zlib stream. Returns whether it is complete, sound, and within the limit. *used is
 * then the number of its bytes; others may follow. */
bool png_unpack_run(struct png_unpack *u, const uint8_t *bytes, size_t length,
                    const struct png_unpack_judge *judge, size_t *used);

#endif
