/* sha256.c - see sha256.h. It follows FIPS 180-4, sections 4.1.2, 5.1.1, 5.3.3 and 6.2. */
#include "engine/base/sha256.h"

#include <string.h>

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t x, int right)
{
    return x >> right | x << (32 - right);
}

/* Replaces the 16 words of the message schedule by the next 16. */
static void advance(uint32_t w[16])
{
    for (int t = 0; t < 16; t++) {
        uint32_t a = w[(t + 1) & 15], b = w[(t + 14) & 15];
        w[t] += (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[(t + 9) & 15] +
                (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
    }
}

/* Does one step. The standard then moves the value of every variable to the next. Here the
 * arguments rotate instead, and after eight steps every variable is in its place again. */
#define STEP(a, b, c, d, e, f, g, h, t)                                                            \
    do {                                                                                           \
        h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + k[t] + w[t];         \
        d += h;                                                                                    \
        h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (c & (a ^ b)));                 \
    } while (0)

#define EIGHT_STEPS(t)                                                                             \
    STEP(a, b, c, d, e, f, g, h, t);                                                               \
    STEP(h, a, b, c, d, e, f, g, t + 1);                                                           \
    STEP(g, h, a, b, c, d, e, f, t + 2);                                                           \
    STEP(f, g, h, a, b, c, d, e, t + 3);                                                           \
    STEP(e, f, g, h, a, b, c, d, t + 4);                                                           \
    STEP(d, e, f, g, h, a, b, c, t + 5);                                                           \
    STEP(c, d, e, f, g, h, a, b, t + 6);                                                           \
    STEP(b, c, d, e, f, g, h, a, t + 7)

static void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[16];
    for (int t = 0; t < 16; t++, block += 4)
        w[t] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 |
               (uint32_t)block[3];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5],
             g = state[6], h = state[7];
    for (const uint32_t *k = constants; k < constants + 64; k += 16) {
        if (k > constants)
            advance(w);
        EIGHT_STEPS(0);
        EIGHT_STEPS(8);
    }
    const uint32_t sum[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++)
        state[i] += sum[i];
}

void sha256_init(struct sha256 *s)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(s->state, start, sizeof start);
    s->length = 0;
}

void sha256_add(struct sha256 *s, const void *bytes, size_t count)
{
    const uint8_t *p = bytes;
    size_t used = (size_t)(s->length % SHA256_BLOCK);
    s->length += count;
    while (count > 0) {
        if (used == 0 && count >= SHA256_BLOCK) {
            compress(s->state, p);
            p += SHA256_BLOCK;
            count -= SHA256_BLOCK;
            continue;
        }
        size_t part = SHA256_BLOCK - used < count ? SHA256_BLOCK - used : count;
        memcpy(s->block + used, p, part);
        p += part;
        count -= part;
        used += part;
        if (used == SHA256_BLOCK) {
            compress(s->state, s->block);
            used = 0;
        }
    }
}

void sha256_end(struct sha256 *s, uint8_t digest[SHA256_BYTES])
{
    static const uint8_t padding[SHA256_BLOCK] = {0x80};
    uint64_t bits = s->length * 8;
    size_t used = (size_t)(s->length % SHA256_BLOCK);
    uint8_t tail[8];
    for (int i = 0; i < 8; i++)
        tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(s, padding, used < 56 ? 56 - used : 120 - used); /* ends 8 bytes before a block
                                                                 * does */
    sha256_add(s, tail, sizeof tail);
    for (int i = 0; i < SHA256_BYTES; i++)
        digest[i] = (uint8_t)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_hex(const void *bytes, size_t count, char hex[2 * SHA256_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    sha256_init(&s);
    sha256_add(&s, bytes, count);
    sha256_end(&s, digest);
    for (int i = 0; i < SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * SHA256_BYTES] = 0;
}
