/* fast_winograd.c - 3x3 convolutions and their gradients in Winograd's space.
 *
 * This is F(4x4, 3x3) of Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks",
 * with the points 0, 1, -1, 2, -2 and infinity: Y = A'[(G g G') . (B' d B)]A for a tile d of 6x6
 * pixels. fast.py computes G g G' and transforms its gradient back to g. The gradients follow from
 * that formula by the chain rule: dM = A dY A', whose product with B' d B is the gradient of the
 * kernel, and dX = B (dM . kernel) B'.
 *
 * For each of the 36 points this is a product of matrices, [tiles][in] x [in][out], with a quarter
 * of the multiplications of the plain convolution. The transforms are 15 to 25 % of the work. */
#include "fast.h"

#define INLINE static inline __attribute__((always_inline))

/* The pixels of a square. Rows are `row` vectors apart, and columns `col`. */
struct grid {
    v16 *at;
    size_t row, col;
};

typedef void line(const v16 *in, v16 *out);

INLINE void input_line(const v16 *d, v16 *t)
{
    const v16 a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);
    t[0] = 4 * d[0] - 5 * d[2] + d[4];
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

INLINE void input_back(const v16 *t, v16 *x)
{
    const v16 s = t[1] + t[2], d = t[1] - t[2], p = t[3] + t[4], q = t[3] - t[4];
    x[0] = 4 * t[0];
    x[1] = 4 * (t[5] - d) - 2 * q;
    x[2] = -5 * t[0] - 4 * s - p;
    x[3] = d + 2 * q - 5 * t[5];
    x[4] = t[0] + s + p;
    x[5] = t[5];
}

INLINE void output_line(const v16 *m, v16 *y)
{
    const v16 s = m[1] + m[2], d = m[1] - m[2], p = m[3] + m[4], q = m[3] - m[4];
    y[0] = m[0] + s + p;
    y[1] = d + 2 * q;
    y[2] = s + 4 * p;
    y[3] = d + 8 * q + m[5];
}

INLINE void output_back(const v16 *y, v16 *m)
{
    const v16 even = y[0] + y[2], odd = y[1] + y[3], far = y[0] + 4 * y[2],
              farther = 2 * y[1] + 8 * y[3];
    m[0] = y[0];
    m[1] = even + odd;
    m[2] = even - odd;
    m[3] = far + farther;
    m[4] = far - farther;
    m[5] = y[3];
}

/* Applies `f` to the columns, and then to the rows: from x from pixels become to x to. */
INLINE void square(line *f, int from, int to, struct grid in, struct grid out)
{
    v16 half[36], one[6], other[6];
    for (int x = 0; x < from; x++) {
        for (int y = 0; y < from; y++)
            one[y] = in.at[(size_t)y * in.row + (size_t)x * in.col];
        f(one, other);
        for (int y = 0; y < to; y++)
            half[y * from + x] = other[y];
    }
    for (int y = 0; y < to; y++) {
        f(half + y * from, other);
        for (int x = 0; x < to; x++)
            out.at[(size_t)y * out.row + (size_t)x * out.col] = other[x];
    }
}

/* Returns the vectors from one point's matrix to the next. It is an odd number of cache lines, so
 * that the 36 matrices share no cache set. */
static size_t step(int vecs)
{
    return (size_t)TILES * (size_t)vecs + 1;
}

size_t conv_work(int vecs)
{
    return 2 * POINTS * step(vecs) * C;
}

static struct grid point_grid(v16 *matrix, int vecs, int tile)
{
    const size_t apart = step(vecs);
    return (struct grid){matrix + (size_t)tile * (size_t)vecs, 6 * apart, apart};
}

/* Returns the place of a tile's pixels. */
static struct grid tile_grid(const struct map *m, int wide, int tile)
{
    return (struct grid){map_pixel(m, tile / wide * 4, tile % wide * 4), map_pitch(m),
                         (size_t)m->vecs};
}

INLINE struct grid vector_of(struct grid g, int k)
{
    g.at += k;
    return g;
}

/* Transform `tiles` tiles from `first` on, in rows of `wide`, to Winograd's space, by B' or by
 * A. */
static void to_points_b(const struct map *m, int wide, int first, int tiles, v16 *points)
{
    for (int t = 0; t < tiles; t++)
        for (int k = 0; k < m->vecs; k++)
            square(input_line, 6, 6, vector_of(tile_grid(m, wide, first + t), k),
                   vector_of(point_grid(points, m->vecs, t), k));
}

static void to_points_a(const struct map *m, int wide, int first, int tiles, v16 *points)
{
    for (int t = 0; t < tiles; t++)
        for (int k = 0; k < m->vecs; k++)
            square(output_back, 4, 6, vector_of(tile_grid(m, wide, first + t), k),
                   vector_of(point_grid(points, m->vecs, t), k));
}

/* Computes to[tile][nv] = from[tile][in] x kernel[in][nv] for P tiles. Rows of kernel and `to` have
 * `row` vectors. */
INLINE void product_block(int P, int NV, const float *from, int in, const v16 *kernel, v16 *to,
                          size_t row)
{
    v16 sum[24] = {{0}};
    for (int i = 0; i < in; i++, kernel += row)
        for (int p = 0; p < P; p++)
            for (int k = 0; k < NV; k++)
                sum[p * NV + k] += kernel[k] * from[p * in + i];
    for (int p = 0; p < P; p++)
        for (int k = 0; k < NV; k++)
            to[(size_t)p * row + (size_t)k] = sum[p * NV + k];
}

INLINE void product_columns(int P, int NV, const v16 *from, int in, const v16 *kernel, v16 *to,
                            int vecs, int tiles)
{
    for (int k = 0; k < vecs; k += NV)
        for (int t = 0; t < tiles; t += P)
            product_block(P, NV, (const float *)(const void *)from + t * in, in, kernel + k,
                          to + (size_t)t * (size_t)vecs + k, (size_t)vecs);
}

/* Computes one point's [tiles][in] x [in][vecs]. It writes up to 11 more tiles, for which TILES
 * leaves room. */
static void product(const v16 *from, int in, const v16 *kernel, v16 *to, int vecs, int tiles)
{
#ifdef __AVX512F__ /* 24 sums, 1 to 4 vectors of a kernel and a pixel fill 32 registers */
    switch (vecs) {
    case 1:
        product_columns(12, 1, from, in, kernel, to, vecs, tiles);
        break;
    case 2:
        product_columns(12, 2, from, in, kernel, to, vecs, tiles);
        break;
    case 3:
        product_columns(8, 3, from, in, kernel, to, vecs, tiles);
        break;
    default:
        product_columns(6, 4, from, in, kernel, to, vecs, tiles);
        break;
    }
#else /* a vector is two registers of 16 */
    if (vecs % 2)
        product_columns(6, 1, from, in, kernel, to, vecs, tiles);
    else
        product_columns(3, 2, from, in, kernel, to, vecs, tiles);
#endif
}

/* Adds to to[in][nv] the sum over tiles of from[tile][in] gradient[tile][nv], for IN of `in`. */
INLINE void outer_block(int IN, int NV, const float *from, int in, const v16 *gradient, v16 *to,
                        int vecs, int tiles)
{
    v16 sum[24] = {{0}};
    for (int t = 0; t < tiles; t++, from += in, gradient += vecs)
        for (int i = 0; i < IN; i++)
            for (int k = 0; k < NV; k++)
                sum[i * NV + k] += gradient[k] * from[i];
    for (int i = 0; i < IN; i++)
        for (int k = 0; k < NV; k++)
            to[i * vecs + k] += sum[i * NV + k];
}

INLINE void outer_columns(int IN, int NV, const v16 *from, int in, const v16 *gradient, v16 *to,
                          int vecs, int tiles)
{
    for (int k = 0; k < vecs; k += NV)
        for (int i = 0; i < in; i += IN)
            outer_block(IN, NV, (const float *)(const void *)from + i, in, gradient + k,
                        to + i * vecs + k, vecs, tiles);
}

static void outer(const v16 *from, int in, const v16 *gradient, v16 *to, int vecs, int tiles)
{
#ifdef __AVX512F__
    switch (vecs) {
    case 1:
        outer_columns(16, 1, from, in, gradient, to, vecs, tiles);
        break;
    case 3:
        outer_columns(8, 3, from, in, gradient, to, vecs, tiles);
        break;
    default:
        outer_columns(8, 2, from, in, gradient, to, vecs, tiles);
        break;
    }
#else
    if (vecs % 2)
        outer_columns(4, 1, from, in, gradient, to, vecs, tiles);
    else
        outer_columns(2, 2, from, in, gradient, to, vecs, tiles);
#endif
}

typedef int mask16 __attribute__((vector_size(64)));

INLINE v16 prelu(v16 y, v16 slope)
{
    const mask16 take = y > 0;
    return (v16)(((mask16)y & take) | ((mask16)(y * slope) & ~take));
}

/* Transforms tiles back from Winograd's space, with bias and activation. */
static void from_points(v16 *points, int first, int tiles, int wide, const struct layer *l,
                        const struct map *z, const struct map *act)
{
    for (int t = 0; t < tiles; t++)
        for (int k = 0; k < z->vecs; k++) {
            const v16 bias = ((const v16 *)(const void *)l->bias)[k];
            struct grid to = vector_of(tile_grid(z, wide, first + t), k);
            v16 y[16];
            square(output_line, 6, 4, vector_of(point_grid(points, z->vecs, t), k),
                   (struct grid){y, 4, 1});
            for (int n = 0; n < 16; n++)
                to.at[(size_t)(n / 4) * to.row + (size_t)(n % 4) * to.col] = y[n] = y[n] + bias;
            if (!l->slope)
                continue;
            const v16 slope = ((const v16 *)(const void *)l->slope)[k];
            to = vector_of(tile_grid(act, wide, first + t), k);
            for (int n = 0; n < 16; n++)
                to.at[(size_t)(n / 4) * to.row + (size_t)(n % 4) * to.col] = prelu(y[n], slope);
        }
}

void conv_forward(const struct map *in, const struct layer *l, const struct map *z,
                  const struct map *act, float *work)
{
    const int wide = (z->side + 3) / 4, all = wide * wide;
    v16 *from = (v16 *)(void *)work, *to = from + POINTS * step(in->vecs);
    for (int first = 0; first < all; first += TILES) {
        const int tiles = all - first < TILES ? all - first : TILES;
        to_points_b(in, wide, first, tiles, from);
        for (int p = 0; p < POINTS; p++)
            product(from + (size_t)p * step(in->vecs), in->vecs * C,
                    (const v16 *)(const void *)l->kernel +
                        (size_t)p * (size_t)(in->vecs * C * z->vecs),
                    to + (size_t)p * step(z->vecs), z->vecs, tiles);
        from_points(to, first, tiles, wide, l, z, act);
    }
}

static void scatter(v16 *points, int first, int tiles, int wide, const struct map *gin)
{
    for (int t = 0; t < tiles; t++)
        for (int k = 0; k < gin->vecs; k++) {
            const struct grid to = vector_of(tile_grid(gin, wide, first + t), k);
            v16 x[POINTS];
            square(input_back, 6, 6, vector_of(point_grid(points, gin->vecs, t), k),
                   (struct grid){x, 6, 1});
            for (int n = 0; n < POINTS; n++)
                to.at[(size_t)(n / 6) * to.row + (size_t)(n % 6) * to.col] += x[n];
        }
}

void conv_backward(const struct map *in, const struct layer *l, const struct map *gz,
                   const struct map *gin, float *gkernel, float *work)
{
    const int wide = (gz->side + 3) / 4, all = wide * wide;
    const size_t size = (size_t)(in->vecs * C * gz->vecs);
    v16 *from = (v16 *)(void *)work, *back = from + POINTS * step(in->vecs);
    for (int first = 0; first < all; first += TILES) {
        const int tiles = all - first < TILES ? all - first : TILES;
        to_points_b(in, wide, first, tiles, from);
        to_points_a(gz, wide, first, tiles, back);
        for (int p = 0; p < POINTS; p++) {
            v16 *pixels = from + (size_t)p * step(in->vecs);
            const v16 *gradient = back + (size_t)p * step(gz->vecs);
            outer(pixels, in->vecs * C, gradient, (v16 *)(void *)gkernel + (size_t)p * size,
                  gz->vecs, tiles);
            if (gin) /* takes the place of the pixels, which are not needed any more */
                product(gradient, gz->vecs * C,
                        (const v16 *)(const void *)l->turned + (size_t)p * size, pixels, in->vecs,
                        tiles);
        }
        if (gin)
            scatter(from, first, tiles, wide, gin);
    }
}
