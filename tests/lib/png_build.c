/* png_build.c - see png_build.h. It follows the specification and aims at clarity alone. */
#include "tests/lib/png_build.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/lib/harness.h"

enum { EXACT_MOST = 4096 };

void bytes_add(struct bytes *b, const void *data, size_t length)
{
    if (length == 0)
        return;
    size_t wanted = b->length + length;
    if (wanted > b->capacity) {
        /* what is small has its exact size, so that a sanitizer sees a read beyond it */
        b->capacity = wanted > EXACT_MOST ? wanted + wanted / 2 : wanted;
        b->data = realloc(b->data, b->capacity);
    }
    memcpy(b->data + b->length, data, length);
    b->length += length;
}

void bytes_done(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

static void put_u32(uint8_t *p, size_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static int stored_channels(const struct png_head *h)
{
    static const int channels[7] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    return channels[h->color_type];
}

void png_build_random(struct png_build *p, struct png_head head, bool transparent, uint64_t *seed)
{
    *p = (struct png_build){.head = head, .level = 6};
    size_t channels = (size_t)stored_channels(&head);
    size_t count = (size_t)head.width * (size_t)head.height * channels;
    int most = (1 << head.bit_depth) - 1;
    if (head.color_type == 3) {
        p->colors = harness_between(seed, 1, most + 1);
        p->alphas = transparent ? harness_between(seed, 1, p->colors) : 0;
        most = p->colors - 1;
        for (int i = 0; i < 768; i++)
            p->palette[i] = (uint8_t)harness_random(seed);
        for (int i = 0; i < 256; i++)
            p->alpha[i] = (uint8_t)harness_random(seed);
    }
    p->samples = malloc(count * sizeof *p->samples);
    for (size_t i = 0; i < count; i++)
        p->samples[i] = (uint16_t)harness_between(seed, 0, most);
    if (transparent && (head.color_type == 0 || head.color_type == 2)) {
        p->key = true; /* the key is the colour of a pixel, and another pixel differs from it
                        * slightly */
        memcpy(p->key_color, p->samples, channels * sizeof *p->samples);
        if (count >= 2 * channels) {
            memcpy(p->samples + channels, p->samples, channels * sizeof *p->samples);
            p->samples[2 * channels - 1] ^= 1;
        }
    }
}

void png_build_done(struct png_build *p)
{
    free(p->samples);
    p->samples = NULL;
}

static void put_sample(uint8_t *pixels, int depth, size_t at, int value)
{
    uint16_t wide = (uint16_t)value;
    if (depth == 16)
        memcpy(pixels + 2 * at, &wide, 2);
    else
        pixels[at] = (uint8_t)value;
}

static void expect_pixel(const struct png_build *p, const struct image_format *f, const uint16_t *s,
                         uint8_t *pixels, size_t at)
{
    int stored = stored_channels(&p->head), depth = p->head.bit_depth;
    int most = depth == 16 ? 65535 : 255;
    if (p->head.color_type == 3) {
        for (size_t c = 0; c < 3; c++)
            pixels[at + c] = p->palette[3 * s[0] + c];
        if (p->alphas > 0)
            pixels[at + 3] = s[0] < p->alphas ? p->alpha[s[0]] : 255;
        return;
    }
    bool clear = p->key;
    for (int c = 0; c < stored; c++) {
        int v = depth < 8 ? s[c] * 255 / ((1 << depth) - 1) : s[c];
        put_sample(pixels, f->depth, at + (size_t)c, v);
        clear = clear && s[c] == p->key_color[c];
    }
    if (p->key)
        put_sample(pixels, f->depth, at + (size_t)stored, clear ? 0 : most);
}

uint8_t *png_build_expected(const struct png_build *p, struct image_format *f)
{
    const struct png_head *h = &p->head;
    int stored = stored_channels(h), color = h->color_type == 3 ? 3 : stored;
    *f = (struct image_format){h->width, h->height, color + (p->key || p->alphas > 0),
                               h->bit_depth == 16 ? 16 : 8};
    uint8_t *pixels = calloc(1, image_bytes(f));
    size_t count = (size_t)f->width * (size_t)f->height;
    for (size_t i = 0; i < count; i++)
        expect_pixel(p, f, p->samples + i * (size_t)stored, pixels, i * (size_t)f->channels);
    return pixels;
}

static int paeth(int a, int b, int c)
{
    int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* Adds one line with its filter byte, all at once: `bytes` has no spare room, so that tools see a
 * read past the end. `above` is NULL for the first line of a pass. */
static void add_filtered(struct bytes *out, const uint8_t *line, const uint8_t *above,
                         size_t length, size_t step, uint8_t filter)
{
    uint8_t *filtered = malloc(length + 1);
    filtered[0] = filter;
    for (size_t i = 0; i < length; i++) {
        int a = i >= step ? line[i - step] : 0, b = above ? above[i] : 0;
        int c = above && i >= step ? above[i - step] : 0;
        const int predicted[5] = {0, a, b, (a + b) / 2, paeth(a, b, c)};
        filtered[i + 1] = (uint8_t)(line[i] - predicted[filter]);
    }
    bytes_add(out, filtered, length + 1);
    free(filtered);
}

/* Packs the samples of every dx-th pixel from x0 on. */
static void pack_line(const struct png_build *p, int y, int x0, int dx, uint8_t *line)
{
    size_t channels = (size_t)stored_channels(&p->head), depth = (size_t)p->head.bit_depth, bit = 0;
    for (int x = x0; x < p->head.width; x += dx)
        for (size_t c = 0; c < channels; c++, bit += depth) {
            size_t at = ((size_t)y * (size_t)p->head.width + (size_t)x) * channels + c;
            unsigned v = p->samples[at];
            if (depth == 16)
                line[bit / 8 + 1] = (uint8_t)v;
            if (depth >= 8)
                line[bit / 8] = (uint8_t)(v >> (depth - 8));
            else
                line[bit / 8] |= (uint8_t)(v << (8 - depth - bit % 8));
        }
}

void png_build_scanlines(const struct png_build *p, uint64_t *seed, struct bytes *out)
{
    static const int adam7[8][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}, {0, 0, 1, 1}};
    const struct png_head *h = &p->head;
    size_t bits = (size_t)(stored_channels(h) * h->bit_depth), step = bits < 8 ? 1 : bits / 8;
    size_t room = (size_t)h->width * bits / 8 + 2;
    uint8_t *lines[2] = {malloc(room), malloc(room)};
    for (int pass = h->interlaced ? 0 : 7; pass < (h->interlaced ? 7 : 8); pass++) {
        int x0 = adam7[pass][0], y0 = adam7[pass][1], dx = adam7[pass][2], dy = adam7[pass][3];
        if (x0 >= h->width)
            continue;
        size_t count = (size_t)((h->width - x0 + dx - 1) / dx);
        for (int y = y0, n = 0; y < h->height; y += dy, n++) {
            memset(lines[n % 2], 0, room);
            pack_line(p, y, x0, dx, lines[n % 2]);
            add_filtered(out, lines[n % 2], n > 0 ? lines[1 - n % 2] : NULL, (count * bits + 7) / 8,
                         step, (uint8_t)harness_between(seed, 0, 4));
        }
    }
    free(lines[0]);
    free(lines[1]);
}

void png_build_signature(struct bytes *out)
{
    bytes_add(out, "\x89PNG\r\n\x1a\n", 8);
}

void png_build_chunk(struct bytes *out, const char *type, const void *data, size_t length)
{
    uint8_t word[4];
    put_u32(word, length);
    bytes_add(out, word, 4);
    size_t start = out->length;
    bytes_add(out, type, 4);
    bytes_add(out, data, length);
    put_u32(word, crc32(0, out->data + start, (uInt)(length + 4)));
    bytes_add(out, word, 4);
}

void png_build_ihdr(struct bytes *out, const struct png_head *head)
{
    uint8_t ihdr[13] = {0};
    put_u32(ihdr, (size_t)head->width);
    put_u32(ihdr + 4, (size_t)head->height);
    ihdr[8] = (uint8_t)head->bit_depth;
    ihdr[9] = (uint8_t)head->color_type;
    ihdr[12] = head->interlaced;
    png_build_chunk(out, "IHDR", ihdr, sizeof ihdr);
}

void png_build_zlib(const struct bytes *data, int level, int strategy, struct bytes *out)
{
    z_stream z = {0};
    deflateInit2(&z, level, Z_DEFLATED, MAX_WBITS, 8, strategy);
    /* zlib 1.2.11's own bound is too small for fixed codes, which have up to nine bits a byte */
    out->length = deflateBound(&z, data->length) + data->length / 8;
    out->data = malloc(out->length);
    out->capacity = out->length;
    z.next_in = data->data;
    z.avail_in = (uInt)data->length;
    z.next_out = out->data;
    z.avail_out = (uInt)out->length;
    if (!out->data || deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    out->length = z.total_out;
    deflateEnd(&z);
}

static void add_idats(struct bytes *out, const struct bytes *packed, size_t split)
{
    for (size_t at = 0; at < packed->length; at += split) {
        split = split == 0 || split > packed->length - at ? packed->length - at : split;
        png_build_chunk(out, "IDAT", packed->data + at, split);
    }
}

void png_build_idat(struct bytes *out, const struct bytes *data, size_t split)
{
    struct bytes packed;
    png_build_zlib(data, 6, Z_DEFAULT_STRATEGY, &packed);
    add_idats(out, &packed, split);
    bytes_done(&packed);
}

static void add_transparency(const struct png_build *p, struct bytes *out)
{
    uint8_t trns[6];
    size_t channels = (size_t)stored_channels(&p->head);
    for (size_t c = 0; p->key && c < channels; c++) {
        trns[2 * c] = (uint8_t)(p->key_color[c] >> 8);
        trns[2 * c + 1] = (uint8_t)p->key_color[c];
    }
    if (p->key)
        png_build_chunk(out, "tRNS", trns, 2 * channels);
    if (p->alphas > 0)
        png_build_chunk(out, "tRNS", p->alpha, (size_t)p->alphas);
}

void png_build_file(const struct png_build *p, uint64_t *seed, const struct bytes *first,
                    const struct bytes *second, const struct bytes *third, struct bytes *out)
{
    struct bytes lines = {0}, packed;
    png_build_signature(out);
    png_build_ihdr(out, &p->head);
    if (first)
        bytes_add(out, first->data, first->length);
    if (p->colors > 0)
        png_build_chunk(out, "PLTE", p->palette, 3 * (size_t)p->colors);
    add_transparency(p, out);
    if (second)
        bytes_add(out, second->data, second->length);
    png_build_scanlines(p, seed, &lines);
    png_build_zlib(&lines, p->level, p->strategy, &packed);
    add_idats(out, &packed, p->idat_bytes);
    bytes_done(&packed);
    if (third)
        bytes_add(out, third->data, third->length);
    png_build_chunk(out, "IEND", NULL, 0);
    bytes_done(&lines);
}

void png_build_mend(struct bytes *file)
{
    for (size_t at = 8; at + 12 <= file->length;) {
        const uint8_t *p = file->data + at;
        size_t length = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (length > file->length - at - 12)
            return;
        put_u32(file->data + at + 8 + length, crc32(0, p + 4, (uInt)(length + 4)));
        at += length + 12;
    }
}
