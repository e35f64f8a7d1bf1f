/* transcode_memory.c - see transcode_memory.h. */
#include "engine/transcode_memory.h"

#include "engine/base/mem.h"
#include "engine/png/png_keep.h"
#include "engine/png/png_reader.h"
#include "engine/png/png_strip.h"
#include "engine/png/png_walk.h"
#include "engine/png/png_writer.h"

enum {
    SMALL = 1 << 16, /* bytes for structs, rows, and the rounding of the C library */
};

enum err_code transcode_target(const struct transcode_params *params, const struct image_format *in,
                               struct upscale_params *up, struct image_format *out, struct err *e)
{
    *up = (struct upscale_params){
        .depth = params->depth ? params->depth : in->depth,
        .max_whole_bytes = params->max_whole_bytes,
        .separate_alpha = params->separate_alpha,
        .restores = params->restores,
    };
    struct pair sides;
    enum err_code rc =
        upscale_output_size(&params->size, (struct pair){in->height, in->width}, &sides, e);
    if (rc != ERR_OK)
        return rc;
    if (!chain_choose(&params->set, (struct pair){in->height, in->width}, sides, &up->chain))
        return err_set(
            e, ERR_BAD_PARAMETER,
            "model %s does not make %dx%d pixels of %dx%d; no file of it enlarges as much",
            plan_model(params->set.plans[0])->name, sides.x, sides.y, in->width, in->height);
    up->border =
        params->border < 0 ? chain_model(&up->chain)->border : (enum model_border)params->border;
    up->width = sides.x;
    up->height = sides.y;
    uint64_t pixels = (uint64_t)up->width * (uint64_t)up->height;
    if (pixels > params->max_output_pixels)
        return err_set_limit(e, ERR_OUTPUT_TOO_LARGE, "max-output-pixels",
                             params->max_output_pixels,
                             "the output would be %d x %d pixels; the limit is %llu "
                             "(--max-output-pixels)",
                             up->width, up->height, (unsigned long long)params->max_output_pixels);
    *out = (struct image_format){up->width, up->height, in->channels, up->depth};
    up->band_multiple = png_strip_rows(out);
    return ERR_OK;
}

/* Returns the memory for the encoded strips of a band that are not in the file yet. */
static size_t strips_bytes(struct pool *pool, const struct image_format *out, int rows)
{
    return png_writer_bound(out, rows) + (size_t)pool_threads(pool) * MEM_SLACK;
}

enum err_code transcode_memory(struct pool *pool, const struct transcode_params *params,
                               const struct png_prefix *file, struct transcode_memory *out,
                               struct err *e)
{
    struct png_head head;
    struct png_glance glance;
    struct transcode_memory m = {0};
    struct upscale_params up;
    struct upscale_need need;
    enum err_code rc = png_head_read(file->bytes, file->length, &params->limits, &head, e);
    if (rc != ERR_OK)
        return rc;
    png_walk_glance(file, &head, &params->limits, &glance);
    m.in = (struct image_format){head.width, head.height, glance.channels,
                                 head.bit_depth == 16 ? 16 : 8};
    rc = transcode_target(params, &m.in, &up, &m.out, e);
    if (rc == ERR_OK)
        rc = png_strip_scratch_bytes(&m.out, params->compression, &m.scratch, e);
    if (rc == ERR_OK)
        rc = upscale_memory(pool, &up, &m.in, &need, e);
    if (rc == ERR_OK)
        rc = upscale_work(pool, &up, &m.in, &m.work.network, e);
    if (rc != ERR_OK)
        return rc;
    m.chain = up.chain;
    m.work.in_bytes = (double)image_bytes(&m.in);
    m.work.out_bytes = (double)image_bytes(&m.out);
    /* Once the file is complete, the sizes of the chunks that hold no pixels are known. */
    m.work.packed_bytes =
        (double)(file->length < file->file_bytes || glance.chunk_bytes > file->file_bytes
                     ? file->file_bytes
                     : file->file_bytes - glance.chunk_bytes);
    m.work.interlaced = head.interlaced;
    m.work.resized = m.in.width != m.out.width || m.in.height != m.out.height || up.restores;
    size_t picture = image_bytes(&m.in) + SMALL;
    size_t list = glance.chunks * sizeof(struct png_chunk) + MEM_SLACK;
    m.answer = png_writer_bound(&m.out, m.out.height) + glance.chunk_bytes +
               glance.chunks * PNG_KEEP_FRAME;
    if (m.answer > params->max_output_bytes)
        m.answer = params->max_output_bytes;
    m.decoding = picture + png_reader_bytes(&head) + 2 * list + glance.chunk_bytes;
    m.enlarging = picture + list + glance.chunk_bytes + m.answer + need.bytes +
                  strips_bytes(pool, &m.out, need.rows) +
                  image_row_bytes(&m.out) * (size_t)png_strip_above(&m.out);
    m.peak =
        file->file_bytes + m.decoding > m.enlarging ? file->file_bytes + m.decoding : m.enlarging;
    *out = m;
    return ERR_OK;
}
