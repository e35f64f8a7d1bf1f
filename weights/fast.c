/* fast.c - the loss and gradients of net.py's network of 16 channels, several times as fast as by
 * PyTorch on a CPU. fast.py compiles, calls and explains it; tests/export.py holds it against
 * PyTorch's own gradients.
 *
 * One patch at a time: activations are [y][x][16] float32, one vector a pixel, so a layer's map
 * stays in the cache. Kernels are [ky][kx][in][16], outputs filled up with zeros to 16. */
#include <stddef.h>
#include <string.h>

enum { C = 16, BLOCK = 12, MAX_LAYERS = 64 }; /* channels; pixels summed in registers at a time */

typedef float v16 __attribute__((vector_size(64), aligned(64)));

typedef int mask16 __attribute__((vector_size(64)));

/* `yes` where test > 0, else `no`. */
static inline v16 choose(v16 test, v16 yes, v16 no)
{
    const mask16 take = test > 0;
    return (v16)(((mask16)yes & take) | ((mask16)no & ~take));
}

/* As fast.py's Net: depth + 2 layers, head first and tail last; slopes of all but the tail. */
struct net {
    int depth, planes, squared;
    const float *const *weight; /* [3][3][in][16] */
    const float *const *bias;   /* [16] */
    const float *const *slope;  /* [16] */
};

/* What is added to: as struct net's arrays. */
struct gradient {
    float *const *weight, *const *bias, *const *slope;
};

/* A map of side x side pixels, `pitch` floats a pixel. */
struct map {
    float *at;
    int side, pitch;
};

static inline v16 *vec(const struct map *m, int y, int x)
{
    return (v16 *)(void *)(m->at + ((size_t)y * (size_t)m->side + (size_t)x) * (size_t)m->pitch);
}

/* out = w * in without padding, for `ci` of the input's channels. Blocks at a row's end overlap. */
static inline __attribute__((always_inline)) void conv_any(const struct map *in, int ci,
                                                           const float *w, const struct map *out)
{
    const size_t pitch = (size_t)in->pitch;
    for (int y = 0; y < out->side; y++)
        for (int at = 0; at < out->side; at += BLOCK) {
            const int x = at + BLOCK > out->side ? out->side - BLOCK : at;
            v16 sum[BLOCK] = {{0}};
            for (int ky = 0; ky < 3; ky++)
                for (int kx = 0; kx < 3; kx++) {
                    const float *from =
                        in->at + ((size_t)(y + ky) * (size_t)in->side + (size_t)(x + kx)) * pitch;
                    const v16 *k = (const v16 *)(const void *)w + (ky * 3 + kx) * ci;
                    for (int i = 0; i < ci; i++)
                        for (int p = 0; p < BLOCK; p++)
                            sum[p] += k[i] * from[(size_t)p * pitch + (size_t)i];
                }
            for (int p = 0; p < BLOCK; p++)
                *vec(out, y, x + p) = sum[p];
        }
}

/* The counts there are, each known to the compiler. */
static void conv(const struct map *in, int ci, const float *w, const struct map *out)
{
    switch (ci) {
    case 1:
        conv_any(in, 1, w, out);
        break;
    case 3:
        conv_any(in, 3, w, out);
        break;
    case 4:
        conv_any(in, 4, w, out);
        break;
    case 12:
        conv_any(in, 12, w, out);
        break;
    default:
        conv_any(in, C, w, out);
        break;
    }
}

/* gw[ky][kx][i] += sum over pixels of in[y + ky][x + kx][i] g[y][x] */
static inline __attribute__((always_inline)) void
outer_any(const struct map *in, int ci, const struct map *g, int margin, float *gw)
{
    const int side = g->side - 2 * margin;
    for (int ky = 0; ky < 3; ky++)
        for (int kx = 0; kx < 3; kx++) {
            v16 *to = (v16 *)(void *)gw + (ky * 3 + kx) * ci, sum[C] = {{0}};
            for (int y = 0; y < side; y++) {
                const v16 *gv = vec(g, y + margin, margin);
                const float *from =
                    in->at + ((size_t)(y + ky) * (size_t)in->side + (size_t)kx) * (size_t)in->pitch;
                for (int x = 0; x < side; x++, from += in->pitch)
                    for (int i = 0; i < ci; i++)
                        sum[i] += gv[x] * from[i];
            }
            for (int i = 0; i < ci; i++)
                to[i] += sum[i];
        }
}

static void outer(const struct map *in, int ci, const struct map *g, int margin, float *gw)
{
    switch (ci) {
    case 1:
        outer_any(in, 1, g, margin, gw);
        break;
    case 3:
        outer_any(in, 3, g, margin, gw);
        break;
    default:
        outer_any(in, C, g, margin, gw);
        break;
    }
}

/* The kernel that takes gradients back: turned by half a circle, in and out exchanged. */
static void turn(const float *w, int outputs, float *back)
{
    for (int tap = 0; tap < 9; tap++)
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < C; i++)
                back[(tap * outputs + o) * C + i] = w[((8 - tap) * C + i) * C + o];
}

static void activate(const struct map *z, const float *bias, const float *slope,
                     const struct map *a)
{
    const v16 b = *(const v16 *)(const void *)bias, s = *(const v16 *)(const void *)slope;
    v16 *from = vec(z, 0, 0), *to = vec(a, 0, 0);
    for (int n = z->side * z->side; n > 0; n--, from++, to++) {
        const v16 y = *from + b;
        *from = y;
        *to = choose(y, y, y * s);
    }
}

/* g, inside its margin, becomes the gradient before the activation; sums for bias and slope. */
static void deactivate(const struct map *z, const float *slope, const struct map *g, int margin,
                       float *gb, float *gs)
{
    const v16 s = *(const v16 *)(const void *)slope;
    v16 bias = {0}, bend = {0};
    for (int y = 0; y < z->side; y++) {
        const v16 *zv = vec(z, y, 0);
        v16 *gv = vec(g, y + margin, margin);
        for (int x = 0; x < z->side; x++) {
            const v16 zero = {0}, ga = gv[x];
            bend += choose(zv[x], zero, ga * zv[x]);
            gv[x] = choose(zv[x], ga, ga * s);
            bias += gv[x];
        }
    }
    *(v16 *)(void *)gb += bias;
    *(v16 *)(void *)gs += bend;
}

/* Adds side x side pixels of `from`, from (shift, shift) on, to `to`'s from (margin, margin) on. */
static void add(const struct map *from, int shift, const struct map *to, int margin, int side)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            *vec(to, y + margin, x + margin) += *vec(from, y + shift, x + shift);
}

/* The loss of `out` (less the skip) against hr, and its gradient inside g's margin of 2. */
static double compare(const struct net *n, const struct map *lr, const float *hr,
                      const struct map *out, const float *bias, const struct map *g, float scale)
{
    const int side = out->side, halo = (lr->side - side) / 2;
    double loss = 0;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float *to = (float *)vec(g, y + 2, x + 2);
            const float *from = (const float *)vec(out, y, x);
            const float *own =
                lr->at +
                ((size_t)(y + halo) * (size_t)lr->side + (size_t)(x + halo)) * (size_t)n->planes;
            for (int o = 0; o < 4 * n->planes; o++) {
                const size_t row = (size_t)(o / 4 * 2 * side + 2 * y + o / 2 % 2);
                const float want = hr[row * 2 * (size_t)side + (size_t)(2 * x + o % 2)];
                const float e = from[o] + bias[o] + own[o / 4] - want;
                const float size = e < 0 ? -e : e;
                loss += n->squared ? e * e : size;
                to[o] = n->squared ? 2 * e * scale : e > 0 ? scale : e < 0 ? -scale : 0;
            }
        }
    return loss * scale;
}

static struct map map_at(float **work, int side)
{
    struct map m = {*work, side, C};
    *work += (size_t)side * (size_t)side * C;
    return m;
}

static void clear(const struct map *m)
{
    memset(m->at, 0, sizeof(float) * C * (size_t)m->side * (size_t)m->side);
}

/* Floats of `work` that fast_patch wants. */
size_t fast_work(int depth, int side)
{
    return (size_t)(2 * (depth + 2) + 4) * (size_t)(side + 4) * (size_t)(side + 4) * C;
}

/* One patch on its way: before and after each layer's activation; what the tail sees. */
struct pass {
    struct map input, z[MAX_LAYERS], a[MAX_LAYERS], sum;
};

static void forward(const struct net *n, struct pass *p, float **work)
{
    const int tail = n->depth + 1;
    for (int k = 0; k <= tail; k++) {
        p->z[k] = map_at(work, p->input.side - 2 * (k + 1));
        p->a[k] = map_at(work, p->z[k].side);
    }
    for (int k = 0; k < tail; k++) {
        conv(k ? &p->a[k - 1] : &p->input, k ? C : n->planes, n->weight[k], &p->z[k]);
        activate(&p->z[k], n->bias[k], n->slope[k], &p->a[k]);
    }
    p->sum = map_at(work, p->a[tail - 1].side);
    clear(&p->sum);
    add(&p->a[tail - 1], 0, &p->sum, 0, p->sum.side);
    add(&p->a[0], n->depth, &p->sum, 0, p->sum.side);
    conv(&p->sum, C, n->weight[tail], &p->z[tail]);
}

/* Each gradient `g` has a margin of 2 zeros, so that the way back is a convolution too. The
 * activations behind it are done with and take the gradients on their way. */
static void backward(const struct net *n, struct pass *p, struct map g, float *two[2],
                     const struct gradient *to)
{
    const int tail = n->depth + 1;
    float turned[9 * C * C] __attribute__((aligned(64)));
    outer(&p->sum, C, &g, 2, to->weight[tail]);
    for (int y = 2; y < g.side - 2; y++)
        for (int x = 2; x < g.side - 2; x++)
            *(v16 *)(void *)to->bias[tail] += *vec(&g, y, x);
    turn(n->weight[tail], 4 * n->planes, turned);
    conv(&g, 4 * n->planes, turned, &p->sum); /* stays, for the skip */
    for (int k = tail - 1; k >= 0; k--) {
        struct map wide = {two[k % 2], p->z[k].side + 4, C}, back = p->sum;
        if (k < tail - 1) {
            back = p->a[k];
            turn(n->weight[k + 1], C, turned);
            conv(&g, C, turned, &back);
        }
        clear(&wide);
        add(&back, 0, &wide, 2, back.side);
        if (k == 0)
            add(&p->sum, 0, &wide, 2 + n->depth, p->sum.side);
        deactivate(&p->z[k], n->slope[k], &wide, 2, to->bias[k], to->slope[k]);
        outer(k ? &p->a[k - 1] : &p->input, k ? C : n->planes, &wide, 2, to->weight[k]);
        g = wide;
    }
}

/* Adds one patch's gradients to `to`; returns its share of the loss. lr is [side][side][planes],
 * hr [planes][2 inside][2 inside], inside = side - 2 (depth + 2) >= 12, depth from 1 to 62;
 * `scale` is one over the count of numbers in all hr of the batch. Arrays are aligned to 64. */
double fast_patch(const struct net *n, int side, float *lr, const float *hr, float scale,
                  float *work, const struct gradient *to)
{
    struct pass p = {.input = {lr, side, n->planes}};
    forward(n, &p, &work);
    const struct map *out = &p.z[n->depth + 1];
    struct map g = map_at(&work, out->side + 4);
    clear(&g);
    const double loss = compare(n, &p.input, hr, out, n->bias[n->depth + 1], &g, scale);
    float *two[2] = {work, work + (size_t)(side + 4) * (size_t)(side + 4) * C};
    backward(n, &p, g, two, to);
    return loss;
}
