/* stream_choose.c - chooses the kernel and the layout of each convolution, and the tiles of a model.
 * See stream_builder.h. */
#include "engine/nn/stream_builder.h"

enum { FEW = 4, MANY = 4 * KERNEL_LANES, MOST_INTERLEAVED = 2 };
enum { TALL_LEAST_TAPS = 2, TALL_LEAST_CHANNELS = 8 };

int stream_choose_tile(const struct model *m)
{
    double wide = 0;
    for (int i = 0; i < m->layer_count; i++) {
        const struct layer *l = &m->layers[i];
        if (l->kind == LAYER_CONV2D && l->conv.kernel_size.y == 3 && l->conv.kernel_size.x == 3 &&
            l->conv.in_channels > KERNEL_LANES && l->channels > KERNEL_LANES)
            wide += l->macs;
    }
    return wide > m->geometry.macs_per_pixel / 2 ? KERNEL_WINOGRAD_MOST : KERNEL_WINOGRAD_LEAST;
}

/* Whether tiles of four rows are faster: they need 8 products for each column of taps instead of
 * 20, but their transforms cost as much as about 10 products of each channel, and some more. */
static bool is_tall(const struct stream_builder *b, const struct lowered *l)
{
    return b->s->tile == KERNEL_TALL_ROWS && l->taps.y == KERNEL_TALL_TAPS &&
           l->taps.x >= TALL_LEAST_TAPS && l->taps.x <= KERNEL_TALL_MOST_TAPS &&
           l->in_channels >= TALL_LEAST_CHANNELS;
}

static bool is_three(const struct lowered *l)
{
    return l->taps.y == 3 && l->taps.x == 3;
}

/* Winograd's kernel takes even a few outputs of many channels: its transforms cost less than the
 * products that they save, and the input need not become planes. */
enum stream_op stream_choose(const struct stream_builder *b, const struct lowered *l, bool blocked)
{
    bool square = blocked && is_three(l) && l->phases == 1;
    if (square && l->in_channels >= MANY)
        return STREAM_WINOGRAD;
    if (l->out_channels <= FEW && l->phases <= MOST_INTERLEAVED)
        return is_tall(b, l) ? STREAM_TALL : STREAM_PLANES;
    return square && l->in_channels >= 8 ? STREAM_WINOGRAD : STREAM_CONV;
}

/* Phases of a few outputs go together into blocks. The kernel of planes interleaves up to four
 * phases. More phases are always folded: each of them alone would fill a few lanes of a block. Four
 * phases are folded if there are many channels to read, and the phases fill most of one block or
 * are a matter for Winograd's kernel: the input need not become planes, which would leave the L1. */
bool stream_folds(const struct stream_builder *b, const struct lowered *l, bool blocked)
{
    if (l->phases > MOST_INTERLEAVED)
        return l->out_channels <= FEW;
    int lanes = l->phases * l->phases * l->out_channels;
    if (is_tall(b, l)) /* which needs fewer products, and shares a transform between phases */
        return false;
    return blocked && l->phases > 1 && l->in_channels >= MANY && lanes <= KERNEL_LANES &&
           (is_three(l) || lanes > KERNEL_LANES / 2);
}
