/* stream_args.c - see stream_args.h. */
#include "engine/nn/stream_args.h"

struct span stream_out_columns(const struct stream_area *a, const struct stream_step *t)
{
    return stream_area_within(a, t, AXIS_X, a->x[t->out]);
}

struct span stream_columns(const struct stream_area *a, const struct stream_step *t)
{
    return stream_step_phases(t, AXIS_X, stream_out_columns(a, t));
}

void stream_point_in(const struct stream_area *a, const struct stream_step *t, int y, int x,
                     struct stream_pointers how)
{
    for (int ky = 0; ky < how.rows; ky++) {
        const float **to = a->in + (size_t)ky * (size_t)how.next_row;
        for (int n = 0; n < t->in_count; n++) {
            const struct stream_part *p = &t->in[n];
            int blocks = stream_blocks(stream_tensor_of(a, p->tensor));
            for (int b = 0; b < blocks; b++, to += how.next_block)
                *to = stream_row(a, p->tensor, b, y + t->first.y + ky + p->shift.y,
                                 x + t->first.x + p->shift.x);
        }
    }
}

const float *stream_added(const struct stream_area *a, const struct stream_step *t, int block,
                          int y, int x)
{
    if (t->add.tensor < 0)
        return NULL;
    return stream_row(a, t->add.tensor, block, y + t->add.shift.y, x + t->add.shift.x);
}

struct kernel_store stream_store_of(const struct stream_step *t, const float *slope)
{
    return (struct kernel_store){slope, t->lo, t->hi, t->add_first};
}
