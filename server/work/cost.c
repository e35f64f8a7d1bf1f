/* cost.c - see cost.h. */
#include "server/work/cost.h"

#include <math.h>
#include <string.h>

enum {
    FADING = 16,          /* each request replaces a sixteenth of the sums */
    SAMPLE_SIDE = 96,     /* the side of the picture that is measured */
    REQUEST_NS = 1000000, /* the time of the smallest request: switching threads, tables */

    /* A network that is not streamed takes at most this many times as long for a multiply-add. On
     * an idle core with AVX-512, convolutions of 16 and 32 channels take 0.18 to 0.24 ns around a
     * max_pool2d, and streamed ones of 16 channels 0.0142 ns: 13 to 17 times. In plain C it is 3 to
     * 6 times. */
    REFERENCE_SLOWER = 24,
};

static const double mac_ns = 1, decode_ns[2] = {6, 30};

/* In ns for each byte of samples, on a core that is somewhat slower than those on which
 * tests/bench/costs.py was run; levels 7 to 9, which are zlib's, as on a core at 2 GHz. Photographs
 * are in the first two columns, where the file needs more than a quarter of its samples' bytes.
 * zlib takes longest on dithered pictures and noise of a few values, which need an eighth. */
static const double encode_ns[2][COST_LEVELS][COST_DENSITIES] = {
    {
        /* not resized: */
        {3, 3, 3, 5, 4, 3, 3},
        {4, 6, 20, 30, 12, 10, 3},
        {30, 30, 50, 50, 25, 20, 3},
        {120, 250, 230, 130, 60, 30, 30},
        {120, 300, 560, 300, 110, 40, 30},
        {130, 350, 1000, 500, 160, 50, 30},
    },
    {
        {3, 4, 4, 4, 3, 3, 3},
        {4, 4, 5, 10, 9, 9, 2},
        {4, 4, 5, 12, 10, 10, 3},
        {220, 250, 250, 200, 150, 100, 60},
        {300, 400, 400, 300, 200, 100, 60},
        {350, 500, 500, 400, 250, 120, 60},
    },
};

/* Returns the row of the table: compression 0, 1..3, 4..6, 7, 8, 9. */
static int level_of(int compression)
{
    return compression < 7 ? (compression + 2) / 3 : compression - 4;
}

/* Returns the column of the table: one for each halving of the density. */
static int density_of(const struct need *n)
{
    const struct transcode_work *w = &n->memory.work;
    int column = 0;
    for (double d = w->packed_bytes / w->in_bytes; d < 0.5 && column < COST_DENSITIES - 1; d *= 2)
        column++;
    return column;
}

static struct cost_rate *network_of(struct cost *c, const struct need *n)
{
    return &c->network[n->model % COST_MODELS][n->streamed];
}

static struct cost_rate *decode_of(struct cost *c, const struct need *n)
{
    return &c->decode[n->memory.work.interlaced][density_of(n)];
}

static struct cost_rate *encode_of(struct cost *c, const struct need *n)
{
    return &c->encode[n->memory.work.resized][level_of(n->compression)][density_of(n)];
}

static void start_network(struct cost *c, double ns)
{
    c->all_macs = (struct cost_rate){.start = ns};
    for (int i = 0; i < COST_MODELS; i++) {
        c->network[i][true] = (struct cost_rate){.start = ns};
        c->network[i][false] = (struct cost_rate){.start = ns * REFERENCE_SLOWER};
    }
}

void cost_init(struct cost *c)
{
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    start_network(c, mac_ns);
    for (int which = 0; which < 2; which++)
        for (int d = 0; d < COST_DENSITIES; d++) {
            c->decode[which][d].start = decode_ns[which];
            for (int level = 0; level < COST_LEVELS; level++)
                c->encode[which][level][d].start = encode_ns[which][level][d];
        }
}

void cost_done(struct cost *c)
{
    pthread_mutex_destroy(&c->lock);
}

static enum err_code ignore_rows(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                                 struct err *e)
{
    (void)arg, (void)pixels, (void)row_bytes, (void)count, (void)e;
    return ERR_OK;
}

enum err_code cost_calibrate(struct cost *c, struct pool *pool, const struct plan *plan,
                             struct err *e)
{
    const struct model *m = plan_model(plan);
    const struct image_format gray = {SAMPLE_SIDE, SAMPLE_SIDE, 1, 8};
    const struct pool_claim claim = {0, 1};
    atomic_uint_fast64_t macs = 0;
    struct upscale_params params = {.chain = chain_repeated(plan, 1),
                                    .width = SAMPLE_SIDE * m->scale,
                                    .height = SAMPLE_SIDE * m->scale,
                                    .border = m->border,
                                    .depth = 8,
                                    .restores = true,
                                    .max_whole_bytes = SIZE_MAX,
                                    .macs = &macs};
    struct image *img = NULL;
    struct pool *share = NULL;
    enum err_code rc = image_new(&gray, &img, e);
    if (rc == ERR_OK)
        rc = pool_share(pool, &claim, &share, e);
    if (rc == ERR_OK) {
        for (size_t i = 0; i < image_bytes(&gray); i++)
            img->pixels[i] = (uint8_t)(i * i >> 3);
        rc = upscale_run(share, &params, img, &(struct upscale_hooks){.rows = ignore_rows}, e);
    }
    if (rc == ERR_OK && macs > 0)
        start_network(c, pool_used_ns(share) / (double)macs /
                             (plan_streams(plan) ? 1 : REFERENCE_SLOWER));
    pool_free(share);
    image_free(img);
    return rc;
}

static double rate_of(const struct cost_rate *r)
{
    return r->units > 0 ? r->ns / r->units : r->start;
}

static double least_of(const struct cost_rate *r)
{
    double rate = rate_of(r);
    return rate < r->start ? rate : r->start;
}

double cost_mac_ns(struct cost *c)
{
    pthread_mutex_lock(&c->lock);
    double ns = rate_of(&c->all_macs);
    pthread_mutex_unlock(&c->lock);
    return ns;
}

double cost_expected_ns(struct cost *c, const struct need *n)
{
    const struct transcode_work *w = &n->memory.work;
    pthread_mutex_lock(&c->lock);
    double ns = REQUEST_NS + n->macs * rate_of(network_of(c, n)) +
                w->in_bytes * rate_of(decode_of(c, n)) + w->out_bytes * rate_of(encode_of(c, n));
    pthread_mutex_unlock(&c->lock);
    return ns;
}

/* Returns the lowest rate of encoding. If only the head of the file is known, its pixels may be
 * packed more densely than the length says, so the columns of higher densities count too. */
static double least_encode(struct cost *c, const struct need *n)
{
    const struct cost_rate *columns = c->encode[n->memory.work.resized][level_of(n->compression)];
    int from = density_of(n), to = n->is_least ? COST_DENSITIES - 1 : from;
    double least = HUGE_VAL;
    for (int d = from; d <= to; d++)
        least = fmin(least, least_of(&columns[d]));
    return least;
}

double cost_least_ns(struct cost *c, const struct need *n)
{
    const struct transcode_work *w = &n->memory.work;
    pthread_mutex_lock(&c->lock);
    double ns = n->macs * least_of(network_of(c, n)) + w->in_bytes * least_of(decode_of(c, n)) +
                w->out_bytes * least_encode(c, n);
    pthread_mutex_unlock(&c->lock);
    return ns;
}

static void learn(struct cost_rate *r, double ns, double units)
{
    if (!(units > 0 && ns > 0))
        return;
    double rate = fmin(fmax(ns / units, r->start / COST_BOUND), r->start * COST_BOUND);
    r->ns += rate * units - r->ns / FADING;
    r->units += units - r->units / FADING;
}

void cost_learn(struct cost *c, const struct need *n, const struct transcode_report *report)
{
    const struct transcode_work *w = &n->memory.work;
    pthread_mutex_lock(&c->lock);
    learn(network_of(c, n), report->network_ns, report->macs);
    learn(&c->all_macs, report->network_ns, report->macs);
    learn(decode_of(c, n), report->decode_ns, w->in_bytes);
    learn(encode_of(c, n), report->encode_ns, w->out_bytes);
    pthread_mutex_unlock(&c->lock);
}
