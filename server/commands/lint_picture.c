/* lint_picture.c - see lint_picture.h. */
#include "server/commands/lint_picture.h"

#include <math.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "engine/tiles/border.h"

struct feed {
    const struct lint_input *in;
    const struct model *model;
    struct lint_picture *out;
};

/* Fills a row of the input, also beyond the edge. A border of zeros has no picture there. */
static void load(void *arg, int y, int x, int count, float *const *planes)
{
    const struct feed *f = arg;
    int at_y = border_map(f->model->border, y, f->in->height);
    for (int i = 0; i < count; i++) {
        int at_x = border_map(f->model->border, x + i, f->in->width);
        bool nothing = at_x == BORDER_NOTHING || at_y == BORDER_NOTHING;
        float v = nothing ? 0 : f->in->value(f->in->arg, at_x, at_y);
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

enum err_code lint_picture_run(const struct plan *p, const struct lint_input *in,
                               struct lint_picture *out, struct err *e)
{
    const struct model *m = plan_model(p);
    struct lint_picture r = {NULL, m->geometry.out_channels, in->width * m->scale,
                             in->height * m->scale};
    struct feed f = {in, m, &r};
    void *scratch = NULL;
    size_t bytes;
    enum err_code rc = plan_scratch_bytes(p, r.width, r.height, &bytes, e);
    if (rc != ERR_OK)
        return rc;
    r.samples = mem_alloc(lint_samples(&r), sizeof *r.samples);
    scratch = mem_alloc(1, bytes);
    if (r.samples && scratch) {
        plan_run(p, scratch, (struct plan_rect){0, 0, r.width, r.height},
                 &(struct plan_picture){in->width, in->height, m->border == BORDER_MODEL},
                 &(struct plan_io){.load = load, .store = store, .arg = &f});
        *out = r;
        r.samples = NULL;
    } else {
        rc = err_set(e, ERR_MEMORY, "out of memory for a picture to check a model with");
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

/* Returns a sample minus the mean of `scale` samples each way. For an even scale the outermost
 * samples count half, which centres them. Patterns that repeat every `scale` samples average
 * out. */
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

/* A block of the samples of one channel. Every `scale`-th sample counts, each way. */
struct block {
    int c, y, x, side, scale;
};

/* Returns the mean detail of a block. */
static double mean_detail(const struct lint_picture *p, const struct block *b)
{
    double sum = 0;
    int count = 0;
    for (int y = b->y; y < b->y + b->side && y < p->height - b->scale; y += b->scale)
        for (int x = b->x; x < b->x + b->side && x < p->width - b->scale; x += b->scale, count++)
            sum += detail(p, b->c, y, x, b->scale);
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
                for (int at = 0; at < scale * scale; at++) {
                    struct block b = {c, y + at / scale, x + at % scale, block - at / scale, scale};
                    worst = fmax(worst, fabs(mean_detail(p, &b)));
                }
    return worst;
}

/* Returns by how much a row falls at most below the row before it, or below itself one step to the
 * left. Two functions: gcc 12 for 64-bit ARM crashes on one loop that does both. */
static float fall(const float *before, const float *row, int count)
{
    float worst = 0;
    for (int x = 0; x < count; x++)
        worst = fmaxf(worst, before[x] - row[x]);
    return worst;
}

double lint_fall(const struct lint_picture *p, bool down)
{
    double worst = 0;
    for (int c = 0; c < p->channels; c++)
        for (int y = down; y < p->height; y++) {
            const float *row = row_of(p, c, y);
            worst = fmax(worst, down ? fall(row_of(p, c, y - 1), row, p->width)
                                     : fall(row, row + 1, p->width - 1));
        }
    return 255 * worst;
}
