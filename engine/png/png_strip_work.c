/* png_strip_work.c - see png_strip_work.h. */
#include "engine/png/png_strip_work.h"

#include "engine/png/png_each.h"

const uint8_t *png_strip_work_raw(const struct png_strip_work *w, int y)
{
    const struct png_strip_job *job = w->job;
    if (y < 0 && !job->above)
        return w->zeros;
    return y < 0 ? job->above - (size_t)(-1 - y) * job->row_bytes
                 : job->pixels + (size_t)y * job->row_bytes;
}

const uint8_t *png_strip_work_part(const struct png_strip_work *w, int y, size_t from, size_t count)
{
    const uint8_t *part = png_strip_work_raw(w, y) + from;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (w->job->format.depth == 16) {
        uint8_t *out = w->swapped + (size_t)(y & 1) * w->count;
        for (size_t i = 0; i + 1 < count; i += 2) {
            out[i] = part[i + 1];
            out[i + 1] = part[i];
        }
        return out;
    }
#endif
    return part;
}

const uint8_t *png_strip_work_row(const struct png_strip_work *w, int y)
{
    return png_strip_work_part(w, y, 0, w->count);
}

size_t png_strip_work_filter(const struct png_strip_work *w, enum png_filter filter, int from,
                             int to, uint8_t *out)
{
    uint8_t *at = out;
    const uint8_t *above = from < to ? png_strip_work_row(w, from - 1) : NULL;
    for (int y = from; y < to; y++, at += w->count + 1) {
        const uint8_t *row = png_strip_work_row(w, y);
        if (filter >= FILTER_EACH)
            png_each_filter(w, filter, row, above, at);
        else
            w->kernels->filter(filter, &(struct png_filter_row){row, above, w->count, w->step}, at);
        above = row;
    }
    return (size_t)(at - out);
}

struct png_pack png_strip_work_pack(const struct png_strip_work *w, struct png_way way)
{
    return (struct png_pack){
        .kernels = w->kernels,
        .room = w->room,
        .zlib = w->zlib,
        .method = way.method,
        .compression = w->job->compression,
        .literal_bits = way.literal_bits,
        .filtered = way.filter != FILTER_NONE,
        .pixel = w->step,
        .row = w->count + 1,
    };
}
