/* kernels.h - the inner loops of the network, and their formulas.
 *
 * There is one set of kernels for each vector unit: one file that exports one table. All sets take
 * the same arguments, layouts and packed weights, and compute every output by the operations that
 * are stated here, in this order. So the sets with fused multiply-add (AVX2, AVX-512, NEON) agree
 * to the bit; the C set multiplies and adds with two roundings. Lanes are independent outputs,
 * never parts of one sum. No output depends on its place in a row or on its neighbours.
 *
 * Rows of activations come in two layouts, float32:
 *   planar   one row for each channel: [x]
 *   blocked  16 channels together: [x][16]; a tensor of c channels has ceil(c / 16) blocks, and
 *            the lanes beyond c hold zeros
 * Pointers to blocked rows and weights are aligned to 64 bytes; planar ones to 4.
 * fma(a, b, c) is a * b + c with one rounding. Threads: pure functions.
 * Winograd: Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural Networks". */
#ifndef UPSCALED_NN_KERNELS_H
#define UPSCALED_NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

enum { KERNEL_LANES = 16 };

/* What is done to a sum v before it is stored:
 *   v = v + add              if there is an `add` and add_first is set
 *   v = v < 0 ? slope * v : v
 *   v = v + add              if there is an `add` and add_first is not set
 *   v = min(max(v, lo), hi) */
struct kernel_store {
    const float *slope; /* for each output channel: 1 without activation, 0 for ReLU, or PReLU's */
    float lo, hi;       /* -INFINITY and INFINITY for no clamp */
    bool add_first;
};

/* One row of a convolution with stride 1, in blocks of 16 output channels:
 *   v = bias[o]; for ky, for block b of the input, for kx, for channel c of b:
 *       v = fma(in[ky][b][x + kx][c], weight[ky][b][kx][c][o], v)
 * Only the channels below in_channels are summed. In a planar row a block is one channel. */
struct kernel_conv {
    const float *const *in; /* [kernel_y][blocks], each at the first tap of the first output */
    int in_channels, kernel_y, kernel_x, out_blocks;
    const float *weight; /* [out block][kernel_y][blocks][kernel_x][channels of a block][16], dense:
                            the last block has only in_channels % 16 if that is not 0 */
    const float *bias;   /* [out block][16] */
    struct kernel_store store; /* slope [out block][16] */
    const float *const *add;   /* as `out`, or NULL */
    float *const *out;         /* [out block], each of width vectors of 16, `step` floats apart; it
                                  may hold partial sums meanwhile, and is apart from `add` */
    int step;                  /* 16; s * 16 for every s-th pixel (a phase of stride s) */
    int width;
};

/* One row of tiles of a 3x3 convolution with stride 1, by Winograd's F(n x n, 3x3), where n is 4 or
 * 6: each tile is n x n outputs from (n + 2) x (n + 2) inputs. With d the inputs of a channel and U
 * the packed weights:
 *   V = B' d B, columns (y) first
 *   M[k] = sum over c, in order, by fma, from 0, of V[k][c] U[k][c]
 *   v = A' M A, columns first, + bias
 * F(4, 3). One line of B', of the inputs a b c d e f:
 *   p = fma(-4, c, e)   q = fma(-4, b, d)   r = e - c   s = d - b
 *   fma(4, a, fma(-5, c, e))
 *   p + q
 *   p - q
 *   fma(2, s, r)
 *   fma(-2, s, r)
 *   fma(4, b, fma(-5, d, f))
 * One line of A', of the products a b c d e f:
 *   t = b + c   u = d + e   g = b - c   h = d - e
 *   (a + t) + u
 *   fma(2, h, g)
 *   fma(4, u, t)
 *   fma(8, h, g) + f
 * F(6, 3). One line of B', of the inputs d0 to d7:
 *   fma(21/4, d4 - d2, d0 - d6)
 *   for (l, m, x) = (1, -17/4, 1), (1/4, -5/4, 2) and (4, -5, 1/2):
 *       p = fma(m, d4, fma(l, d2, d6))   q = fma(m, d3, fma(l, d1, d5))
 *       fma(x, q, p)
 *       fma(-x, q, p)
 *   fma(21/4, d3 - d5, d7 - d1)
 * One line of A', of the products m0 to m7:
 *   t = m1 + m2   u = m3 + m4   w = m5 + m6   e = m1 - m2   g = m3 - m4   h = m5 - m6
 *   (m0 + t) + (u + w)
 *   fma(2, g, fma(1/2, h, e))
 *   fma(4, u, fma(1/4, w, t))
 *   fma(8, g, fma(1/8, h, e))
 *   fma(16, u, fma(1/16, w, t))
 *   fma(32, g, fma(1/32, h, e)) + m7 */
enum { KERNEL_WINOGRAD_LEAST = 4, KERNEL_WINOGRAD_MOST = 6 }; /* the values of n */
struct kernel_winograd {
    const float *const
        *in;   /* [n + 2][in blocks], blocked, each at the pixel left of the first output */
    int gives; /* n */
    int in_channels, out_blocks;
    const float *weight;       /* [(n + 2)^2][out block][in_channels][16]: kernel_winograd_pack */
    const float *bias;         /* [out block][16] */
    struct kernel_store store; /* slope [out block][16] */
    const float *const *add;   /* as `out`, or NULL */
    float *const *out;         /* [n][out blocks], blocked, at the first output */
    int tiles;
    float *scratch; /* kernel_winograd_scratch floats, aligned to 64 bytes */
};

/* One row of up to four outputs that become planes; lanes are pixels:
 *   v = bias[o]; for channel c, for ky, for kx: v = fma(in[c][ky][x + kx], weight[c][ky][kx][o], v)
 * Rows are read and written up to `width` rounded up to a multiple of 16 (interleaved: 2 * that).
 */
struct kernel_planes {
    const float *const
        *in; /* [in_channels][kernel_y], planar, at the first tap of the first output */
    int in_channels, kernel_y, kernel_x;
    int outs;                  /* 1..4 */
    const float *weight;       /* [in_channels][kernel_y][kernel_x][4] */
    const float *bias;         /* [4] */
    struct kernel_store store; /* slope [4] */
    const float *const *add;   /* as `out`, or NULL */
    float *const *out;         /* [outs] rows; interleaved: [2] rows of 2 * width */
    bool interleave; /* outs is 4: phases (y, x) = (0,0) (0,1) (1,0) (1,1), two in each row */
    int width;
};

/* Four rows of such outputs, of a kernel of five rows, by Winograd's F(4, 5) along columns. With d
 * the eight rows of a channel and U the packed weights:
 *   V = B' d
 *   M[k] = sum over c, for kx, in order, by fma, from 0, of V[k][c][x + kx] U[k][c][kx]
 *   v = A' M + bias
 * B' is that of F(6, 3).
 * A', of the products m0 to m7:
 *   t = m1 + m2   u = m3 + m4   w = m5 + m6   e = m1 - m2   g = m3 - m4   h = m5 - m6
 *   (m0 + t) + (u + w)
 *   fma(2, g, fma(1/2, h, e))
 *   fma(4, u, fma(1/4, w, t))
 *   fma(8, g, fma(1/8, h, e)) + m7
 * There are several groups of up to four outputs, which share V. Rows are read up to `width`
 * rounded up to a multiple of 16, and 16 more. */
enum { KERNEL_TALL_ROWS = 4, KERNEL_TALL_TAPS = 5, KERNEL_TALL_MOST_TAPS = 17 };
enum { KERNEL_TALL_PIXELS = 80 }; /* of a row that the transforms take together */
struct kernel_tall {
    struct kernel_planes planes; /* but in [in_channels][8]; kernel_y 5; kernel_x at most 17; weight
                                    [group][8][in_channels][kernel_x][4], as kernel_tall_pack packs
                                    it; bias and slope [group][4]; add and out [group][4][rows] */
    int groups;
    float *scratch; /* kernel_tall_scratch floats, aligned to 64 bytes */
};

/* One row of the sum, or of the product, of several rows, one after another. */
struct kernel_merge {
    const float *const *in; /* [count] */
    int count;              /* at least 1 */
    bool product;
    float *out;
};

struct kernels {
    const char *name; /* for --kernels, as in VECTOR_UNITS */
    bool fused;       /* has fma, and so agrees to the bit with the other sets that have it */
    void (*conv_planar)(const struct kernel_conv *k);
    void (*conv_blocked)(const struct kernel_conv *k);
    void (*winograd)(const struct kernel_winograd *k);
    void (*planes)(const struct kernel_planes *k);
    void (*tall)(const struct kernel_tall *k);
    /* Copies [width][16] to the first `channels` (1..16) of 16 planes. The planes are written up to
     * `width` rounded up to a multiple of 16. */
    void (*unblock)(const float *in, float *const *planes, int channels, int width);
    /* Merges, and does what is done before a store, to `length` floats. They are read and written
     * up to `length` rounded up to a multiple of 16. `store` has one slope for each of 16 lanes. */
    void (*merge)(const struct kernel_merge *k, int length);
    void (*finish)(const struct kernel_store *store, float *row, int length);
    /* Copies `count` planes to out[width][count]. */
    void (*interleave)(const float *const *planes, int count, float *out, int width);
    /* Does the most multiply-adds that the unit can: `rounds` rounds of `peak_flops` operations on
     * registers alone (a multiply-add counts two). Returns a number that depends on all of them. */
    float (*peak)(long rounds);
    double peak_flops;
};

/* Returns the set of the vector unit in use (vector_unit_use). */
const struct kernels *kernels_used(void);

/* Returns the set of that name, or the best set if `name` is NULL. Returns NULL if this CPU does
 * not have it. */
const struct kernels *kernels_find(const char *name);

/* Returns the k-th set that this CPU has, the best first; NULL after the last. */
const struct kernels *kernels_at(int k);

/* Returns the scratch of struct kernel_winograd in floats, which is the same for all sets. */
size_t kernel_winograd_scratch(int gives, int in_channels);

/* Packs weight[out_channels][in_channels][3][3] for struct kernel_winograd: U = G g G', computed in
 * double and rounded once. `packed` has ceil(out_channels / 16) * (gives + 2)^2 * in_channels * 16
 * floats. */
void kernel_winograd_pack(int gives, const float *weight, int in_channels, int out_channels,
                          float *packed);

/* The same for struct kernel_tall. The packed weights are those of one group: U = G g of the
 * columns of weight[in_channels][5][kernel_x][4]. */
size_t kernel_tall_scratch(int groups);
void kernel_tall_pack(const float *weight, int in_channels, int kernel_x, float *packed);

#endif
