/* png_strip_work.c - see png_strip_work.h. */
#include "engine/png/png_strip_work.h"

const uint8_t *png_strip_work_row(const struct png_strip_work *w, int y)
{
    const struct png_strip_job *job = w->job;
    const uint8_t *row = y < 0 ? job->above : job->pixels + (size_t)y * job->row_bytes;
    if (!row)
        return w->zeros;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (job->format.depth == 16) {
        uint8_t *out = w->swapped + (size_t)(y & 1) * w->count;
        for (size_t i = 0; i + 1 < w->count; i += 2) {
            out[i] = row[i + 1];
            out[i + 1] = row[i];
        }
        return out;
    }
#endif
    return row;
}

struct png_pack png_strip_work_pack(const struct png_strip_work *w, struct png_way way)
{
    return (struct png_pack){
        .kernels = w->kernels,
        .room = w->room,
        .zlib = w->zlib,
        .method = way.method,
        .compression = w->job->compression,
        .filtered = way.filter != FILTER_NONE,
        .pixel = w->step,
        .row = w->count + 1,
    };
}
