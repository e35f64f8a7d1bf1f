/* utf8.c - see utf8.h. */
#include "server/base/utf8.h"

/* The first bytes from..to begin characters of so many bytes, whose second byte is low..high. What is
 * left out are overlong forms, surrogates, and numbers above U+10FFFF. */
static const struct row {
    unsigned char from, to, bytes, low, high;
} rows[] = {
    {0x00, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
    {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
    {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t utf8_sequence(const char *s)
{
    const unsigned char *b = (const unsigned char *)s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        if (*b < r->from || *b > r->to)
            continue;
        if (r->bytes > 1 && (b[1] < r->low || b[1] > r->high))
            return 0;
        for (size_t k = 2; k < r->bytes; k++)
            if ((b[k] & 0xc0) != 0x80)
                return 0;
        return r->bytes;
    }
    return 0;
}
