/* png_idat.c - see png_idat.h. */
#include "engine/png/png_idat.h"

void png_idat_init(struct png_idat *d, const uint8_t *bytes, const struct png_walk *walk)
{
    *d = (struct png_idat){bytes, walk->idat, walk->cut};
}

bool png_idat_next(void *arg, const uint8_t **bytes, size_t *length)
{
    struct png_idat *d = arg;
    struct png_place c = {0};
    while (d->whole.length > 0 && c.length == 0) {
        size_t next = png_frame_next(d->bytes, d->whole.offset, &c);
        d->whole.length -= next - d->whole.offset;
        d->whole.offset = next;
    }
    if (c.length == 0) {
        c.data = d->bytes + d->cut.offset;
        c.length = (uint32_t)d->cut.length;
        d->cut.length = 0;
    }
    *bytes = c.data;
    *length = c.length;
    return c.length > 0;
}
