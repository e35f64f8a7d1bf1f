/* alpha.c - see alpha.h. */
#include "engine/tiles/alpha.h"

#include "engine/image/bleed.h"

enum { STEP_PIXELS = 1 << 18 }; /* the serial work of one piece; then other requests can run */

struct look {
    struct image *img;
    enum bleed_alpha alpha; /* alpha of the rows that were examined so far */
    int rows;               /* number of these rows */
    struct bleed *bleed;
    bool bled;
};

static void look_piece(void *arg, int i, void *scratch)
{
    struct look *l = arg;
    int height = l->img->format.height, rows = STEP_PIXELS / l->img->format.width + 1;
    int to = height - l->rows < rows ? height : l->rows + rows;
    enum bleed_alpha found = bleed_look(l->img, l->rows, to);
    (void)i;
    (void)scratch;
    l->alpha = found > l->alpha ? found : l->alpha;
    l->rows = to;
}

static void bleed_piece(void *arg, int i, void *scratch)
{
    struct look *l = arg;
    (void)i;
    (void)scratch;
    l->bled = bleed_step(l->bleed, STEP_PIXELS);
}

enum err_code alpha_prepare(struct pool *pool, struct image *img, const atomic_bool *cancel,
                            struct alpha_call *call, struct err *e)
{
    struct look l = {.img = img};
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && l.rows < img->format.height && l.alpha != ALPHA_HOLES)
        rc = pool_run(pool, 1, &(struct pool_pieces){look_piece, &l, cancel}, e);
    if (rc == ERR_OK && l.alpha == ALPHA_HOLES && !call->keep_colors)
        rc = bleed_new(img, &l.bleed, e);
    while (rc == ERR_OK && l.bleed && !l.bled)
        rc = pool_run(pool, 1, &(struct pool_pieces){bleed_piece, &l, cancel}, e);
    bleed_free(l.bleed);
    call->used = l.alpha != ALPHA_OPAQUE;
    return rc;
}
