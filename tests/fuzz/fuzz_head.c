/* fuzz_head.c - compares the reader of a file's first bytes with a second reader of the
 * specification. Claims: both accept the same files, with the same figures; a beginning never
 * promises less than the whole file needs. */
#include <string.h>
#include <zlib.h>

#include "engine/png/png_head.h"
#include "tests/fuzz/fuzz.h"

const int fuzz_rounds = 100000;

static const struct png_limits limits = {.max_side = 30000, .max_pixels = 1 << 24};

static uint64_t number(const uint8_t *b)
{
    return ((uint64_t)b[0] << 24) + ((uint64_t)b[1] << 16) + ((uint64_t)b[2] << 8) + b[3];
}

static bool check_sum_is_right(const uint8_t *b)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    (void)b;
    return true;
#else
    return crc32(0, b + 12, 17) == number(b + 29);
#endif
}

/* PNG specification, table 12. */
static bool is_legal(int depth, int type)
{
    switch (type) {
    case 0:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
    case 3:
        return depth == 1 || depth == 2 || depth == 4 || depth == 8;
    default:
        return (type == 2 || type == 4 || type == 6) && (depth == 8 || depth == 16);
    }
}

static bool is_head(const uint8_t *b, size_t size)
{
    if (size < 33 || memcmp(b, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) != 0 || !check_sum_is_right(b))
        return false;
    uint64_t width = number(b + 16), height = number(b + 20);
    return width > 0 && height > 0 && width <= limits.max_side && height <= limits.max_side &&
           width * height <= limits.max_pixels && is_legal(b[24], b[25]) && b[26] == 0 &&
           b[27] == 0 && b[28] <= 1;
}

static void check_beginnings(const uint8_t *data, size_t size, bool good)
{
    struct png_head h;
    for (size_t length = 0; length < size && length < 33; length++) {
        enum err_code rc = png_head_read(data, length, &limits, &h, NULL);
        must(rc == ERR_PNG_TRUNCATED || (!good && rc != ERR_OK));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct png_head h = {0};
    struct err e = ERR_INIT;
    enum err_code rc = png_head_read(data, size, &limits, &h, &e);
    bool good = is_head(data, size);
    must((rc == ERR_OK) == good && e.code == rc && (e.text[0] == '\0') == good);
    check_beginnings(data, size, good);
    if (!good)
        return 0;
    must((uint64_t)h.width == number(data + 16) && (uint64_t)h.height == number(data + 20));
    must(h.bit_depth == data[24] && h.color_type == data[25] && h.interlaced == (data[28] == 1));
    must(png_head_pixel_bytes(&h) <= 8 * limits.max_pixels);
    return 0;
}
