/* png_idat.c - see png_idat.h. */
#include "engine/png/png_idat.h"

void png_idat_init(struct png_idat *d, const uint8_t *bytes, const struct png_walk *walk)
{
    *d = (struct png_idat){bytes, walk->idat};
}

bool png_idat_next(void *arg, const uint8_t **bytes, size_t *length)
{
    struct png_idat *d = arg;
    struct png_place c = {0};
    while (d->left.length > 0 && c.length == 0) {
        size_t next = png_frame_next(d->bytes, d->left.offset, &c);
        d->left.length -= next - d->left.offset;
        d->left.offset = next;
    }
    *bytes = c.data;
    *length = c.length;
    return c.length > 0;
}
