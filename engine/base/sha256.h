/* sha256.h - computes SHA-256 (FIPS 180-4), in pieces or at once. A model is named by its digest.
 * Threads: a struct sha256 belongs to one thread at a time. */
#ifndef UPSCALED_BASE_SHA256_H
#define UPSCALED_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BLOCK = 64 };

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t count);
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_BYTES]); /* `s` is then invalid */

/* Writes the digest of `count` bytes as lower-case hex with a final NUL. */
void sha256_hex(const void *bytes, size_t count, char hex[2 * SHA256_BYTES + 1]);

#endif
