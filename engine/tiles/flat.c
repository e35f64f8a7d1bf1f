/* flat.c - see flat.h. */
#include "engine/tiles/flat.h"

#include <string.h>

#include "engine/tiles/border.h"

enum {
    BLOCK = 256,         /* output pixels at a time; they cover at most as many input pixels */
    COLUMNS = BLOCK + 4, /* with their neighbours */
};

/* A bit for each kind of value that occurs: 0, the maximum, or a value between. */
enum { ZERO = 1, FULL = 2, BETWEEN = 4 };

static int position(int i, int in, int out)
{
    return (int)((2 * (int64_t)i + 1) * in / (2 * (int64_t)out));
}

/* Returns the kinds that occur in column x of rows y - 1 to y + 1. */
static unsigned column(const struct tile_job *job, int x, int y)
{
    const struct image *img = job->img;
    size_t bytes = (size_t)img->format.depth / 8, step = bytes * (size_t)img->format.channels;
    int at = border_map(job->border, x, img->format.width);
    unsigned found = 0;
    for (int k = -1; k <= 1; k++) {
        int from = border_map(job->border, y + k, img->format.height);
        if (at == BORDER_NOTHING || from == BORDER_NOTHING) {
            found |= ZERO;
            continue;
        }
        const uint8_t *alpha =
            img->pixels + (size_t)from * img->row_bytes + ((size_t)at + 1) * step - bytes;
        uint8_t all = alpha[0] & alpha[bytes - 1], any = alpha[0] | alpha[bytes - 1];
        found |= any == 0 ? ZERO : all == 255 ? FULL : BETWEEN;
    }
    return found;
}

void flat_alpha(const struct tile_job *job, struct resample_area area, uint8_t *row)
{
    const struct image_format *in = &job->img->format, *out = &job->out;
    size_t bytes = (size_t)out->depth / 8, step = bytes * (size_t)out->channels;
    int y = position(area.y, in->height, out->height);
    uint8_t *alpha = row + step - bytes, found[COLUMNS];
    for (int begin = area.x, end; begin < area.x + area.width; begin = end) {
        end = area.x + area.width - begin < BLOCK ? area.x + area.width : begin + BLOCK;
        int first = position(begin, in->width, out->width) - 1;
        int last = position(end - 1, in->width, out->width) + 1;
        for (int x = first; x <= last; x++)
            found[x - first] = (uint8_t)column(job, x, y);
        for (int x = begin; x < end; x++, alpha += step) {
            const uint8_t *f = found + (position(x, in->width, out->width) - 1 - first);
            unsigned all = f[0] | f[1] | f[2];
            if (all == ZERO || all == FULL)
                memset(alpha, all == FULL ? 255 : 0, bytes);
        }
    }
}
