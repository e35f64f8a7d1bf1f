/* nn_kernels.c - see nn_kernels.h. */
#include "tests/lib/nn_kernels.h"

#include <math.h>

enum { LANES = KERNEL_LANES };

static float finish(const struct kernel_store *s, int o, float v, const float *add)
{
    if (add && s->add_first)
        v += *add;
    v = v < 0 ? s->slope[o] * v : v;
    if (add && !s->add_first)
        v += *add;
    v = v > s->lo ? v : s->lo;
    return v < s->hi ? v : s->hi;
}

static void conv(const struct kernel_conv *k, int block)
{
    int blocks = (k->in_channels + block - 1) / block;
    int weights = k->kernel_y * k->kernel_x * k->in_channels * LANES;
    for (int x = 0; x < k->width; x++)
        for (int o = 0; o < k->out_blocks * LANES; o++) {
            const float *w = k->weight + o / LANES * weights + o % LANES;
            float v = k->bias[o];
            for (int ky = 0; ky < k->kernel_y; ky++)
                for (int b = 0; b < blocks; b++)
                    for (int kx = 0; kx < k->kernel_x; kx++)
                        for (int c = 0; c < block && b * block + c < k->in_channels; c++) {
                            v = fmaf(k->in[ky * blocks + b][(x + kx) * block + c], *w, v);
                            w += LANES;
                        }
            int at = x * k->step + o % LANES;
            k->out[o / LANES][at] = finish(&k->store, o, v, k->add ? k->add[o / LANES] + at : NULL);
        }
}

static void conv_planar(const struct kernel_conv *k)
{
    conv(k, 1);
}

static void conv_blocked(const struct kernel_conv *k)
{
    conv(k, LANES);
}

enum { MOST_SIDE = KERNEL_WINOGRAD_MOST + 2 };

/* Computes one line of B' d of six points. */
static void six_in(const float *d, float *v)
{
    float p = fmaf(-4, d[2], d[4]), q = fmaf(-4, d[1], d[3]), r = d[4] - d[2], s = d[3] - d[1];
    v[0] = fmaf(4, d[0], fmaf(-5, d[2], d[4]));
    v[1] = p + q;
    v[2] = p - q;
    v[3] = fmaf(2, s, r);
    v[4] = fmaf(-2, s, r);
    v[5] = fmaf(4, d[1], fmaf(-5, d[3], d[5]));
}

/* Computes one line of B' d. */
static void eight_in(const float d[8], float v[8])
{
    static const float points[3][3] = {{1, -4.25f, 1}, {0.25f, -1.25f, 2}, {4, -5, 0.5f}};
    v[0] = fmaf(5.25f, d[4] - d[2], d[0] - d[6]);
    for (int i = 0; i < 3; i++) {
        float low = points[i][0], mid = points[i][1], x = points[i][2];
        float p = fmaf(mid, d[4], fmaf(low, d[2], d[6])),
              q = fmaf(mid, d[3], fmaf(low, d[1], d[5]));
        v[1 + 2 * i] = fmaf(x, q, p);
        v[2 + 2 * i] = fmaf(-x, q, p);
    }
    v[7] = fmaf(5.25f, d[3] - d[5], d[7] - d[1]);
}

static void line_in(int side, const float *d, float *v)
{
    if (side == MOST_SIDE)
        eight_in(d, v);
    else
        six_in(d, v);
}

/* Computes one line of A' m. */
static void line_out(int side, const float *m, float *o)
{
    float t = m[1] + m[2], u = m[3] + m[4], e = m[1] - m[2], g = m[3] - m[4];
    if (side < MOST_SIDE) {
        o[0] = (m[0] + t) + u;
        o[1] = fmaf(2, g, e);
        o[2] = fmaf(4, u, t);
        o[3] = fmaf(8, g, e) + m[5];
        return;
    }
    float w = m[5] + m[6], h = m[5] - m[6];
    o[0] = (m[0] + t) + (u + w);
    o[1] = fmaf(2, g, fmaf(0.5f, h, e));
    o[2] = fmaf(4, u, fmaf(0.25f, w, t));
    o[3] = fmaf(8, g, fmaf(0.125f, h, e));
    o[4] = fmaf(16, u, fmaf(0.0625f, w, t));
    o[5] = fmaf(32, g, fmaf(0.03125f, h, e)) + m[7];
}

/* Computes V of one channel of one tile. */
static void tile_in(const struct kernel_winograd *k, int tile, int c, float *v)
{
    int blocks = (k->in_channels + LANES - 1) / LANES, side = k->gives + 2;
    float half[MOST_SIDE][MOST_SIDE];
    for (int x = 0; x < side; x++) {
        float d[MOST_SIDE], column[MOST_SIDE];
        for (int y = 0; y < side; y++)
            d[y] = k->in[y * blocks + c / LANES][(k->gives * tile + x) * LANES + c % LANES];
        line_in(side, d, column);
        for (int y = 0; y < side; y++)
            half[y][x] = column[y];
    }
    for (int y = 0; y < side; y++)
        line_in(side, half[y], v + side * y);
}

static void tile_out(const struct kernel_winograd *k, int tile, int o, const float *m)
{
    float half[KERNEL_WINOGRAD_MOST][MOST_SIDE];
    int block = o / LANES, side = k->gives + 2;
    for (int x = 0; x < side; x++) {
        float column[MOST_SIDE], made[KERNEL_WINOGRAD_MOST];
        for (int y = 0; y < side; y++)
            column[y] = m[side * y + x];
        line_out(side, column, made);
        for (int y = 0; y < k->gives; y++)
            half[y][x] = made[y];
    }
    for (int y = 0; y < k->gives; y++) {
        float row[KERNEL_WINOGRAD_MOST];
        line_out(side, half[y], row);
        for (int x = 0; x < k->gives; x++) {
            int i = y * k->out_blocks + block, at = (k->gives * tile + x) * LANES + o % LANES;
            k->out[i][at] =
                finish(&k->store, o, row[x] + k->bias[o], k->add ? k->add[i] + at : NULL);
        }
    }
}

static void winograd(const struct kernel_winograd *k)
{
    enum { MOST = 1024 };
    static _Thread_local float v[MOST][MOST_SIDE * MOST_SIDE];
    size_t points = (size_t)((k->gives + 2) * (k->gives + 2));
    for (int tile = 0; tile < k->tiles; tile++) {
        for (int c = 0; c < k->in_channels; c++)
            tile_in(k, tile, c, v[c]);
        for (int o = 0; o < LANES * k->out_blocks; o++) {
            float m[MOST_SIDE * MOST_SIDE];
            for (size_t i = 0; i < points; i++) {
                const float *u = k->weight + (i * (size_t)k->out_blocks + (size_t)(o / LANES)) *
                                                 (size_t)k->in_channels * LANES;
                m[i] = 0;
                for (int c = 0; c < k->in_channels; c++)
                    m[i] = fmaf(v[c][i], u[c * LANES + o % LANES], m[i]);
            }
            tile_out(k, tile, o, m);
        }
    }
}

static void planes(const struct kernel_planes *k)
{
    for (int x = 0; x < k->width; x++)
        for (int o = 0; o < k->outs; o++) {
            const float *w = k->weight + o;
            float v = k->bias[o];
            for (int c = 0; c < k->in_channels; c++)
                for (int ky = 0; ky < k->kernel_y; ky++)
                    for (int kx = 0; kx < k->kernel_x; kx++, w += 4)
                        v = fmaf(k->in[c * k->kernel_y + ky][x + kx], *w, v);
            int row = k->interleave ? o / 2 : o, at = k->interleave ? 2 * x + o % 2 : x;
            k->out[row][at] = finish(&k->store, o, v, k->add ? k->add[row] + at : NULL);
        }
}

/* Computes one line of A' m. */
static void tall_out(const float m[8], float o[4])
{
    float t = m[1] + m[2], u = m[3] + m[4], w = m[5] + m[6];
    float e = m[1] - m[2], g = m[3] - m[4], h = m[5] - m[6];
    o[0] = (m[0] + t) + (u + w);
    o[1] = fmaf(2, g, fmaf(0.5f, h, e));
    o[2] = fmaf(4, u, fmaf(0.25f, w, t));
    o[3] = fmaf(8, g, fmaf(0.125f, h, e)) + m[7];
}

/* Computes the products of one output of a group. */
static void tall_products(const struct kernel_planes *k, int x, int group, int o, float m[8])
{
    for (int i = 0; i < 8; i++)
        m[i] = 0;
    for (int c = 0; c < k->in_channels; c++)
        for (int kx = 0; kx < k->kernel_x; kx++) {
            float d[8], v[8];
            for (int y = 0; y < 8; y++)
                d[y] = k->in[c * 8 + y][x + kx];
            eight_in(d, v);
            for (int i = 0; i < 8; i++) {
                int at = ((group * 8 + i) * k->in_channels + c) * k->kernel_x + kx;
                m[i] = fmaf(v[i], k->weight[4 * at + o], m[i]);
            }
        }
}

static void tall(const struct kernel_tall *all)
{
    const struct kernel_planes *k = &all->planes;
    int rows = k->interleave ? 2 : k->outs;
    for (int x = 0; x < k->width; x++)
        for (int i = 0; i < all->groups * k->outs; i++) {
            int group = i / k->outs, o = i % k->outs, lane = 4 * group + o;
            float m[8], v[4];
            tall_products(k, x, group, o, m);
            tall_out(m, v);
            for (int y = 0; y < 4; y++) {
                int row = (4 * group + y) * rows + (k->interleave ? o / 2 : o);
                int at = k->interleave ? 2 * x + o % 2 : x;
                k->out[row][at] =
                    finish(&k->store, lane, v[y] + k->bias[lane], k->add ? k->add[row] + at : NULL);
            }
        }
}

static void unblock(const float *in, float *const *out, int channels, int width)
{
    for (int c = 0; c < channels; c++)
        for (int x = 0; x < width; x++)
            out[c][x] = in[x * LANES + c];
}

static void merge(const struct kernel_merge *k, int length)
{
    for (int x = 0; x < length; x++) {
        float v = k->in[0][x];
        for (int n = 1; n < k->count; n++)
            v = k->product ? v * k->in[n][x] : v + k->in[n][x];
        k->out[x] = v;
    }
}

static void finish_row(const struct kernel_store *store, float *row, int length)
{
    for (int x = 0; x < length; x++)
        row[x] = finish(store, x % LANES, row[x], NULL);
}

static void interleave(const float *const *planes, int count, float *out, int width)
{
    for (int x = 0; x < width; x++)
        for (int k = 0; k < count; k++)
            out[x * count + k] = planes[k][x];
}

const struct kernels kernels_plain = {
    .name = "plain",
    .fused = true,
    .conv_planar = conv_planar,
    .conv_blocked = conv_blocked,
    .winograd = winograd,
    .planes = planes,
    .tall = tall,
    .unblock = unblock,
    .merge = merge,
    .finish = finish_row,
    .interleave = interleave,
};
