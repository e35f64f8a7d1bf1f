/* utf8.h - tells UTF-8 from other bytes. */
#ifndef UPSCALED_SERVER_BASE_UTF8_H
#define UPSCALED_SERVER_BASE_UTF8_H

#include <stddef.h>

/* Returns the length of the character that begins at `s`, 1 to 4 bytes, or 0 if none does (RFC 3629,
 * section 4). A NUL is a character of one byte; no byte behind it is looked at. */
size_t utf8_sequence(const char *s);

#endif
