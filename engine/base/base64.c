/* base64.c - see base64.h. */
#include "engine/base/base64.h"

enum { WRONG = 0x80 };

/* Returns the value of a character of the alphabet, or WRONG. */
static uint32_t value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26u;
    if (c >= '0' && c <= '9')
        return c - '0' + 52u;
    return c == '+' ? 62 : c == '/' ? 63 : WRONG;
}

static size_t padding_of(const uint8_t *text, size_t length)
{
    if (length == 0 || text[length - 1] != '=')
        return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

bool base64_bytes(const uint8_t *text, size_t length, size_t *bytes)
{
    if (length % 4 != 0)
        return false;
    *bytes = length / 4 * 3 - padding_of(text, length);
    return true;
}

size_t base64_decode(const uint8_t *restrict text, size_t length, uint8_t *restrict out)
{
    size_t end = length - padding_of(text, length), i = 0;
    uint32_t bits = 0;
    int have = 0;        /* bits of `bits` that are not in `out` yet */
    uint8_t values[256]; /* a table, because models have tens of megabytes of base64 */
    for (int c = 0; c < 256; c++)
        values[c] = (uint8_t)value_of((uint8_t)c);
    for (; i + 4 <= end; i += 4, out += 3) {
        uint32_t a = values[text[i]], b = values[text[i + 1]], c = values[text[i + 2]],
                 d = values[text[i + 3]];
        if ((a | b | c | d) & WRONG)
            break;
        bits = a << 18 | b << 12 | c << 6 | d;
        out[0] = (uint8_t)(bits >> 16);
        out[1] = (uint8_t)(bits >> 8);
        out[2] = (uint8_t)bits;
    }
    bits = 0;
    for (; i < end; i++) {
        uint32_t value = values[text[i]];
        if (value == WRONG)
            return i;
        bits = bits << 6 | value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *out++ = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    return bits == 0 ? length : end - 1;
}
