/* png_exif.c - see png_exif.h. */
#include "engine/png/png_exif.h"

#include <stdbool.h>
#include <string.h>

enum { ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };

static unsigned u16(const uint8_t *p, bool big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t u32(const uint8_t *p, bool big)
{
    return big ? u16(p, big) << 16 | u16(p + 2, big) : u16(p + 2, big) << 16 | u16(p, big);
}

int png_exif_orientation(const uint8_t *data, uint32_t length)
{
    if (length < 8 || (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0))
        return 0;
    bool big = data[0] == 'M';
    uint32_t at = u32(data + 4, big);
    if (at > length - 2)
        return 0;
    unsigned entries = u16(data + at, big);
    at += 2;
    for (; entries > 0 && length - at >= ENTRY; entries--, at += ENTRY) {
        const uint8_t *p = data + at;
        if (u16(p, big) != ORIENTATION)
            continue;
        unsigned value = u16(p + 8, big);
        bool fits = u16(p + 2, big) == SHORT && u32(p + 4, big) == 1 && value >= 1 && value <= 8;
        return fits ? (int)value : 0;
    }
    return 0;
}

void png_exif_make(int orientation, uint8_t to[PNG_EXIF_LEAST])
{
    /* the header, and one entry (tag, type, count, value); no further directory */
    static const uint8_t least[PNG_EXIF_LEAST] = {'M', 'M', 0,    '*', 0,     0, 0, 8, 0,
                                                  1,   1,   0x12, 0,   SHORT, 0, 0, 0, 1};
    memcpy(to, least, sizeof least);
    to[19] = (uint8_t)orientation;
}
