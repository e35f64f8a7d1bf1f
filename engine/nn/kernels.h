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

/* One row of 16 output channels of a convolution with stride 1:
 *   v = bias[o]; for ky, for block b of the input, for kx, for channel c of b:
 *       v = fma(in[ky][b][x + kx][c], weight[ky][b][kx][c][o], v)
 * Only the channels below in_channels are summed. In a planar row a block is one channel. */
struct kernel_conv {
    const float *const *in; /* [kernel_y][blocks], each at the first tap of the first output */
    int in_channels, kernel_y, kernel_x;
    const float *weight; /* [kernel_y][blocks][kernel_x][channels of the block][16], dense: the last
                            block has only in_channels % 16 if that is not 0 */
    const float *bias;   /* [16] */
    struct kernel_store store; /* slope [16] */
    const float *add;          /* as `out`, or NULL */
    float *out;                /* width vectors of 16, `step` floats apart */
    int step;                  /* 16; s * 16 for every s-th pixel (a phase of stride s) */
    int width;
};

/* One row of tiles of a 3x3 convolution with stride 1, by Winograd's F(4x4, 3x3): each tile is 4x4
 * outputs from 6x6 inputs. With d the inputs of a channel and U the packed weights:
 *   V = B' d B, columns (y) first
 *   M[k] = sum over c, in order, by fma, from 0, of V[k][c] U[k][c]
 *   v = A' M A, columns first, + bias
 * One line of B', of the inputs a b c d e f:
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
 *   fma(8, h, g) + f */
struct kernel_winograd {
    const float *const
        *in; /* [6][in blocks], blocked, each at the pixel left of the first output */
    int in_channels, out_blocks;
    const float *weight;       /* [out block][36][in_channels][16]: kernel_winograd_pack */
    const float *bias;         /* [out block][16] */
    struct kernel_store store; /* slope [out block][16] */
    const float *const *add;   /* as `out`, or NULL */
    float *const *out;         /* [4][out blocks], blocked, at the first output */
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
    /* Copies [width][16] to the first `channels` (1..16) of 16 planes. The planes are written up to
     * `width` rounded up to a multiple of 16, and `in` is read as far. */
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
size_t kernel_winograd_scratch(int in_channels);

/* Packs weight[out_channels][in_channels][3][3] for struct kernel_winograd: U = G g G', computed in
 * double and rounded once. `packed` has ceil(out_channels / 16) * 36 * in_channels * 16 floats. */
void kernel_winograd_pack(const float *weight, int in_channels, int out_channels, float *packed);

#endif
