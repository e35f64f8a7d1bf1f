/* cost.c - see cost.h. */
#include "server/work/cost.h"

#include <string.h>

enum {
    FADING = 16,          /* one part in so many of the past goes with each request */
    SAMPLE_SIDE = 96,     /* of the picture that is measured */
    REQUEST_NS = 1000000, /* what even the smallest takes: threads that change, tables */
};

static const struct cost_rate first_network = {1e6, 1e6}; /* 1 ns a multiply-accumulate */
static const struct cost_rate first_coding = {1e7, 2e5};  /* 50 ns a sample */

void cost_init(struct cost *c)
{
    pthread_mutex_init(&c->lock, NULL);
    c->network = first_network;
    c->coding = first_coding;
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
    struct upscale_params params = {.plan = plan,
                                    .width = SAMPLE_SIDE * m->scale,
                                    .height = SAMPLE_SIDE * m->scale,
                                    .border = m->border,
                                    .depth = 8,
                                    .max_whole_bytes = SIZE_MAX};
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
    if (rc == ERR_OK) {
        double macs = (double)SAMPLE_SIDE * SAMPLE_SIDE * m->geometry.macs_per_pixel;
        c->network = (struct cost_rate){pool_used_ns(share), macs + 1};
    }
    pool_free(share);
    image_free(img);
    return rc;
}

static double rate(const struct cost_rate *r)
{
    return r->ns / r->units;
}

double cost_mac_ns(struct cost *c)
{
    pthread_mutex_lock(&c->lock);
    double ns = rate(&c->network);
    pthread_mutex_unlock(&c->lock);
    return ns;
}

double cost_expected_ns(struct cost *c, const struct need *n)
{
    pthread_mutex_lock(&c->lock);
    double ns = n->macs * rate(&c->network) + n->out_samples * rate(&c->coding) + REQUEST_NS;
    pthread_mutex_unlock(&c->lock);
    return ns;
}

static void add(struct cost_rate *r, double ns, double units)
{
    r->ns += ns - r->ns / FADING;
    r->units += units - r->units / FADING;
}

void cost_learn(struct cost *c, const struct need *n, const struct transcode_report *report,
                double used_ns)
{
    double coding_ms = report->decode_ms + report->encode_ms;
    double all_ms = coding_ms + report->network_ms;
    if (!(all_ms > 0 && used_ns > 0))
        return;
    double coding_ns = used_ns * coding_ms / all_ms;
    pthread_mutex_lock(&c->lock);
    add(&c->coding, coding_ns, n->out_samples);
    if (n->macs > 0)
        add(&c->network, used_ns - coding_ns, n->macs);
    pthread_mutex_unlock(&c->lock);
}
