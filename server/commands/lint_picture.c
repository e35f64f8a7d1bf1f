/* lint_picture.c - see lint_picture.h. */
#include "server/commands/lint_picture.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/tiles/border.h"

struct feed {
    float (*value)(const void *arg, int x, int y);
    const void *arg;
    const struct model *model;
    int width, height;
    struct lint_picture *out;
};

/* Beyond the edge with a border of zeros there is nothing, which is 0. */
static void load(void *arg, int y, int x, int count, float *const *planes)
{
    const struct feed *f = arg;
    int at_y = border_map(f->model->border, y, f->height);
    for (int i = 0; i < count; i++) {
        int at_x = border_map(f->model->border, x + i, f->width);
        bool nothing = at_x == BORDER_NOTHING || at_y == BORDER_NOTHING;
        float v = nothing ? 0 : f->value(f->arg, at_x, at_y);
        for (int c = 0; c < f->model->geometry.in_channels; c++)
            planes[c][i] = v;
    }
}

static float *row_of(const struct lint_picture *p, int c, int y)
{
    return p->samples + ((size_t)c * (size_t)p->height + (size_t)y) * (size_t)p->width;
}

static void store(void *arg, int y, int x, int count, const float *const *planes)
{
    const struct feed *f = arg;
    for (int c = 0; c < f->out->channels; c++)
        for (int i = 0; i < count; i++)
            row_of(f->out, c, y)[x + i] = planes[c][i];
}

enum err_code lint_picture_run(const struct plan *p, int width, int height,
                               float (*value)(const void *arg, int x, int y), const void *arg,
                               struct lint_picture *out, struct err *e)
{
    const struct model *m = plan_model(p);
    struct lint_picture r = {NULL, m->geometry.out_channels, width * m->scale, height * m->scale};
    struct feed f = {value, arg, m, width, height, &r};
    void *scratch = NULL;
    size_t bytes;
    enum err_code rc = plan_scratch_bytes(p, r.width, r.height, &bytes, e);
    if (rc != ERR_OK)
        return rc;
    r.samples = mem_alloc(lint_samples(&r), sizeof *r.samples);
    scratch = mem_alloc(1, bytes);
    if (r.samples && scratch) {
        plan_run(p, scratch, (struct plan_rect){0, 0, r.width, r.height}, width, height,
                 m->border == BORDER_MODEL,
                 &(struct plan_io){.load = load, .store = store, .arg = &f});
        *out = r;
        r.samples = NULL;
    } else {
        rc = err_set(e, ERR_MEMORY, "out of memory for a picture to judge a model by");
    }
    mem_free(scratch);
    mem_free(r.samples);
    return rc;
}

void lint_picture_done(struct lint_picture *p)
{
    mem_free(p->samples);
}

size_t lint_samples(const struct lint_picture *p)
{
    return (size_t)p->channels * (size_t)p->width * (size_t)p->height;
}

bool lint_finite(const struct lint_picture *p)
{
    for (size_t i = 0; i < lint_samples(p); i++)
        if (!isfinite(p->samples[i]))
            return false;
    return true;
}

/* A sample less its surroundings: `scale` samples each way, the outermost halved where that is
 * what centres them, so that whatever repeats every `scale` samples is averaged out. */
static double detail(const struct lint_picture *p, int c, int y, int x, int scale)
{
    int reach = scale / 2;
    double sum = 0;
    for (int dy = -reach; dy <= reach; dy++)
        for (int dx = -reach; dx <= reach; dx++) {
            double weight =
                scale % 2 ? 1 : (abs(dy) == reach ? 0.5 : 1) * (abs(dx) == reach ? 0.5 : 1);
            sum += weight * (double)row_of(p, c, y + dy)[x + dx];
        }
    return (double)row_of(p, c, y)[x] - sum / (scale * scale);
}

/* The mean detail of one position's samples in a block. */
static double mean_detail(const struct lint_picture *p, int c, int y0, int x0, int block, int scale)
{
    double sum = 0;
    int count = 0;
    for (int y = y0; y < y0 + block && y < p->height - scale; y += scale)
        for (int x = x0; x < x0 + block && x < p->width - scale; x += scale, count++)
            sum += detail(p, c, y, x, scale);
    return count ? 255 * sum / count : 0;
}

double lint_checker(const struct lint_picture *p, int scale, int block, int margin)
{
    int least = p->width < p->height ? p->width : p->height;
    int edge = margin > 0 && least > 2 * scale * margin + block ? scale * margin : scale;
    double worst = 0;
    for (int c = 0; c < p->channels; c++)
        for (int y = edge; y < p->height - edge; y += block)
            for (int x = edge; x < p->width - edge; x += block)
                for (int at = 0; at < scale * scale; at++)
                    worst = fmax(worst, fabs(mean_detail(p, c, y + at / scale, x + at % scale,
                                                         block - at / scale, scale)));
    return worst;
}

double lint_fall(const struct lint_picture *p, bool down)
{
    double worst = 0;
    for (int c = 0; c < p->channels; c++)
        for (int y = down; y < p->height; y++)
            for (int x = !down; x < p->width; x++) {
                double before = (double)(down ? row_of(p, c, y - 1)[x] : row_of(p, c, y)[x - 1]);
                worst = fmax(worst, 255 * (before - (double)row_of(p, c, y)[x]));
            }
    return worst;
}
