/* bleed.c - see bleed.h. Two sweeps spread the colours of the pixels that show.
 *
 * Borgefors 1986, "Distance transformations in digital images": a step to a side costs 3, and a
 * step to a corner costs 4. The first sweep runs downwards and the second upwards; each looks at
 * the four neighbours that it has already visited. A byte of distance for each pixel is enough:
 * beyond FAR (84 pixels) no filter of ours reaches a visible pixel, and any visible colour will
 * do. */
#include "engine/image/bleed.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"

enum { FAR = 254, NOWHERE = 255, SIDE = 3, CORNER = 4 };

struct bleed {
    struct image *img;
    uint8_t *distance; /* [height + 2][width + 2], with a border of NOWHERE */
    int row;           /* rows that were swept, of 2 x height: the first sweep and the second */
};

enum bleed_alpha bleed_look(const struct image *img, int from, int to)
{
    const struct image_format *f = &img->format;
    if (!image_has_alpha(f))
        return ALPHA_OPAQUE;
    size_t bytes = (size_t)f->depth / 8, step = bytes * (size_t)f->channels;
    enum bleed_alpha found = ALPHA_OPAQUE;
    for (int y = from; y < to; y++) {
        const uint8_t *alpha = img->pixels + (size_t)y * img->row_bytes + step - bytes;
        for (int x = 0; x < f->width; x++, alpha += step) {
            uint8_t all = alpha[0] & alpha[bytes - 1], any = alpha[0] | alpha[bytes - 1];
            if (any == 0)
                return ALPHA_HOLES;
            if (all != 255)
                found = ALPHA_PARTIAL;
        }
    }
    return found;
}

enum err_code bleed_new(struct image *img, struct bleed **out, struct err *e)
{
    size_t cells;
    struct bleed *b = mem_alloc(1, sizeof *b);
    if (b)
        *b = (struct bleed){.img = img};
    if (b && size_mul((size_t)img->format.width + 2, (size_t)img->format.height + 2, &cells))
        b->distance = mem_alloc(cells, 1);
    if (!b || !b->distance) {
        bleed_free(b);
        return err_set(e, ERR_MEMORY, "out of memory to spread the colours of %d x %d pixels",
                       img->format.width, img->format.height);
    }
    memset(b->distance, NOWHERE, cells);
    *out = b;
    return ERR_OK;
}

size_t bleed_bytes(const struct image_format *f)
{
    return ((size_t)f->width + 2) * ((size_t)f->height + 2) + sizeof(struct bleed) + 2 * MEM_SLACK;
}

void bleed_free(struct bleed *b)
{
    if (!b)
        return;
    mem_free(b->distance);
    mem_free(b);
}

/* A neighbour: where its distance and its pixel lie, and what the step from it costs. */
struct step {
    ptrdiff_t cell, byte;
    int cost;
};

/* Copies the colour of the nearest neighbour if the way through it is shorter than *cell. */
static inline void take(uint8_t *pixel, uint8_t *cell, const struct step *steps, size_t color)
{
    int best = *cell;
    const struct step *from = NULL;
    for (int i = 0; i < 4; i++) {
        int d = cell[steps[i].cell];
        if (d == NOWHERE)
            continue;
        d = d + steps[i].cost < FAR ? d + steps[i].cost : FAR;
        if (d < best) {
            best = d;
            from = &steps[i];
        }
    }
    if (!from)
        return;
    *cell = (uint8_t)best;
    memcpy(pixel, pixel + from->byte, color);
}

/* Sweeps one row: `way` is 1 downwards and to the right, -1 upwards and to the left. */
static void sweep(struct bleed *b, int y, int way)
{
    const struct image_format *f = &b->img->format;
    size_t bytes = (size_t)f->depth / 8, pixel = bytes * (size_t)f->channels;
    ptrdiff_t line = f->width + 2, row = (ptrdiff_t)b->img->row_bytes, px = (ptrdiff_t)pixel;
    const struct step steps[4] = {
        {-way, -way * px, SIDE},
        {-way * line, -way * row, SIDE},
        {-way * (line + 1), -way * (row + px), CORNER},
        {-way * (line - 1), -way * (row - px), CORNER},
    };
    int x = way > 0 ? 0 : f->width - 1;
    uint8_t *p = b->img->pixels + (size_t)y * b->img->row_bytes + (size_t)x * pixel;
    uint8_t *cell = b->distance + (ptrdiff_t)(y + 1) * line + 1 + x;
    for (int n = 0; n < f->width; n++, p += way * px, cell += way) {
        const uint8_t *alpha = p + pixel - bytes;
        if (alpha[0] | alpha[bytes - 1])
            *cell = 0;
        else
            take(p, cell, steps, pixel - bytes);
    }
}

bool bleed_step(struct bleed *b, size_t pixels)
{
    int height = b->img->format.height;
    size_t rows = pixels / (size_t)b->img->format.width;
    for (size_t n = 0; (n == 0 || n < rows) && b->row < 2 * height; n++, b->row++)
        sweep(b, b->row < height ? b->row : 2 * height - 1 - b->row, b->row < height ? 1 : -1);
    return b->row >= 2 * height;
}
