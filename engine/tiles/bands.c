/* bands.c - see bands.h. */
#include "engine/tiles/bands.h"

enum {
    PIECES_PER_THREAD = 4, /* in a band, so that several threads end it at about the same time */
    PIECE_LEAST = 256,     /* output pixels; smaller pieces consist mostly of halo */
    PIECE_MULTIPLE = 16,
};

static int pieces(int side, int piece)
{
    return (side + piece - 1) / piece;
}

/* Returns the size of a piece of which `count` make a side, rounded up to a multiple if that is not
 * too large. */
static int even_piece(int side, int count, int most, int multiple)
{
    int piece = pieces(pieces(side, count), multiple) * multiple;
    return piece <= most ? piece : most < multiple ? most : most / multiple * multiple;
}

/* Chooses pieces that are as large as allowed, but enough of them for all threads. */
static struct pair choose_tile(const struct bands_wish *w, int wanted)
{
    int across = pieces(w->out.x, w->most.x), down = pieces(w->out.y, w->most.y);
    while (across * down < wanted &&
           (w->out.x / across > PIECE_LEAST || w->out.y / down > PIECE_LEAST)) {
        if (w->out.x / across > w->out.y / down)
            across++;
        else
            down++;
    }
    int rows = pieces(wanted, across); /* rows of pieces in a band */
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
        b.rows = pieces(b.tile.y * down, multiple) * multiple;
    }
    if (b.rows > w->out.y)
        b.rows = w->out.y;
    return b;
}

int bands_tiles(const struct bands *b, int width, int rows)
{
    return pieces(width, b->tile.x) * pieces(rows, b->tile.y);
}
