/* decode.c - see decode.h. libpng also runs only on the threads of the pool. */
#include "engine/decode.h"

#include "engine/png/png_reader.h"

enum {
    TURN_PIXELS = 1 << 18,  /* about 10 ms of work; then other requests can run */
    SMALL_PIXELS = 1 << 16, /* with fewer pixels, a second thread saves no time */
};

struct decode {
    const struct decode_job *job;
    struct png_reader *reader;
    struct image *img;
    bool done;
    enum err_code rc; /* result of the latest piece */
    struct err *e;
};

static void open_piece(void *arg, int i, void *scratch)
{
    struct decode *d = arg;
    (void)i;
    (void)scratch;
    d->rc = png_reader_new(d->job->bytes, d->job->length, &d->job->limits, &d->reader, d->e);
}

static void part_piece(void *arg, int i, void *scratch)
{
    struct decode *d = arg;
    (void)scratch;
    png_reader_part(d->reader, i, d->img, TURN_PIXELS, d->e);
}

/* Decodes a small picture in two turns: the second unfilters what the first inflates. */
static void small_piece(void *arg, int i, void *scratch)
{
    struct decode *d = arg;
    (void)i;
    (void)scratch;
    for (int turn = 0; turn < 2 && d->rc == ERR_OK && !d->done; turn++)
        d->rc = png_reader_step(d->reader, d->img, TURN_PIXELS, &d->done, d->e);
}

/* Runs one piece. Returns the error of the pool, if there is one, and else that of the piece. */
static enum err_code run_piece(struct decode *d, pool_piece *piece)
{
    enum err_code rc =
        pool_run(d->job->pool, 1, &(struct pool_pieces){piece, d, d->job->cancel}, d->e);
    return rc != ERR_OK ? rc : d->rc;
}

static enum err_code run_turn(struct decode *d)
{
    const struct image_format *f = &d->img->format;
    if ((int64_t)f->width * f->height <= SMALL_PIXELS)
        return run_piece(d, small_piece);
    enum err_code rc = pool_run(d->job->pool, png_reader_parts(d->reader),
                                &(struct pool_pieces){part_piece, d, d->job->cancel}, d->e);
    return rc == ERR_OK ? png_reader_turn(d->reader, &d->done) : rc;
}

enum err_code decode_run(const struct decode_job *job, struct image **img, struct png_meta *meta,
                         struct err *e)
{
    struct decode d = {.job = job, .e = e};
    enum err_code rc = run_piece(&d, open_piece);
    if (rc == ERR_OK)
        rc = image_new(png_reader_format(d.reader), &d.img, e);
    while (rc == ERR_OK && !d.done)
        rc = run_turn(&d);
    if (rc == ERR_OK && meta)
        rc = png_meta_copy(meta, png_reader_meta(d.reader), e);
    if (rc == ERR_OK) {
        *img = d.img;
        d.img = NULL;
    }
    image_free(d.img);
    png_reader_free(d.reader);
    return rc;
}
