/* image.c - see image.h. */
#include "engine/image/image.h"

#include "engine/base/mem.h"
#include "engine/base/size.h"

size_t image_row_bytes(const struct image_format *f)
{
    return (size_t)f->width * (size_t)f->channels * (size_t)(f->depth / 8);
}

size_t image_bytes(const struct image_format *f)
{
    return image_row_bytes(f) * (size_t)f->height;
}

enum err_code image_new(const struct image_format *f, struct image **out, struct err *e)
{
    size_t row_bytes;
    struct image *img = mem_alloc(1, sizeof *img);
    if (img)
        *img = (struct image){.format = *f};
    if (img && size_mul3((size_t)f->width, (size_t)f->channels, (size_t)f->depth / 8, &row_bytes)) {
        img->row_bytes = row_bytes;
        img->pixels = mem_alloc((size_t)f->height, row_bytes);
    }
    if (!img || !img->pixels) {
        image_free(img);
        return err_set(e, ERR_MEMORY, "out of memory for a picture of %d x %d pixels", f->width,
                       f->height);
    }
    *out = img;
    return ERR_OK;
}

void image_free(struct image *img)
{
    if (!img)
        return;
    mem_free(img->pixels);
    mem_free(img);
}
