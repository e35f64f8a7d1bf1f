/* png_warned.c - see png_warned.h. */
#include "tests/lib/png_warned.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/png_libpng.h"

enum err_code warned_decode(const struct bytes *file, struct image **img, struct png_warnings *w,
                            struct err *e)
{
    struct png_reader *r = NULL;
    bool done = false;
    enum err_code rc = png_reader_new(file->data, file->length, &png_default_limits, &r, e);
    if (rc == ERR_OK)
        rc = image_new(png_reader_format(r), img, e);
    while (rc == ERR_OK && !done)
        rc = png_reader_step(r, *img, 10, &done, e);
    if (rc == ERR_OK)
        *w = png_reader_meta(r)->warnings[METADATA_KEEP];
    png_reader_free(r);
    return rc;
}

int warned_kind(const struct bytes *file, const struct bytes *same, struct png_warnings *w)
{
    struct err e = ERR_INIT;
    struct image *img = NULL;
    struct image_format f;
    int found = PNG_WARNINGS;
    if (warned_decode(file, &img, w, &e) == ERR_OK) {
        uint8_t *pixels = png_libpng_decode(same->data, same->length, &f);
        if (!pixels || memcmp(&f, &img->format, sizeof f) != 0 ||
            memcmp(pixels, img->pixels, image_bytes(&f)) != 0)
            found = -1;
        free(pixels);
    } else {
        found = -1;
    }
    for (int kind = 0; found >= 0 && kind < PNG_WARNINGS; kind++)
        if (png_warned(w, (enum png_warning)kind))
            found = found == PNG_WARNINGS ? kind : -1;
    image_free(img);
    return found;
}
