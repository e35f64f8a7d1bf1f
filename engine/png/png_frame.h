/* png_frame.h - reads the frame of a chunk: its length, its type, its data, its check sum.
 *
 * PNG specification (third edition), 5.3. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_FRAME_H
#define UPSCALED_PNG_PNG_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PNG_CHUNK_FRAME = 12 }; /* bytes of length, type and CRC around a chunk's data */

/* A chunk whose data stays in the file. */
struct png_place {
    size_t offset; /* of the frame */
    uint32_t length;
    char type[5];
    const uint8_t *data;
};

uint32_t png_frame_u32(const uint8_t *p); /* big-endian */

/* Whether the CRC stored at `crc` is that of the type and the `length` bytes of data at `type`. */
bool png_frame_crc_ok(const uint8_t *type, size_t length, const uint8_t *crc);

/* Reads the chunk at `offset`, whose frame must lie in the file. Returns the offset of the next
 * chunk. */
size_t png_frame_next(const uint8_t *bytes, size_t offset, struct png_place *out);

#endif
