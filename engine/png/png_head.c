/* png_head.c - see png_head.h. These checks come before libpng sees any byte. */
#include "engine/png/png_head.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "engine/png/png_foreign.h"
#include "engine/png/png_frame.h"

const struct png_limits png_default_limits = {
    .max_side = 32768,
    .max_pixels = 1u << 26,
    .max_chunks = 1000,
    .max_chunk_bytes = 8u << 20,
};

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* Other formats with a signature like that of PNG. */
static const struct {
    char bytes[9];
    const char *name;
} relatives[] = {
    {"\x8aMNG\r\n\x1a\n", "an MNG animation"},
    {"\x8bJNG\r\n\x1a\n", "a JNG picture (JPEG data in the chunks of PNG)"},
};

static enum err_code refuse_foreign(const uint8_t *bytes, size_t length, struct err *e)
{
    for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++)
        if (length >= 8 && memcmp(bytes, relatives[i].bytes, 8) == 0)
            return err_set(e, ERR_PNG_UNSUPPORTED, "the file is %s, not a PNG", relatives[i].name);
    const char *clause = png_foreign_damage(bytes, length);
    if (clause)
        return err_set(e, ERR_NOT_PNG, "the file is no longer a PNG: %s", clause);
    clause = png_foreign_name(bytes, length);
    if (clause)
        return err_set(e, ERR_NOT_PNG, "not a PNG: %s", clause);
    char start[3 * 8 + 1] = "";
    for (size_t i = 0; i < 8 && i < length; i++)
        snprintf(start + 3 * i, 4, " %02x", bytes[i]);
    return err_set(e, ERR_NOT_PNG, "the file is not a PNG; it starts with the bytes%s", start);
}

static enum err_code check_signature(const uint8_t *bytes, size_t length, struct err *e)
{
    if (length == 0)
        return err_set(e, ERR_PNG_TRUNCATED, "the file is empty");
    size_t n = length < sizeof signature ? length : sizeof signature;
    return memcmp(bytes, signature, n) == 0 ? ERR_OK : refuse_foreign(bytes, length, e);
}

/* Checks that the chunk after the signature is an IHDR of 13 bytes with the correct check sum. */
static enum err_code check_chunk(const uint8_t *bytes, size_t length, struct err *e)
{
    if (length >= 16 && memcmp(bytes + 12, "CgBI", 4) == 0)
        return err_set(e, ERR_PNG_UNSUPPORTED,
                       "the file is an Apple CgBI picture, which is not a PNG (pngcrush "
                       "-revert-iphone-optimizations restores it)");
    if (length >= 16 && (memcmp(bytes + 12, "IHDR", 4) != 0 || png_frame_u32(bytes + 8) != 13))
        return err_set(e, ERR_PNG_HEADER, "the file does not start with an IHDR chunk of 13 bytes");
    if (length < PNG_HEAD_BYTES)
        return err_set(e, ERR_PNG_TRUNCATED, "the file ends after %zu bytes, within its header",
                       length);
    if (!png_frame_crc_ok(bytes + 12, 13, bytes + 29))
        return err_set(e, ERR_PNG_CRC, "the check sum of chunk IHDR at byte 8 is wrong");
    return ERR_OK;
}

static enum err_code check_fields(const uint8_t *ihdr, struct err *e)
{
    /* the legal bit depths of each colour type, as a set of bits */
    static const uint32_t depths[7] = {
        [0] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16,
        [2] = 1u << 8 | 1u << 16,
        [3] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8,
        [4] = 1u << 8 | 1u << 16,
        [6] = 1u << 8 | 1u << 16,
    };
    uint32_t width = png_frame_u32(ihdr), height = png_frame_u32(ihdr + 4);
    int depth = ihdr[8], type = ihdr[9];
    if (width == 0 || height == 0 || width > INT_MAX || height > INT_MAX)
        return err_set(e, ERR_PNG_HEADER, "a PNG cannot be %u x %u pixels", width, height);
    if (type > 6 || depths[type] == 0)
        return err_set(e, ERR_PNG_HEADER, "colour type %d does not exist", type);
    if (depth > 16 || (depths[type] >> depth & 1) == 0)
        return err_set(e, ERR_PNG_HEADER, "colour type %d cannot have %d bits a sample", type,
                       depth);
    if (ihdr[10] != 0 || ihdr[11] != 0)
        return err_set(e, ERR_PNG_HEADER,
                       "compression method %d with filter method %d does not "
                       "exist",
                       ihdr[10], ihdr[11]);
    if (ihdr[12] > 1)
        return err_set(e, ERR_PNG_HEADER, "interlace method %d does not exist", ihdr[12]);
    return ERR_OK;
}

static enum err_code check_limits(const struct png_head *h, const struct png_limits *limits,
                                  struct err *e)
{
    uint64_t pixels = (uint64_t)h->width * (uint64_t)h->height;
    int side = h->width > h->height ? h->width : h->height;
    if ((uint32_t)side > limits->max_side)
        return err_set_limit(e, ERR_TOO_WIDE, "max-side", limits->max_side,
                             "the PNG is %d x %d pixels; a side may have %u (--max-side)", h->width,
                             h->height, limits->max_side);
    if (pixels > limits->max_pixels)
        return err_set_limit(e, ERR_TOO_MANY_PIXELS, "max-pixels", limits->max_pixels,
                             "the PNG is %d x %d = %llu pixels; the limit is %llu (--max-pixels)",
                             h->width, h->height, (unsigned long long)pixels,
                             (unsigned long long)limits->max_pixels);
    return ERR_OK;
}

enum err_code png_head_read(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                            struct png_head *out, struct err *e)
{
    enum err_code rc = check_signature(bytes, length, e);
    if (rc == ERR_OK)
        rc = check_chunk(bytes, length, e);
    if (rc != ERR_OK)
        return rc;
    const uint8_t *ihdr = bytes + 16;
    rc = check_fields(ihdr, e);
    if (rc != ERR_OK)
        return rc;
    struct png_head h = {
        .width = (int)png_frame_u32(ihdr),
        .height = (int)png_frame_u32(ihdr + 4),
        .bit_depth = ihdr[8],
        .color_type = ihdr[9],
        .interlaced = ihdr[12] == 1,
    };
    rc = check_limits(&h, limits, e);
    if (rc == ERR_OK)
        *out = h;
    return rc;
}

uint64_t png_head_pixel_bytes(const struct png_head *h)
{
    static const uint8_t channels[7] = {[0] = 2, [2] = 4, [3] = 4, [4] = 2, [6] = 4};
    uint64_t sample = h->bit_depth == 16 ? 2 : 1;
    /* Sides are below 2^31, so pixels are below 2^62. Only the last product could overflow. */
    uint64_t bytes;
    if (__builtin_mul_overflow((uint64_t)h->width * (uint64_t)h->height,
                               channels[h->color_type] * sample, &bytes))
        return UINT64_MAX;
    return bytes;
}
