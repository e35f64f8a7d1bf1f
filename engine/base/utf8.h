/* utf8.h - tells UTF-8 from other bytes (RFC 3629, section 4). A NUL is not taken for a character. */
#ifndef UPSCALED_ENGINE_BASE_UTF8_H
#define UPSCALED_ENGINE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text of which a part has been read; {0} at its beginning. It may end where `left` is 0. */
struct utf8 {
    int left;          /* bytes that the latest character still needs */
    uint8_t low, high; /* the least and the greatest value of the next of them */
};

/* Reads the next bytes of a text. Returns false if it is not UTF-8; then `u` is of no more use. */
bool utf8_take(struct utf8 *u, const uint8_t *bytes, size_t length);

/* Returns the length of the character at the beginning of a string, 1 to 4 bytes, or 0 if there is
 * none. */
size_t utf8_sequence(const char *s);

#endif
