/* bench.c - `upscaled bench`: measures the engine against the peak of this machine. */
#include "server/commands/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/upscale.h"
#include "server/commands/commands.h"
#include "server/host/cpus.h"

extern char **environ;

enum {
    STAGE_MS = 2000,       /* of the network */
    LAYERS_MS = 500,       /* of the profile by layer */
    PNG_STAGE_MS = 500,    /* of the PNG codec, which has more stages */
    PEAK_PIECES = 8,       /* for each thread, so that one that starts late does fewer */
    PEAK_ROUNDS = 1 << 18, /* of a piece: about a millisecond */
    PEAK_TRIES = 12,
};

static enum err_code forget(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                            struct err *e)
{
    (void)arg;
    (void)pixels;
    (void)row_bytes;
    (void)count;
    (void)e;
    return ERR_OK;
}

static enum err_code enlarge(const struct bench *b, struct image *img, struct profile *profile,
                             struct err *e)
{
    struct upscale_params params = {
        .chain = chain_repeated(b->entry->plan, 1),
        .width = img->format.width * b->entry->model->scale,
        .height = img->format.height * b->entry->model->scale,
        .border = b->entry->model->border,
        .depth = img->format.depth,
        .restores = true,
        .max_whole_bytes = (size_t)b->options.max_whole_bytes,
        .profile = profile,
    };
    return upscale_run(b->pool, &params, img, &(struct upscale_hooks){.rows = forget}, e);
}

static enum err_code upscale(struct bench *b, void *arg, struct err *e)
{
    return enlarge(b, arg, NULL, e);
}

/* Measures the layers apart from the stages, because reading the clock takes time. */
static enum err_code measure_layers(struct bench *b, struct image *img, struct err *e)
{
    struct bench_profile *p = &b->profile;
    int layers = b->entry->model->layer_count;
    p->sums.layers = layers;
    p->sums.ns = mem_calloc((size_t)layers + PROFILE_OTHERS, sizeof *p->sums.ns);
    if (!p->sums.ns)
        return err_set(e, ERR_MEMORY, "out of memory for a profile of %d layers", layers);
    enum err_code rc = ERR_OK;
    int64_t begun = clock_ns();
    while (rc == ERR_OK &&
           (p->runs < BENCH_RUNS_LEAST || clock_ms_between(begun, clock_ns()) < LAYERS_MS)) {
        rc = enlarge(b, img, &p->sums, e);
        p->runs++;
    }
    p->ms = (clock_ms_between(begun, clock_ns())) / p->runs;
    return rc;
}

/* Measures everything between decoding and encoding, for a picture of that many channels. */
static enum err_code measure_upscale(struct bench *b, const char *name, int channels, bool layers,
                                     struct err *e)
{
    struct image *img;
    enum err_code rc = bench_picture(b->width, b->height, channels, &img, e);
    if (rc != ERR_OK)
        return rc;
    rc = bench_stage(b, name, upscale, img, e);
    if (rc == ERR_OK && layers)
        rc = measure_layers(b, img, e);
    image_free(img);
    return rc;
}

static void peak_piece(void *arg, int i, void *scratch)
{
    const struct bench *b = arg;
    volatile float keep = b->kernels->peak(PEAK_ROUNDS);
    (void)i;
    (void)keep;
    (void)scratch;
}

/* Takes the best of some tries. Other load can only reduce the result. */
static enum err_code measure_peak(struct bench *b, struct err *e)
{
    int pieces = PEAK_PIECES * pool_threads(b->pool);
    double work = b->kernels->peak_flops * PEAK_ROUNDS * pieces;
    enum err_code rc = ERR_OK;
    for (int i = 0; i < PEAK_TRIES && rc == ERR_OK; i++) {
        int64_t from = clock_ns();
        rc = pool_run(b->pool, pieces, &(struct pool_pieces){peak_piece, b, NULL}, e);
        double speed = work / (clock_ms_between(from, clock_ns())) * 1e-6;
        b->peak_gflops = speed > b->peak_gflops ? speed : b->peak_gflops;
    }
    return rc;
}

/* The peak is measured before and after the rest, because the clock frequency changes with heat and
 * other load. */
static enum err_code measure(struct bench *b, struct err *e)
{
    bool luma = b->entry->model->color == COLOR_Y;
    enum err_code rc = measure_peak(b, e);
    if (rc == ERR_OK)
        rc = measure_upscale(b, "network", luma ? 1 : 3, true, e);
    if (rc == ERR_OK && luma)
        rc = measure_upscale(b, "network and colour", 3, false, e);
    return rc == ERR_OK ? measure_peak(b, e) : rc;
}

static enum err_code read_size(struct bench *b, struct err *e)
{
    const char *text = b->options.size ? b->options.size : "1920x1080";
    char end;
    if (sscanf(text, "%5dx%5d%c", &b->width, &b->height, &end) != 2 || b->width < 1 ||
        b->height < 1 || b->width > b->options.max_side || b->height > b->options.max_side ||
        (int64_t)b->width * b->height > b->options.max_pixels)
        return err_set(e, ERR_BAD_PARAMETER,
                       "--size takes WIDTHxHEIGHT in pixels (within --max-side and "
                       "--max-pixels), not `%s`",
                       text);
    return ERR_OK;
}

/* Loads the model from a file that --model names. */
static enum err_code begin_file(struct bench *b, struct err *e)
{
    struct model_limits limits = options_model_limits(&b->options);
    struct model *model;
    struct chain_set set = {.count = 0};
    size_t bytes;
    enum err_code rc = models_read_file(b->options.model, &limits, &model, e);
    if (rc != ERR_OK)
        return rc;
    b->file = (struct model_entry){.model = model};
    b->entry = &b->file;
    rc = plan_new(model, b->kernels, &b->file.plan, e);
    if (rc == ERR_OK)
        set = chain_set_of(b->file.plan);
    if (rc == ERR_OK)
        rc = upscale_scratch_bytes(&set, &bytes, e);
    return rc == ERR_OK ? pool_reserve(b->pool, bytes, e) : rc;
}

static enum err_code begin(struct bench *b, struct err *e)
{
    const struct options *o = &b->options;
    const struct models_source source = command_models_source(o);
    b->kernels = kernels_used();
    enum err_code rc = read_size(b, e);
    if (rc == ERR_OK)
        rc = pool_new(o->threads ? (int)o->threads : cpus_usable(), &b->pool, e);
    if (rc == ERR_OK && o->model && command_names_file(o->model))
        return begin_file(b, e);
    if (rc == ERR_OK)
        rc = models_new(b->pool, &source, &b->models, e);
    return rc == ERR_OK ? models_get(b->models, o->model, &b->entry, e) : rc;
}

static void end(struct bench *b)
{
    if (b->entry != &b->file)
        models_release(b->entry);
    models_free(b->models);
    mem_free(b->profile.sums.ns);
    plan_free(b->file.plan);
    model_free(b->file.model);
    pool_free(b->pool);
    options_done(&b->options);
}

int command_bench(int argc, char **argv)
{
    struct bench b = {0};
    struct err e = ERR_INIT;
    struct option_words words = {argc, argv};
    int status = 0;
    if (options_read(&b.options, FOR_BENCH, &words, environ, &e) != ERR_OK)
        return command_misused("bench", &e);
    b.stage_ms = b.options.png ? PNG_STAGE_MS : STAGE_MS;
    if (b.options.png != (words.count > 0)) {
        fputs("usage: upscaled bench [OPTION...]\n"
              "       upscaled bench --png [OPTION...] FILE...\n",
              stderr);
        status = 2;
    } else if (models_use_kernels(b.options.kernels, &e) != ERR_OK) {
        command_complain(NULL, &e);
        status = 2;
    } else if (b.options.png) {
        status = bench_png(&b, argv, words.count);
    } else if (begin(&b, &e) != ERR_OK) {
        command_no_model(&b.options, &e);
        status = e.code == ERR_BAD_PARAMETER || e.code == ERR_UNKNOWN_MODEL ? 2 : 1;
    } else if (measure(&b, &e) != ERR_OK) {
        command_complain(NULL, &e);
        status = 1;
    } else if (b.options.json) {
        status = bench_print_json(&b);
    } else {
        bench_print(&b);
    }
    end(&b);
    return status;
}
