/* gray.c - see gray.h. */
#include "engine/tiles/gray.h"

#include <string.h>

enum { STEP_PIXELS = 1 << 18 }; /* the serial work of one piece; then other requests can run */

struct gray_look {
    const struct image *img;
    int rows; /* rows that were examined so far */
    bool gray;
};

static bool is_gray(const struct image *img, int y)
{
    size_t bytes = (size_t)img->format.depth / 8, step = bytes * (size_t)img->format.channels;
    const uint8_t *p = img->pixels + (size_t)y * img->row_bytes;
    for (int x = 0; x < img->format.width; x++, p += step)
        if (memcmp(p, p + bytes, 2 * bytes) != 0)
            return false;
    return true;
}

static void look_piece(void *arg, int i, void *scratch)
{
    struct gray_look *l = arg;
    int height = l->img->format.height, rows = STEP_PIXELS / l->img->format.width + 1;
    (void)i;
    (void)scratch;
    for (; rows > 0 && l->gray && l->rows < height; rows--, l->rows++)
        l->gray = is_gray(l->img, l->rows);
}

enum err_code gray_look(struct pool *pool, const struct image *img, const atomic_bool *cancel,
                        bool *gray, struct err *e)
{
    struct gray_look l = {img, 0, true};
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && l.gray && l.rows < img->format.height)
        rc = pool_run(pool, 1, &(struct pool_pieces){look_piece, &l, cancel}, e);
    *gray = l.gray;
    return rc;
}
