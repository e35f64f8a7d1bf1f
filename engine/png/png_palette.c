/* png_palette.c - see png_palette.h. */
#include "engine/png/png_palette.h"

#include <string.h>

void png_palette_read(struct png_palette *p, const uint8_t *bytes, const struct png_walk *walk)
{
    const uint8_t *colors = bytes + walk->plte.offset + 8;
    const uint8_t *alphas = bytes + walk->trns.offset + 8;
    int alpha_count = walk->trns.length ? (int)(walk->trns.length - PNG_CHUNK_FRAME) : 0;
    p->count = (int)(walk->plte.length - PNG_CHUNK_FRAME) / 3;
    p->channels = alpha_count > 0 ? 4 : 3;
    for (int i = 0; i < 256; i++) {
        memset(p->colors[i], 0, 3);
        if (i < p->count)
            memcpy(p->colors[i], colors + (size_t)3 * (size_t)i, 3);
        p->colors[i][3] = i < alpha_count ? alphas[i] : 255;
    }
}

static int greatest(const uint8_t *indices, size_t count)
{
    uint8_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = indices[i] > most ? indices[i] : most;
    return most;
}

bool png_palette_row(const struct png_palette *p, const uint8_t *from, size_t count, uint8_t *to)
{
    bool all = p->count == 256 || greatest(from, count) < p->count;
    if (p->channels == 3) /* backwards: a pixel covers only indices that have been read */
        for (size_t i = count; i-- > 0;)
            memcpy(to + 3 * i, p->colors[from[i]], 3);
    else
        for (size_t i = count; i-- > 0;)
            memcpy(to + 4 * i, p->colors[from[i]], 4);
    return all;
}
