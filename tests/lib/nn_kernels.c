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

/* Computes one line of B' d. */
static void transform_in(const float d[6], float v[6])
{
    float p = fmaf(-4, d[2], d[4]), q = fmaf(-4, d[1], d[3]), r = d[4] - d[2], s = d[3] - d[1];
    v[0] = fmaf(4, d[0], fmaf(-5, d[2], d[4]));
    v[1] = p + q;
    v[2] = p - q;
    v[3] = fmaf(2, s, r);
    v[4] = fmaf(-2, s, r);
    v[5] = fmaf(4, d[1], fmaf(-5, d[3], d[5]));
}

/* Computes one line of A' m. */
static void transform_out(const float m[6], float o[4])
{
    float t = m[1] + m[2], u = m[3] + m[4], g = m[1] - m[2], h = m[3] - m[4];
    o[0] = (m[0] + t) + u;
    o[1] = fmaf(2, h, g);
    o[2] = fmaf(4, u, t);
    o[3] = fmaf(8, h, g) + m[5];
}

/* Computes V of one channel of one tile. */
static void tile_in(const struct kernel_winograd *k, int tile, int c, float v[36])
{
    int blocks = (k->in_channels + LANES - 1) / LANES;
    float half[6][6];
    for (int x = 0; x < 6; x++) {
        float d[6], column[6];
        for (int y = 0; y < 6; y++)
            d[y] = k->in[y * blocks + c / LANES][(4 * tile + x) * LANES + c % LANES];
        transform_in(d, column);
        for (int y = 0; y < 6; y++)
            half[y][x] = column[y];
    }
    for (int y = 0; y < 6; y++)
        transform_in(half[y], v + 6 * y);
}

static void tile_out(const struct kernel_winograd *k, int tile, int o, const float m[36])
{
    float half[4][6];
    int block = o / LANES;
    for (int x = 0; x < 6; x++) {
        float column[6], made[4];
        for (int y = 0; y < 6; y++)
            column[y] = m[6 * y + x];
        transform_out(column, made);
        for (int y = 0; y < 4; y++)
            half[y][x] = made[y];
    }
    for (int y = 0; y < 4; y++) {
        float row[4];
        transform_out(half[y], row);
        for (int x = 0; x < 4; x++) {
            int i = y * k->out_blocks + block, at = (4 * tile + x) * LANES + o % LANES;
            k->out[i][at] =
                finish(&k->store, o, row[x] + k->bias[o], k->add ? k->add[i] + at : NULL);
        }
    }
}

static void winograd(const struct kernel_winograd *k)
{
    enum { MOST = 1024 };
    static _Thread_local float v[MOST][36];
    for (int tile = 0; tile < k->tiles; tile++) {
        for (int c = 0; c < k->in_channels; c++)
            tile_in(k, tile, c, v[c]);
        for (int o = 0; o < LANES * k->out_blocks; o++) {
            float m[36];
            for (int i = 0; i < 36; i++) {
                const float *u = k->weight + ((size_t)(o / LANES) * 36 + (size_t)i) *
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

/* Computes one line of B' d. */
static void tall_in(const float d[8], float v[8])
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
            tall_in(d, v);
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
