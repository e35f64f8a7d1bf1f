/* bench_png.c - `upscaled bench --png`: measures our PNG codec against libpng on files.
 *
 * Our codec runs on all threads, as it does for a request; libpng runs on one. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/decode.h"
#include "engine/encode.h"
#include "engine/png/png_reference.h"
#include "server/base/file.h"
#include "server/base/json_text.h"
#include "server/commands/bench.h"
#include "server/commands/commands.h"
#include "server/host/cpus.h"
#include "server/work/api.h"

/* The stages, in the order in which they are measured. */
enum stage { DECODE, LIBPNG_DECODE, ENCODE, LIBPNG_1, LIBPNG_6, STAGES };

/* A file, its picture, and the file that is made of it. */
struct picture {
    const char *path;
    struct png_limits limits;
    int compression;
    struct buf file;
    struct image *img;
    size_t bytes[STAGES]; /* of the file that the stage made */
};

static enum err_code decode(struct bench *b, void *arg, struct err *e)
{
    struct picture *p = arg;
    struct decode_job job = {
        .pool = b->pool, .bytes = p->file.data, .length = p->file.length, .limits = p->limits};
    image_free(p->img);
    p->img = NULL;
    return decode_run(&job, &p->img, NULL, e);
}

static enum err_code libpng_decode(struct bench *b, void *arg, struct err *e)
{
    const struct picture *p = arg;
    (void)b;
    return png_reference_decode(p->file.data, p->file.length, e);
}

static enum err_code encode(struct bench *b, void *arg, struct err *e)
{
    struct picture *p = arg;
    const struct image *img = p->img;
    struct buf out;
    buf_init(&out, png_writer_bound(&img->format, img->format.height));
    struct encode_job job = {.pool = b->pool,
                             .params = {.format = img->format, .compression = p->compression},
                             .out = &out};
    struct encode *encoder = NULL;
    enum err_code rc = encode_new(&job, &encoder, e);
    if (rc == ERR_OK)
        rc = encode_rows(encoder, img->pixels, img->row_bytes, img->format.height, e);
    if (rc == ERR_OK)
        rc = encode_finish(encoder, e);
    encode_free(encoder);
    p->bytes[ENCODE] = out.length;
    buf_done(&out);
    return rc;
}

static enum err_code libpng_1(struct bench *b, void *arg, struct err *e)
{
    struct picture *p = arg;
    (void)b;
    return png_reference_encode(p->img, 1, &p->bytes[LIBPNG_1], e);
}

static enum err_code libpng_6(struct bench *b, void *arg, struct err *e)
{
    struct picture *p = arg;
    (void)b;
    return png_reference_encode(p->img, 6, &p->bytes[LIBPNG_6], e);
}

static const struct {
    const char *name;
    bench_work *work;
} stages[STAGES] = {
    [DECODE] = {"decode", decode},       [LIBPNG_DECODE] = {"libpng_decode", libpng_decode},
    [ENCODE] = {"encode", encode},       [LIBPNG_1] = {"libpng_1", libpng_1},
    [LIBPNG_6] = {"libpng_6", libpng_6},
};

static enum err_code measure(struct bench *b, struct picture *p, struct err *e)
{
    enum err_code rc = file_read(p->path, &file_picture, &p->file, e);
    b->stage_count = 0;
    for (int i = 0; i < STAGES && rc == ERR_OK; i++)
        rc = bench_stage(b, stages[i].name, stages[i].work, p, e);
    return rc;
}

static double ratio(const struct picture *p, enum stage i)
{
    return (double)p->bytes[i] / (double)p->bytes[LIBPNG_6];
}

static void print(const struct bench *b, const struct picture *p)
{
    const struct image_format *f = &p->img->format;
    const struct bench_stage *s = b->stages;
    printf("%s: %dx%d, %d x %d bits\n", p->path, f->width, f->height, f->channels, f->depth);
    printf("  decode    %8.1f ms          libpng %8.1f ms\n", s[DECODE].ms, s[LIBPNG_DECODE].ms);
    printf("  encode %d  %8.1f ms  x %.3f  libpng 1 %6.1f ms  x %.3f  libpng 6 %6.1f ms  x 1, "
           "%zu bytes\n",
           p->compression, s[ENCODE].ms, ratio(p, ENCODE), s[LIBPNG_1].ms, ratio(p, LIBPNG_1),
           s[LIBPNG_6].ms, p->bytes[LIBPNG_6]);
}

static json_t *as_json(const struct bench *b, const struct picture *p)
{
    const struct image_format *f = &p->img->format;
    json_t *times = json_object(), *bytes = json_object();
    for (int i = 0; i < STAGES; i++) {
        json_put(&times, stages[i].name, json_real(b->stages[i].ms));
        if (p->bytes[i])
            json_put(&bytes, stages[i].name, json_integer((json_int_t)p->bytes[i]));
    }
    return json_pack("{s:o,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:o}", "file", json_name(p->path), "width",
                     f->width, "height", f->height, "channels", f->channels, "depth", f->depth,
                     "compression", p->compression, "threads", pool_threads(b->pool), "ms", times,
                     "bytes", bytes);
}

/* Measures one file. If it fails, the other files still follow. */
static enum err_code bench_file(struct bench *b, const char *path, int compression, json_t **list,
                                struct err *e)
{
    struct picture p = {
        .path = path, .limits = options_png_limits(&b->options), .compression = compression};
    buf_init(&p.file, (size_t)b->options.max_body);
    enum err_code rc = measure(b, &p, e);
    if (rc == ERR_OK && b->options.json)
        json_add(list, as_json(b, &p));
    else if (rc == ERR_OK)
        print(b, &p);
    image_free(p.img);
    buf_done(&p.file);
    return rc;
}

/* Reads --compression as a request does. */
static enum err_code read_compression(const struct options *o, int *compression, struct err *e)
{
    struct api_request r;
    api_request_init(&r, o);
    enum err_code rc = o->compression ? api_set(&r, "compression", o->compression, e) : ERR_OK;
    *compression = r.params.compression;
    api_request_done(&r);
    return rc;
}

int bench_png(struct bench *b, char **paths, int count)
{
    struct err e = ERR_INIT;
    int compression, status = 0;
    enum err_code rc = read_compression(&b->options, &compression, &e);
    if (rc == ERR_OK)
        rc = pool_new(b->options.threads ? (int)b->options.threads : cpus_usable(), &b->pool, &e);
    if (rc != ERR_OK) {
        command_complain(NULL, &e);
        return rc == ERR_BAD_PARAMETER ? 2 : 1;
    }
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        e = (struct err)ERR_INIT;
        if (bench_file(b, paths[i], compression, &list, &e) == ERR_OK)
            continue;
        command_complain(paths[i], &e);
        status = 1;
    }
    if (b->options.json)
        return command_print_json(list, JSON_INDENT(2)) | status;
    json_decref(list);
    return status;
}
