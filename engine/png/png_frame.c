/* png_frame.c - see png_frame.h. */
#include "engine/png/png_frame.h"

#include <string.h>
#include <zlib.h>

uint32_t png_frame_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool png_frame_crc_ok(const uint8_t *type, size_t length, const uint8_t *crc)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    /* Fuzzers cannot guess check sums, and would not reach the code after this check. */
    (void)type, (void)length, (void)crc;
    return true;
#else
    return crc32_z(0, type, length + 4) == png_frame_u32(crc);
#endif
}

size_t png_frame_next(const uint8_t *bytes, size_t offset, struct png_place *out)
{
    *out = (struct png_place){.offset = offset, .length = png_frame_u32(bytes + offset)};
    memcpy(out->type, bytes + offset + 4, 4);
    out->data = bytes + offset + 8;
    return offset + PNG_CHUNK_FRAME + out->length;
}
