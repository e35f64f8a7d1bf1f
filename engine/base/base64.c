/* base64.c - see base64.h. */
#include "engine/base/base64.h"

/* The value of a character of the alphabet, or -1. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
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
    size_t end = length - padding_of(text, length);
    uint32_t bits = 0;
    int have = 0; /* bits that no byte has taken yet */
    for (size_t i = 0; i < end; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return i;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *out++ = (uint8_t)(bits >> have);
            bits &= (1u << have) - 1;
        }
    }
    return bits == 0 ? length : end - 1;
}
