/* upscale.c - see upscale.h: bands, and the order of the steps. */
#include "engine/upscale.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/bleed.h"
#include "engine/image/color.h"
#include "engine/image/resample.h"
#include "engine/tiles/alpha.h"
#include "engine/tiles/bands.h"
#include "engine/tiles/gray.h"
#include "engine/tiles/strip_run.h"
#include "engine/tiles/tile.h"
#include "engine/tiles/tile_chain.h"
#include "engine/tiles/tile_layout.h"
#include "engine/tiles/window.h"

enum err_code upscale_scratch_bytes(const struct chain_set *set, size_t *bytes, struct err *e)
{
    size_t most = 0, one = 0;
    for (int k = 0; k < 2 * CHAIN_FACTOR_MOST; k++) {
        struct chain c;
        if (!chain_choose_factor(set, 1 + k / 2, k % 2, &c) || chain_is_whole(&c))
            continue; /* upscale_run allocates a block of its own for a `whole` model */
        enum err_code rc = tile_scratch_bytes(&c, &one, e);
        if (rc != ERR_OK)
            return rc;
        most = one > most ? one : most;
    }
    *bytes = most;
    return ERR_OK;
}

/* A picture that is being enlarged. */
struct upscale {
    struct pool *pool;
    const struct upscale_params *params;
    struct image *img;
    const struct upscale_hooks *hooks; /* NULL if only sizes are needed */
    struct err *e;

    struct tile_job job;
    struct resample_axis *down_x, *down_y, *chroma_x, *chroma_y;
    void *whole; /* scratch for the one tile of a `whole` model, or NULL */
    struct strips strips;
    struct strip_run *strip_run; /* or NULL */
    struct bands bands;
    uint8_t *band; /* [bands.rows][row_bytes] */
    size_t row_bytes;
    int y, rows; /* the band being made */
};

static void count_macs(const struct upscale *w, double macs)
{
    if (w->params->macs)
        atomic_fetch_add_explicit(w->params->macs, (uint64_t)macs, memory_order_relaxed);
}

static struct strip_band band_of(const struct upscale *w)
{
    return (struct strip_band){{w->y, w->y + w->rows}, w->band, w->row_bytes};
}

/* Computes tile i of the band. */
static void tile_piece(void *arg, int i, void *scratch)
{
    struct upscale *w = arg;
    struct pair tile = w->bands.tile;
    int across = bands_tiles(&w->bands, w->job.out.width, 1);
    int x = i % across * tile.x, y = i / across * tile.y;
    struct resample_area area = {x, w->y + y, tile.x, tile.y};
    if (area.width > w->job.out.width - x)
        area.width = w->job.out.width - x;
    if (area.height > w->rows - y)
        area.height = w->rows - y;
    size_t pixel_bytes = (size_t)(w->job.out.channels * w->job.out.depth / 8);
    struct tile_target to = {area, w->band + (size_t)y * w->row_bytes + (size_t)x * pixel_bytes,
                             w->row_bytes};
    count_macs(w, tile_run(&w->job, &to, w->whole ? w->whole : scratch));
}

/* Computes piece i of the band in strips. */
static void strip_piece(void *arg, int i, void *scratch)
{
    struct upscale *w = arg;
    struct strip_band band = band_of(w);
    (void)scratch; /* strips bring their own */
    count_macs(w, strip_run_piece(w->strip_run, &band, i));
}

/* Copies row i of the band, if no network runs. Converts the depth of the samples if necessary. */
static void copy_piece(void *arg, int i, void *scratch)
{
    struct upscale *w = arg;
    const struct image_format *f = &w->img->format;
    float row[1024];
    (void)scratch;
    const uint8_t *from = w->img->pixels + (size_t)(w->y + i) * w->img->row_bytes;
    uint8_t *to = w->band + (size_t)i * w->row_bytes;
    if (f->depth == w->job.out.depth) {
        memcpy(to, from, w->row_bytes);
        return;
    }
    size_t step = (size_t)(f->channels * f->depth / 8);
    size_t out_step = (size_t)(f->channels * w->job.out.depth / 8);
    for (int x = 0, n; x < f->width; x += n) {
        n = f->width - x < 1024 ? f->width - x : 1024;
        for (int c = 0; c < f->channels; c++) {
            color_load(f, from + (size_t)x * step, n, c, row);
            color_store(&w->job.out, row, n, c, to + (size_t)x * out_step);
        }
    }
}

/* Whether no network runs. */
static bool copies(const struct upscale *w)
{
    return !w->params->restores && w->job.out.width == w->img->format.width &&
           w->job.out.height == w->img->format.height;
}

/* Makes the rows of a band. */
static enum err_code make_band(struct upscale *w)
{
    struct pool_pieces run = {tile_piece, w, w->hooks->cancel};
    struct strip_band band = band_of(w);
    int pieces = bands_tiles(&w->bands, w->job.out.width, w->rows);
    if (copies(w)) {
        run.piece = copy_piece;
        pieces = w->rows;
    } else if (w->strip_run) {
        run.piece = strip_piece;
        pieces = strip_run_pieces(w->strip_run, &band);
    }
    return pool_run(w->pool, pieces, &run, w->e);
}

static enum err_code make_bands(struct upscale *w)
{
    int height = w->job.out.height;
    const struct upscale_hooks *hooks = w->hooks;
    for (w->y = 0; w->y < height; w->y += w->rows) {
        w->rows = height - w->y < w->bands.rows ? height - w->y : w->bands.rows;
        enum err_code rc = make_band(w);
        if (rc == ERR_OK && hooks->cancel &&
            atomic_load(hooks->cancel)) /* a tile may have ended early */
            rc = err_set(w->e, ERR_CANCELLED, "the request was cancelled");
        if (rc == ERR_OK)
            rc = hooks->rows(hooks->rows_arg, w->band, w->row_bytes, w->rows, w->e);
        if (rc != ERR_OK)
            return rc;
        if (hooks->progress)
            hooks->progress(hooks->progress_arg, (double)(w->y + w->rows) / height);
    }
    return ERR_OK;
}

static enum err_code prepare_axes(struct upscale *w)
{
    const struct model *m = chain_model(&w->job.chain);
    const struct image_format *in = &w->img->format, *out = &w->job.out;
    int full_width = chain_side(&w->job.chain, w->job.chain.count, in->width);
    int full_height = chain_side(&w->job.chain, w->job.chain.count, in->height);
    enum err_code rc = ERR_OK;
    if (full_width != out->width || full_height != out->height) {
        rc = resample_axis_new(RESAMPLE_BICUBIC, full_width, out->width, &w->down_x, w->e);
        if (rc == ERR_OK)
            rc = resample_axis_new(RESAMPLE_BICUBIC, full_height, out->height, &w->down_y, w->e);
    }
    if (rc == ERR_OK && tile_has_chroma(m, in)) {
        rc = resample_axis_new(RESAMPLE_BICUBIC, in->width, out->width, &w->chroma_x, w->e);
        if (rc == ERR_OK)
            rc = resample_axis_new(RESAMPLE_BICUBIC, in->height, out->height, &w->chroma_y, w->e);
    }
    w->job.down_x = w->down_x;
    w->job.down_y = w->down_y;
    w->job.chroma_x = w->chroma_x;
    w->job.chroma_y = w->chroma_y;
    return rc;
}

/* Computes the working memory of a model that needs the whole picture as one tile. */
static enum err_code whole_bytes(const struct upscale *w, size_t *bytes)
{
    enum err_code rc = tile_whole_scratch_bytes(&w->job, bytes, w->e);
    if (rc == ERR_OK && *bytes > w->params->max_whole_bytes)
        return err_set_limit(
            w->e, ERR_TOO_MANY_PIXELS, "max-whole-bytes", w->params->max_whole_bytes,
            "model %s needs the whole picture at once: %zu bytes of working memory; the "
            "limit is %zu (--max-whole-bytes)",
            chain_model(&w->job.chain)->name, *bytes, w->params->max_whole_bytes);
    return rc;
}

/* Allocates the working memory for one tile that covers the whole picture. */
static enum err_code prepare_whole(struct upscale *w)
{
    size_t bytes = 0;
    enum err_code rc = whole_bytes(w, &bytes);
    if (rc != ERR_OK)
        return rc;
    w->whole = mem_alloc(1, bytes);
    if (!w->whole)
        return err_set(w->e, ERR_MEMORY, "out of memory for %zu bytes of working memory", bytes);
    w->job.scratch_bytes = bytes;
    return ERR_OK;
}

/* Whether one tile must cover the whole picture. */
static bool is_whole(const struct upscale *w)
{
    return chain_is_whole(&w->job.chain) && !copies(w);
}

/* Chooses how the output is divided. upscale_run and the estimates both use it. */
static enum err_code choose_bands(struct upscale *w)
{
    w->strips = (struct strips){.count = 0};
    if (is_whole(w)) {
        w->bands = (struct bands){{w->job.out.height, w->job.out.width}, w->job.out.height};
        return ERR_OK;
    }
    const struct image_format *in = &w->img->format;
    const struct chain *chain = &w->job.chain;
    const struct upscale_params *params = w->params;
    struct pair out = {w->job.out.height, w->job.out.width};
    struct pair full = {chain_side(chain, chain->count, in->height),
                        chain_side(chain, chain->count, in->width)};
    struct bands_wish wish = {.out = out,
                              .most = tile_most(chain, full, out),
                              .threads = pool_threads(w->pool),
                              .multiple = params->band_multiple,
                              .tile = params->tile,
                              .rows = params->band_rows,
                              .strips = params->strips};
    w->bands = bands_choose(&wish);
    if (copies(w))
        return ERR_OK;
    return strips_choose(&w->job, &wish, &w->bands, &w->strips, w->e);
}

static void describe_job(struct upscale *w)
{
    const struct upscale_params *params = w->params;
    w->job = (struct tile_job){.chain = params->chain,
                               .border = params->border,
                               .img = w->img,
                               .cancel = w->hooks ? w->hooks->cancel : NULL,
                               .profile = params->profile};
    w->job.out = (struct image_format){params->width, params->height, w->img->format.channels,
                                       params->depth};
}

static size_t axes_bytes(const struct upscale *w)
{
    const struct model *m = chain_model(&w->job.chain);
    const struct image_format *in = &w->img->format, *out = &w->job.out;
    int full_width = chain_side(&w->job.chain, w->job.chain.count, in->width);
    int full_height = chain_side(&w->job.chain, w->job.chain.count, in->height);
    size_t bytes = 0;
    if (full_width != out->width || full_height != out->height)
        bytes += resample_axis_bytes(RESAMPLE_BICUBIC, full_width, out->width) +
                 resample_axis_bytes(RESAMPLE_BICUBIC, full_height, out->height);
    if (tile_has_chroma(m, in))
        bytes += resample_axis_bytes(RESAMPLE_BICUBIC, in->width, out->width) +
                 resample_axis_bytes(RESAMPLE_BICUBIC, in->height, out->height);
    return bytes;
}

enum err_code upscale_memory(struct pool *pool, const struct upscale_params *params,
                             const struct image_format *in, struct upscale_need *out, struct err *e)
{
    struct image img = {.format = *in};
    struct upscale w = {.pool = pool, .params = params, .img = &img, .e = e};
    size_t whole = 0, bleed = 0, rest = 0;
    describe_job(&w);
    enum err_code rc = choose_bands(&w);
    if (rc != ERR_OK)
        return rc;
    if (!copies(&w)) {
        rest = axes_bytes(&w);
        bleed = image_has_alpha(in) && !params->separate_alpha ? bleed_bytes(in) : 0;
    }
    if (is_whole(&w)) {
        rc = whole_bytes(&w, &whole);
        if (rc != ERR_OK)
            return rc;
        rest += whole + MEM_SLACK;
    }
    if (w.strips.count > 0)
        rest += strips_bytes(&w.strips);
    rest += (size_t)w.bands.rows * image_row_bytes(&w.job.out) + MEM_SLACK;
    *out = (struct upscale_need){bleed > rest ? bleed : rest, w.bands.rows};
    return ERR_OK;
}

enum err_code upscale_work(struct pool *pool, const struct upscale_params *params,
                           const struct image_format *in, struct upscale_work *out, struct err *e)
{
    struct image img = {.format = *in};
    struct upscale w = {.pool = pool, .params = params, .img = &img, .e = e};
    struct upscale_work found = {0, 0};
    describe_job(&w);
    enum err_code rc = choose_bands(&w);
    struct bands cut = w.bands;
    if (w.strips.count > 0)
        cut.tile.y = cut.rows = w.job.out.height; /* each row of a strip is computed once */
    if (rc == ERR_OK && !copies(&w))
        rc = tile_work(&w.job, &cut, &found.color, e);
    if (rc != ERR_OK)
        return rc;
    if (image_has_alpha(in))
        found.alpha = found.color;
    *out = found;
    return ERR_OK;
}

static enum err_code prepare_alpha(struct upscale *w)
{
    struct alpha_call call = {w->params->separate_alpha, false};
    enum err_code rc = alpha_prepare(w->pool, w->img, w->hooks->cancel, &call, w->e);
    w->job.alpha = call.used;
    return rc;
}

static enum err_code prepare(struct upscale *w)
{
    describe_job(w);
    enum err_code rc = ERR_OK;
    if (!copies(w)) {
        if (image_has_alpha(&w->img->format))
            rc = prepare_alpha(w);
        if (rc == ERR_OK && w->img->format.channels >= 3 &&
            chain_model(&w->job.chain)->color != COLOR_Y)
            rc = gray_look(w->pool, w->img, w->hooks->cancel, &w->job.gray, w->e);
        if (rc == ERR_OK)
            rc = prepare_axes(w);
    }
    if (rc != ERR_OK)
        return rc;
    rc = choose_bands(w);
    if (rc != ERR_OK)
        return rc;
    if (is_whole(w))
        rc = prepare_whole(w);
    else
        rc = tile_scratch_bytes(&w->job.chain, &w->job.scratch_bytes, w->e);
    if (rc == ERR_OK && w->strips.count > 0)
        rc = strip_run_new(&w->job, &w->strips, &w->strip_run, w->e);
    if (rc != ERR_OK)
        return rc;
    w->row_bytes = image_row_bytes(&w->job.out);
    w->band = mem_alloc((size_t)w->bands.rows, w->row_bytes);
    if (!w->band)
        return err_set(w->e, ERR_MEMORY, "out of memory for a band of %d rows", w->bands.rows);
    return ERR_OK;
}

enum err_code upscale_run(struct pool *pool, const struct upscale_params *params, struct image *img,
                          const struct upscale_hooks *hooks, struct err *e)
{
    struct upscale w = {
        .pool = pool,
        .params = params,
        .img = img,
        .hooks = hooks,
        .e = e,
    };
    enum err_code rc = prepare(&w);
    if (rc == ERR_OK)
        rc = make_bands(&w);
    mem_free(w.band);
    strip_run_free(w.strip_run);
    mem_free(w.whole);
    resample_axis_free(w.down_x);
    resample_axis_free(w.down_y);
    resample_axis_free(w.chroma_x);
    resample_axis_free(w.chroma_y);
    return rc;
}
