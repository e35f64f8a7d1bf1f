/* test_pngsuite_twice.c - enlarges every valid file of Willem van Schaik's PngSuite twice by the
 * default model, and compares the result with another way of making it. That way decodes with
 * libpng, computes every layer in double (nn_reference.h) and colour and chroma by the formulas
 * below, and decodes with libpng again. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/image/bleed.h"
#include "engine/transcode.h"
#include "server/models/models.h"
#include "server/options/options.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_reference.h"
#include "tests/lib/png_libpng.h"

/* The error of float32 sums against double, as a part of the whole range. Some 340 roundings of
 * 2^-24 follow one another in each of the six layers. Independent errors of that size add up to
 * 2^-24 * sqrt(2040) = 2.7e-6: that is their deviation, and the largest of the suite's 10^6 samples
 * lies at five times that, 0.9 levels of 16 bits. (The worst case of all roundings, as in
 * nn_reference.h, is three levels of 8 bits.) */
static const double float_error = 5 * 2.7e-6;

/* A picture as doubles in 0..1, [channel][y][x]. */
struct planes {
    int width, height, channels;
    double *at[4];
};

static struct planes planes_new(int width, int height, int channels)
{
    struct planes p = {width, height, channels, {NULL}};
    for (int c = 0; c < channels; c++)
        p.at[c] = calloc((size_t)width * (size_t)height, sizeof **p.at);
    return p;
}

static void planes_done(struct planes *p)
{
    for (int c = 0; c < p->channels; c++)
        free(p->at[c]);
}

static double sample_of(const uint8_t *pixels, size_t i, int depth)
{
    uint16_t v;
    if (depth == 8)
        return pixels[i] / 255.0;
    memcpy(&v, pixels + 2 * i, sizeof v);
    return v / 65535.0;
}

static struct planes planes_from(const uint8_t *pixels, const struct image_format *f)
{
    struct planes p = planes_new(f->width, f->height, f->channels);
    for (int i = 0; i < f->width * f->height; i++)
        for (int c = 0; c < f->channels; c++)
            p.at[c][i] = sample_of(pixels, (size_t)(i * f->channels + c), f->depth);
    return p;
}

static int inside(int v, int side)
{
    return v < 0 ? 0 : v >= side ? side - 1 : v;
}

/* Runs the network on the plane, extended by its last samples, and takes the middle of the
 * output. */
static void enlarge_by_network(const struct model *m, const double *in, int width, int height,
                               double *out)
{
    int align = m->geometry.align, margin = (m->geometry.halo / align + 2) * align;
    int w = (width + align - 1) / align * align + 2 * margin;
    int h = (height + align - 1) / align * align + 2 * margin;
    float *wide = malloc((size_t)w * (size_t)h * sizeof *wide);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            wide[y * w + x] =
                (float)in[inside(y - margin, height) * width + inside(x - margin, width)];
    struct exact *r = exact_model(m, wide, w, h, 1);
    ck_assert_ptr_nonnull(r);
    for (int y = 0; y < 2 * height; y++)
        for (int x = 0; x < 2 * width; x++)
            out[y * 2 * width + x] = r->value[(y + 2 * margin - m->geometry.crop.y) * r->width + x +
                                              2 * margin - m->geometry.crop.x];
    exact_free(r);
    free(wide);
}

/* Keys 1981, with a = -1/2. */
static double keys(double x)
{
    x = fabs(x);
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static void enlarge_by_bicubic(const double *in, int width, int height, double *out)
{
    for (int y = 0; y < 2 * height; y++)
        for (int x = 0; x < 2 * width; x++) {
            double cy = (y + 0.5) / 2 - 0.5, cx = (x + 0.5) / 2 - 0.5, sum = 0;
            for (int v = (int)floor(cy) - 1; v <= (int)floor(cy) + 2; v++)
                for (int u = (int)floor(cx) - 1; u <= (int)floor(cx) + 2; u++)
                    sum += keys(cy - v) * keys(cx - u) *
                           in[inside(v, height) * width + inside(u, width)];
            out[y * 2 * width + x] = sum;
        }
}

/* Enlarges colours in full-range BT.601. */
static void enlarge_color(const struct model *m, const struct planes *p, struct planes *out)
{
    struct planes ycc = planes_new(p->width, p->height, 3);
    struct planes big = planes_new(2 * p->width, 2 * p->height, 3);
    for (int i = 0; i < p->width * p->height; i++) {
        double r = p->at[0][i], g = p->at[1][i], b = p->at[2][i];
        double y = 0.299 * r + 0.587 * g + 0.114 * b;
        ycc.at[0][i] = y;
        ycc.at[1][i] = (b - y) / 1.772;
        ycc.at[2][i] = (r - y) / 1.402;
    }
    enlarge_by_network(m, ycc.at[0], p->width, p->height, big.at[0]);
    for (int c = 1; c < 3; c++)
        enlarge_by_bicubic(ycc.at[c], p->width, p->height, big.at[c]);
    for (int i = 0; i < big.width * big.height; i++) {
        double y = big.at[0][i], cb = big.at[1][i], cr = big.at[2][i];
        out->at[0][i] = y + 1.402 * cr;
        out->at[2][i] = y + 1.772 * cb;
        out->at[1][i] = (y - 0.299 * out->at[0][i] - 0.114 * out->at[2][i]) / 0.587;
    }
    planes_done(&ycc);
    planes_done(&big);
}

/* Makes alpha exactly 0 or 1 where the nine pixels around are all so (engine/tiles/flat.h). */
static void keep_flat(const double *in, int width, int height, double *out)
{
    for (int y = 0; y < 2 * height; y++)
        for (int x = 0; x < 2 * width; x++) {
            double sum = 0;
            for (int v = y / 2 - 1; v <= y / 2 + 1; v++)
                for (int u = x / 2 - 1; u <= x / 2 + 1; u++)
                    sum += in[inside(v, height) * width + inside(u, width)];
            if (sum == 0 || sum == 9)
                out[y * 2 * width + x] = sum / 9;
        }
}

static struct planes expect(const struct model *m, const struct planes *p)
{
    struct planes out = planes_new(2 * p->width, 2 * p->height, p->channels);
    if (p->channels >= 3)
        enlarge_color(m, p, &out);
    else
        enlarge_by_network(m, p->at[0], p->width, p->height, out.at[0]);
    if (p->channels % 2 == 0) {
        int alpha = p->channels - 1;
        bool opaque = true;
        for (int i = 0; i < p->width * p->height; i++)
            opaque &= p->at[alpha][i] == 1;
        if (opaque)
            for (int i = 0; i < out.width * out.height; i++)
                out.at[alpha][i] = 1;
        else
            enlarge_by_network(m, p->at[alpha], p->width, p->height, out.at[alpha]);
        keep_flat(p->at[alpha], p->width, p->height, out.at[alpha]);
    }
    return out;
}

/* Spreads colours under transparency, before anything else (test_bleed.c). */
static void spread_colors(uint8_t *pixels, const struct image_format *f)
{
    struct image *img = NULL;
    struct bleed *b = NULL;
    ck_assert_int_eq(image_new(f, &img, NULL), ERR_OK);
    memcpy(img->pixels, pixels, image_bytes(f));
    if (bleed_look(img, 0, f->height) == ALPHA_HOLES) {
        ck_assert_int_eq(bleed_new(img, &b, NULL), ERR_OK);
        while (!bleed_step(b, 1000))
            ;
        memcpy(pixels, img->pixels, image_bytes(f));
    }
    bleed_free(b);
    image_free(img);
}

/* Does what a request does, from file to file. */
static struct buf transcode(struct pool *pool, const struct plan *plan, const uint8_t *bytes,
                            size_t length, const char *name)
{
    struct transcode_params params = {.set = chain_set_of(plan),
                                      .size.scale = 2,
                                      .border = -1,
                                      .compression = 6,
                                      .limits = png_default_limits,
                                      .max_output_pixels = 1 << 24,
                                      .max_output_bytes = (size_t)1 << 30};
    struct transcode_report report;
    struct buf in, out;
    struct err e = ERR_INIT;
    buf_init(&in, length);
    buf_init(&out, 1 << 24);
    ck_assert_int_eq(buf_append(&in, bytes, length, NULL), ERR_OK);
    enum err_code rc = transcode_run(&(struct transcode_call){.pool = pool, .params = &params}, &in,
                                     &out, &report, &e);
    ck_assert_msg(rc == ERR_OK, "%s: %s", name, e.text);
    return out;
}

/* Checks that a stored sample is the exact one, limited to the range and rounded once. */
static void compare(const struct planes *want, const uint8_t *got, const struct image_format *f,
                    const char *name)
{
    double most = f->depth == 8 ? 255 : 65535, allowed = 0.5 + most * float_error;
    ck_assert_msg(f->width == want->width && f->height == want->height &&
                      f->channels == want->channels,
                  "%s: another format", name);
    for (int i = 0; i < f->width * f->height; i++)
        for (int c = 0; c < f->channels; c++) {
            double exact = fmin(fmax(want->at[c][i], 0), 1) * most;
            double there = sample_of(got, (size_t)(i * f->channels + c), f->depth) * most;
            double off = fabs(exact - there);
            ck_assert_msg(off <= allowed, "%s: pixel %d, channel %d: %g instead of %g", name, i, c,
                          there, exact);
        }
}

/* The expected outputs so far. Half of the suite has the same pictures in another form. */
struct known {
    struct image_format format;
    uint8_t *pixels;
    struct planes want;
};
static struct known known[256];
static int known_count;

/* Returns the expected output. Takes over `pixels`. */
static const struct planes *expect_known(const struct model *m, uint8_t *pixels,
                                         const struct image_format *f)
{
    for (int i = 0; i < known_count; i++)
        if (memcmp(&known[i].format, f, sizeof *f) == 0 &&
            memcmp(known[i].pixels, pixels, image_bytes(f)) == 0) {
            free(pixels);
            return &known[i].want;
        }
    ck_assert_int_lt(known_count, 256);
    struct planes small = planes_from(pixels, f);
    known[known_count] = (struct known){*f, pixels, expect(m, &small)};
    planes_done(&small);
    return &known[known_count++].want;
}

static void forget_known(void)
{
    for (int i = 0; i < known_count; i++) {
        free(known[i].pixels);
        planes_done(&known[i].want);
    }
    known_count = 0;
}

static void check_file(struct pool *pool, const struct model_entry *entry, const char *name,
                       const char *path)
{
    size_t length;
    struct image_format f, g;
    uint8_t *bytes = harness_read(path, &length);
    uint8_t *decoded = png_libpng_decode(bytes, length, &f);
    ck_assert_ptr_nonnull(decoded);
    spread_colors(decoded, &f);
    const struct planes *want = expect_known(entry->model, decoded, &f);
    struct buf out = transcode(pool, entry->plan, bytes, length, name);
    uint8_t *got = png_libpng_decode(out.data, out.length, &g);
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(f.depth, g.depth);
    compare(want, got, &g, name);
    buf_done(&out);
    free(bytes);
    free(got);
}

START_TEST(every_file_is_what_the_definitions_make_of_it)
{
    char folder[4096], path[8192];
    struct pool *pool = NULL;
    struct models *models = NULL;
    const struct model_entry *entry = NULL;
    struct err e = ERR_INIT;
    int checked = 0;
    ck_assert_int_eq(pool_new(2, &pool, &e), ERR_OK);
    enum err_code rc = models_new(
        pool, &(struct models_source){NULL, NULL, model_default_limits, NULL}, &models, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    ck_assert_int_eq(models_get(models, NULL, &entry, &e), ERR_OK);
    snprintf(folder, sizeof folder, "%s", harness_data("pngsuite/basn0g01.png"));
    *strrchr(folder, '/') = 0;
    DIR *d = opendir(folder);
    for (struct dirent *file; (file = readdir(d));) {
        const char *dot = strrchr(file->d_name, '.');
        if (!dot || strcmp(dot, ".png") != 0 || file->d_name[0] == 'x')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        check_file(pool, entry, file->d_name, path);
        checked++;
    }
    closedir(d);
    forget_known();
    ck_assert_int_ge(checked, 160);
    models_release(entry);
    models_free(models);
    pool_free(pool);
}
END_TEST

int main(void)
{
    if (!harness_data("pngsuite/basn0g01.png"))
        return harness_skip("no PngSuite in the test data");
    Suite *s = suite_create("pngsuite_twice");
    TCase *c = tcase_create("pngsuite_twice");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, every_file_is_what_the_definitions_make_of_it);
    suite_add_tcase(s, c);
    return harness_run(s);
}
