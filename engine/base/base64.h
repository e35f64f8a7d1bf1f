/* base64.h - strict base64 (RFC 4648, section 4): the standard alphabet, padding required, its
 * unused bits zero, no white space or line breaks; so that a text stands for one value, and a value
 * has one text. */
#ifndef UPSCALED_BASE_BASE64_H
#define UPSCALED_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes `length` characters stand for; false where the length or the padding is wrong. */
bool base64_bytes(const uint8_t *text, size_t length, size_t *bytes);

/* Decodes into `out`, which has room for base64_bytes. Returns the position of the first character
 * that is wrong, or `length`. The length has been checked by base64_bytes. */
size_t base64_decode(const uint8_t *restrict text, size_t length, uint8_t *restrict out);

#endif
