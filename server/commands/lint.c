/* lint.c - see lint.h. */
#include "server/commands/lint.h"

#include <math.h>

#include "engine/base/mem.h"
#include "engine/tiles/border.h"
#include "server/commands/lint_picture.h"

/* From these levels on, a fault is visible, or rounding turns it into a level. */
static const double checker_limit = 0.5, fall_limit = 0.5;

/* The multiply-accumulates for all pictures of a kind, which take some seconds; and the most of
 * them, if fewer or smaller pictures would miss faults. */
static const double budget = 2e11, most_budget = 2e12;

enum {
    SLOPE_SIDE = 48, /* of pictures that rise gently, and of all pictures of large networks */
    RAMP_LENGTH = 256,
    RAMP_WIDTH = 8,
    BLOCK = 16, /* side, in outputs, of the area over which a checkerboard is averaged */
};

/* value(x, y) = base + x * dx + y * dy, in levels. */
struct slope {
    double base, dx, dy;
};

static float slope_at(const void *arg, int x, int y)
{
    const struct slope *s = arg;
    return (float)((s->base + x * s->dx + y * s->dy) / 255);
}

static float noise_at(const void *arg, int x, int y)
{
    (void)arg;
    uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA6Bu;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    return (float)(h >> 16 & 1);
}

static int multiple(int n, int of)
{
    return (n + of - 1) / of * of;
}

/* Returns the side of a constant picture on which every effect of a network shows. If the border
 * consists of pixels, the network sees the same everywhere. Otherwise the picture needs edges and a
 * middle. */
static int gray_side(const struct model *m)
{
    bool edges = m->border == BORDER_ZERO || m->border == BORDER_MODEL || m->geometry.whole;
    return multiple(edges ? 2 * m->geometry.halo + 4 : 4, m->geometry.align);
}

static double work_of(const struct model *m, int side)
{
    double span = side + (m->border == BORDER_MODEL ? 0 : 2 * m->geometry.halo);
    return m->geometry.macs_per_pixel * span * span;
}

static double off_gray(const struct lint_picture *out, int gray, bool *changed)
{
    double worst = 0;
    for (size_t i = 0; i < lint_samples(out); i++) {
        double level = 255.0 * (double)out->samples[i];
        worst = fmax(worst, fabs(level - gray));
        *changed = *changed || !(floor(level + 0.5) == gray);
    }
    return worst;
}

static enum err_code grays(const struct plan *p, struct lint *l, struct err *e)
{
    const struct model *m = plan_model(p);
    int side = gray_side(m), step = work_of(m, side) * 256 > budget ? 17 : 1;
    if (work_of(m, side) * 16 > most_budget && side > SLOPE_SIDE) {
        side = multiple(SLOPE_SIDE, m->geometry.align);
        l->small = true;
    }
    if (work_of(m, side) * 16 > most_budget / 4)
        step = 85;
    enum err_code rc = ERR_OK;
    for (int gray = 0; gray < 256 && rc == ERR_OK; gray += step) {
        struct lint_picture out;
        bool changed = false;
        rc = lint_picture_run(
            p, &(struct lint_input){side, side, slope_at, &(struct slope){gray, 0, 0}}, &out, e);
        if (rc != ERR_OK)
            break;
        l->grays++;
        l->gray_error = fmax(l->gray_error, off_gray(&out, gray, &changed));
        l->grays_changed += changed;
        l->finite = l->finite && lint_finite(&out);
        l->checker_flat =
            fmax(l->checker_flat, lint_checker(&out, m->scale, out.width, m->geometry.halo));
        lint_picture_done(&out);
    }
    return rc;
}

static enum err_code slopes(const struct plan *p, struct lint *l, struct err *e)
{
    static const double steep[] = {0.25, 0.5, 1};
    static const struct slope ways[] = {{0, 1, 0}, {0, 0, 1}, {0, 0.7, 0.7}, {0, -0.7, 0.7}};
    const struct model *m = plan_model(p);
    int side = multiple(SLOPE_SIDE, m->geometry.align);
    enum err_code rc = ERR_OK;
    unsigned from = 0, to = sizeof steep / sizeof *steep;
    if (work_of(m, side) * 12 > most_budget / 4) {
        from = 1;
        to = 2;
    }
    for (unsigned i = from; i < to && rc == ERR_OK; i++)
        for (unsigned k = 0; k < sizeof ways / sizeof *ways && rc == ERR_OK; k++) {
            struct lint_picture out;
            struct slope s = {100, steep[i] * ways[k].dx, steep[i] * ways[k].dy};
            rc = lint_picture_run(p, &(struct lint_input){side, side, slope_at, &s}, &out, e);
            if (rc != ERR_OK)
                break;
            l->checker_shaded =
                fmax(l->checker_shaded, lint_checker(&out, m->scale, BLOCK, m->geometry.halo));
            l->finite = l->finite && lint_finite(&out);
            lint_picture_done(&out);
        }
    return rc;
}

/* Runs ramps from black to white along either axis, by one level per pixel and by four. */
static enum err_code ramps(const struct plan *p, struct lint *l, struct err *e)
{
    const struct model *m = plan_model(p);
    int wide = multiple(RAMP_WIDTH, m->geometry.align);
    enum err_code rc = ERR_OK;
    for (int k = 0; k < 4 && rc == ERR_OK; k++) {
        bool down = k & 1;
        int step = k & 2 ? 4 : 1, length = multiple(RAMP_LENGTH / step, m->geometry.align);
        struct lint_picture out;
        struct slope s = {0, down ? 0 : step, down ? step : 0};
        rc = lint_picture_run(
            p, &(struct lint_input){down ? wide : length, down ? length : wide, slope_at, &s}, &out,
            e);
        if (rc != ERR_OK)
            break;
        l->ramp_fall = fmax(l->ramp_fall, lint_fall(&out, down));
        l->finite = l->finite && lint_finite(&out);
        lint_picture_done(&out);
    }
    return rc;
}

static enum err_code noise(const struct plan *p, struct lint *l, struct err *e)
{
    int side = multiple(SLOPE_SIDE, plan_model(p)->geometry.align);
    struct lint_picture out;
    enum err_code rc =
        lint_picture_run(p, &(struct lint_input){side, side, noise_at, NULL}, &out, e);
    if (rc != ERR_OK)
        return rc;
    l->finite = l->finite && lint_finite(&out);
    lint_picture_done(&out);
    return ERR_OK;
}

enum err_code lint_run(const struct plan *p, struct lint *out, struct err *e)
{
    struct lint l = {.finite = true};
    l.skipped = work_of(plan_model(p), 1) > budget;
    if (l.skipped) {
        *out = l;
        return ERR_OK;
    }
    enum err_code rc = grays(p, &l, e);
    if (rc == ERR_OK)
        rc = slopes(p, &l, e);
    if (rc == ERR_OK)
        rc = ramps(p, &l, e);
    if (rc == ERR_OK)
        rc = noise(p, &l, e);
    if (rc == ERR_OK)
        *out = l;
    return rc;
}

int lint_print(const struct lint *l, FILE *to)
{
    int warnings = 0;
    if (l->skipped) {
        fputs("  the network is too large to run it on test pictures here\n", to);
        return 0;
    }
    if (l->small)
        fputs("  the network is large: the constant pictures are smaller than its halo\n", to);
    fprintf(to, "  %d constant grays: %d changed, by %.2f levels at most\n", l->grays,
            l->grays_changed, l->gray_error);
    fprintf(to, "  checkerboard %.2f levels on flat areas, %.2f on slopes; ramps fall by %.2f\n",
            l->checker_flat, l->checker_shaded, l->ramp_fall);
    const struct {
        bool bad;
        const char *says;
    } faults[] = {
        {!l->finite, "some pictures become NaN or infinity"},
        {l->grays_changed > 0, "flat areas do not keep their gray"},
        {!(l->checker_flat < checker_limit), "a checkerboard shows on flat areas"},
        {!(l->checker_shaded < checker_limit), "a checkerboard shows on gentle slopes"},
        {!(l->ramp_fall < fall_limit),
         "a steady ramp from black to white has steps back in the output"},
    };
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
        if (faults[i].bad) {
            fprintf(to, "  warning: %s\n", faults[i].says);
            warnings++;
        }
    return warnings;
}
