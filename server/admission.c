/* admission.c - see admission.h.
 *
 * Memory: the decoded picture; where alpha has holes, the table that fills them; a band of the
 * output and its strips; the output file, which can be as large as its pixels and is moved as it
 * grows. What a file's header leaves open (tRNS may add an alpha channel) is taken as the larger.
 */
#include "server/admission.h"

enum {
    BLEED_PIXEL_BYTES = 2,
    BAND_ROWS = 512,       /* of a band, for each thread: the most there can be */
    AXIS_BYTES = 256,      /* of resampling, for each row and column of the output */
    FIXED_BYTES = 1 << 20, /* libpng, zlib, the request itself */
    EXPANSION = 64,        /* stored deflate blocks add less than a 64th */
};

static double scaled(double pixels, int scale, int times)
{
    for (; times > 0; times--)
        pixels *= (double)scale * scale;
    return pixels;
}

/* The network is repeated until the output's size is reached. */
static double count_macs(const struct model *m, const struct png_head *h, const struct need *n)
{
    double in = (double)h->width * h->height, out = (double)n->width * n->height, pixels = 0;
    if (n->width == h->width && n->height == h->height)
        return 0;
    for (int k = 0; k < 3 && (k == 0 || scaled(in, m->scale, k) < out); k++)
        pixels += scaled(in, m->scale, k);
    bool has_alpha = h->color_type & 4;
    return pixels * m->geometry.macs_per_pixel * (has_alpha ? 2 : 1);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static double count_bytes(const struct admission_host *host, const struct transcode_params *p,
                          const struct png_head *h, const struct need *n)
{
    static const int channels[7] = {[0] = 2, [2] = 4, [3] = 4, [4] = 2, [6] = 4};
    int depth = p->depth ? p->depth : h->bit_depth == 16 ? 16 : 8;
    double row = (double)n->width * channels[h->color_type] * (depth / 8);
    double band = row * least(n->height, (double)BAND_ROWS * host->threads);
    double output = least(row * n->height, (double)host->max_output_bytes);
    double bytes = (double)png_head_pixel_bytes(h);
    bytes += (double)h->width * h->height * BLEED_PIXEL_BYTES;
    bytes += (double)(n->width + n->height) * AXIS_BYTES + FIXED_BYTES;
    bytes += 2 * (band + band / EXPANSION) + 2 * (output + output / EXPANSION);
    if (plan_model(p->plan)->geometry.whole)
        bytes += (double)p->max_whole_bytes;
    return bytes;
}

enum err_code admission_judge(const struct admission_host *host,
                              const struct transcode_params *params, const uint8_t *head,
                              size_t length, struct need *out, struct err *e)
{
    struct png_head h;
    struct need n = {0};
    enum err_code rc = transcode_judge(params, head, length, &n.width, &n.height, e);
    if (rc == ERR_OK)
        rc = png_head_read(head, length, &params->limits, &h, e);
    if (rc != ERR_OK)
        return rc;
    static const int channels[7] = {[0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4};
    n.in_pixels = (double)h.width * h.height;
    n.macs = count_macs(plan_model(params->plan), &h, &n);
    n.out_samples = (double)n.width * n.height * channels[h.color_type];
    n.work_bytes = (int64_t)least(count_bytes(host, params, &h, &n), (double)INT64_MAX / 4);
    *out = n;
    return ERR_OK;
}
