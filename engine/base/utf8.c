/* utf8.c - see utf8.h. */
#include "engine/base/utf8.h"

/* Begins a character of several bytes. Returns false if none begins with `b`. Forms that are longer
 * than necessary, surrogates and numbers over 0x10ffff are excluded by the second byte. */
static bool begin_character(struct utf8 *u, uint8_t b)
{
    u->left = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
    u->low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
    u->high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
    return b >= 0xc2 && b <= 0xf4;
}

bool utf8_take(struct utf8 *u, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t b = bytes[i];
        bool fits;
        if (u->left == 0) {
            fits = b < 0x80 ? b > 0 : begin_character(u, b);
        } else {
            fits = b >= u->low && b <= u->high;
            u->low = 0x80;
            u->high = 0xbf;
            u->left--;
        }
        if (!fits)
            return false;
    }
    return true;
}

size_t utf8_sequence(const char *s)
{
    struct utf8 u = {0};
    size_t length = 0;
    do {
        if (!utf8_take(&u, (const uint8_t *)s + length, 1))
            return 0;
        length++;
    } while (u.left > 0);
    return length;
}
