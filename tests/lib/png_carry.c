/* png_carry.c - see png_carry.h. */
#include "tests/lib/png_carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/png/png_frame.h"
#include "engine/png/png_writer.h"
#include "tests/lib/harness.h"
#include "tests/lib/write_png.h"

void carry_file(const struct carry_input *in, struct bytes *file)
{
    uint64_t seed = 70;
    struct png_build p;
    struct png_head h = {3, 2, in->bit_depth, in->color_type, false};
    png_build_random(&p, h, in->transparent, &seed);
    for (int i = 0; i < 12; i++)
        p.palette[i] = (uint8_t)(i + 1);
    if (p.colors > 0 && p.colors < 4)
        p.colors = 4;
    png_build_file(&p, &seed, in->first, in->second, in->third, file);
    png_build_done(&p);
}

enum err_code carry(const struct bytes *file, struct carry_options o, struct carry_output *out,
                    struct err *e)
{
    struct png_reader *r = NULL;
    struct png_meta meta;
    struct image *img = NULL;
    png_meta_init(&meta);
    enum err_code rc = png_reader_new(file->data, file->length, &png_default_limits, &r, e);
    if (rc == ERR_OK)
        rc = png_meta_copy(&meta, png_reader_meta(r), e);
    struct png_writer_params params = {.compression = 6, .metadata = o.metadata, .meta = &meta};
    if (rc == ERR_OK) {
        params.source = params.format = *png_reader_format(r);
        params.format.depth = o.depth ? o.depth : params.source.depth;
        params.format.width *= o.factor;
        params.format.height *= o.factor;
        out->animated = png_warned(&meta.warnings[o.metadata], PNG_WARN_ANIMATION);
        rc = image_new(&params.format, &img, e);
    }
    png_reader_free(r); /* the copy must have all that it needs */
    if (rc == ERR_OK) {
        memset(img->pixels, 0, image_bytes(&img->format));
        rc = write_png(&params, img, &out->file, e);
    }
    image_free(img);
    png_meta_done(&meta);
    return rc;
}

const uint8_t *carry_content(const struct buf *file, const char *type, uint32_t *length)
{
    for (size_t at = 8; at < file->length; at += 12 + *length) {
        *length = png_frame_u32(file->data + at);
        if (memcmp(file->data + at + 4, type, 4) == 0)
            return file->data + at + 8;
    }
    return NULL;
}

/* Chunks of the specification's third edition (2025) are left out, because pngcheck 3.0.3 (2021)
 * takes them for illegal. */
void carry_check(const struct buf *file)
{
    if (!harness_has_pngcheck())
        return; /* the program says so */
    char path[] = "png_carry.XXXXXX", command[100];
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && write(fd, file->data, 8) == 8);
    for (size_t at = 8, n; at < file->length; at += n) {
        n = 12 + png_frame_u32(file->data + at);
        char type[5] = "";
        memcpy(type, file->data + at + 4, 4);
        if (!strstr("cICP mDCV cLLI", type))
            ck_assert(write(fd, file->data + at, n) == (ssize_t)n);
    }
    close(fd);
    snprintf(command, sizeof command, "pngcheck -q %s", path);
    int status = system(command);
    unlink(path);
    ck_assert_int_eq(status, 0);
}
