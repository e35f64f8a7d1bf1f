/* base64.h - decodes strict base64 (RFC 4648, section 4): the standard alphabet and padding, whose
 * unused bits must be zero, and no white space or line breaks. So each value has exactly one text.
 * Threads: pure functions. */
#ifndef UPSCALED_BASE_BASE64_H
#define UPSCALED_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Computes how many bytes a text of this length and padding stands for. Returns false if its length
 * is not a multiple of 4. */
bool base64_bytes(const uint8_t *text, size_t length, size_t *bytes);

/* Decodes `text` into `out`, which has room for what base64_bytes computed. The length is one that
 * base64_bytes accepted. Returns `length`, or the position of the first character that is wrong. */
size_t base64_decode(const uint8_t *restrict text, size_t length, uint8_t *restrict out);

#endif
