/* upscale_size.c - see upscale.h: the size of an output. */
#include <math.h>

#include "engine/upscale.h"

enum { LARGEST_SIDE = 1 << 24 }; /* keeps sums of sides far below INT_MAX */

/* Rounds a side of `exact` pixels and checks it against the side `in` of the input. */
static enum err_code find_side(double exact, int in, const char *name, int *out, struct err *e)
{
    if (!(exact >= 0.5 && exact <= LARGEST_SIDE) || lround(exact) < in ||
        lround(exact) > (long)UPSCALE_MAX_FACTOR * in)
        return err_set(e, ERR_BAD_PARAMETER,
                       "a %s of %.0f pixels is not 1 to %d times the input's %d", name, exact,
                       UPSCALE_MAX_FACTOR, in);
    *out = (int)lround(exact);
    return ERR_OK;
}

enum err_code upscale_output_size(const struct upscale_size *want, struct pair in, struct pair *out,
                                  struct err *e)
{
    double scale_x = want->width ? (double)want->width / in.x : want->scale;
    double scale_y = want->height ? (double)want->height / in.y : want->scale;
    if (want->width && !want->height)
        scale_y = scale_x;
    if (want->height && !want->width)
        scale_x = scale_y;
    struct pair found = {0, 0};
    double width = want->width ? want->width : scale_x * in.x;
    double height = want->height ? want->height : scale_y * in.y;
    bool by_height = want->height && !want->width; /* the error names the side that was asked for */
    enum err_code rc = by_height ? ERR_OK : find_side(width, in.x, "width", &found.x, e);
    if (rc == ERR_OK)
        rc = find_side(height, in.y, "height", &found.y, e);
    if (rc == ERR_OK && by_height)
        rc = find_side(width, in.x, "width", &found.x, e);
    if (rc == ERR_OK)
        *out = found;
    return rc;
}
