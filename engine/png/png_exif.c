/* png_exif.c - see png_exif.h. */
#include "engine/png/png_exif.h"

#include <stdbool.h>
#include <string.h>

enum { ENTRY = 12, ORIENTATION = 0x0112, BYTE = 1, SHORT = 3, LONG = 4 };

static unsigned u16(const uint8_t *p, bool big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static uint32_t u32(const uint8_t *p, bool big)
{
    return big ? u16(p, big) << 16 | u16(p + 2, big) : u16(p + 2, big) << 16 | u16(p, big);
}

/* The number in an entry, which holds it itself, at its beginning. The standard asks for SHORT; some
 * writers use another size. Returns 0 for other types and for more than one number. */
static uint32_t value_of(const uint8_t *entry, bool big)
{
    if (u32(entry + 4, big) != 1)
        return 0;
    switch (u16(entry + 2, big)) {
    case BYTE:
        return entry[8];
    case SHORT:
        return u16(entry + 8, big);
    case LONG:
        return u32(entry + 8, big);
    default:
        return 0;
    }
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
        uint32_t value = value_of(p, big);
        return value <= 8 ? (int)value : 0;
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
