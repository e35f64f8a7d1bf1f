/* bands.c - see bands.h. */
#include "engine/tiles/bands.h"

#include <stdint.h>

enum {
    PIECES_PER_THREAD = 4, /* in a band, so that several threads end it at about the same time */
    PIECE_LEAST = 256,     /* output pixels; smaller pieces consist mostly of halo */
    PIECE_MULTIPLE = 16,
    ONE_BAND_MOST = 1 << 22, /* output pixels; a larger output has two bands or more */
};

static int pieces(int side, int piece)
{
    return (side + piece - 1) / piece;
}

static int lesser(int a, int b)
{
    return a < b ? a : b;
}

/* Returns the size of a piece of which `count` make a side, rounded up to a multiple if that is not
 * too large. */
static int even_piece(int side, int count, int most, int multiple)
{
    int piece = pieces(pieces(side, count), multiple) * multiple;
    return piece <= most ? piece : most < multiple ? most : most / multiple * multiple;
}

/* Many threads could have all of a large output in one band, which would be in memory as a whole
 * before the first row of it could be encoded. */
static int least_bands(const struct bands_wish *w)
{
    return (int64_t)w->out.x * w->out.y > ONE_BAND_MOST ? 2 : 1;
}

/* Chooses pieces that are as large as allowed, but enough of them that each band has `wanted`. */
static struct pair choose_tile(const struct bands_wish *w, int wanted)
{
    int all = wanted * least_bands(w);
    int across = pieces(w->out.x, w->most.x), down = pieces(w->out.y, w->most.y);
    if (down < least_bands(w))
        down = least_bands(w);
    while (across * down < all &&
           (w->out.x / across > PIECE_LEAST || w->out.y / down > PIECE_LEAST)) {
        if (w->out.x / across > w->out.y / down)
            across++;
        else
            down++;
    }
    int rows = lesser(pieces(wanted, across), pieces(down, least_bands(w))); /* in a band */
    if (down > rows)
        down = pieces(down, rows) * rows; /* so that the last band is as full as the others */
    return (struct pair){
        even_piece(w->out.y, down, w->most.y, w->multiple ? w->multiple : PIECE_MULTIPLE),
        even_piece(w->out.x, across, w->most.x, PIECE_MULTIPLE)};
}

struct bands bands_choose(const struct bands_wish *w)
{
    int wanted =
        w->threads > 1 ? PIECES_PER_THREAD * w->threads : 1; /* one thread waits for none */
    int multiple = w->multiple ? w->multiple : 1;
    struct bands b = {choose_tile(w, wanted), w->rows};
    if (w->tile.y > 0 && w->tile.y < w->most.y)
        b.tile.y = w->tile.y;
    if (w->tile.x > 0 && w->tile.x < w->most.x)
        b.tile.x = w->tile.x;
    if (b.rows == 0) {
        int down = pieces(wanted, pieces(w->out.x, b.tile.x));
        int most = pieces(pieces(w->out.y, b.tile.y), least_bands(w));
        b.rows = pieces(b.tile.y * lesser(down, most), multiple) * multiple;
    }
    b.rows = lesser(b.rows, w->out.y);
    return b;
}

int bands_tiles(const struct bands *b, int width, int rows)
{
    return pieces(width, b->tile.x) * pieces(rows, b->tile.y);
}
