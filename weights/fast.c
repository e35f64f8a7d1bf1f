/* fast.c - computes the loss and the gradients of net.py's network with 3x3 ends, several times as
 * fast as PyTorch on a CPU. fast.py compiles and calls it; tests/export.py compares it with
 * PyTorch's own gradients.
 *
 * One thread computes one patch at a time. Channels are filled up with zeros to multiples of 16. */
#include <string.h>

#include "fast.h"
#include "fast_loss.h"

enum { MAX_LAYERS = 66 };

typedef int mask16 __attribute__((vector_size(64)));

/* The network, as fast.py's CNet has it: depth + 2 layers, the head first and the tail last, and
 * slopes of all layers but the tail. An input pixel becomes scale x scale pixels of `planes`
 * colours. */
struct net {
    int depth, planes, scale, vecs;
    struct loss loss;
    const struct layer *layers;
};

/* The sums of the gradients for each layer, in the order of the arrays of struct layer. */
struct gradient {
    float *kernel, *bias, *slope;
};

/* The maps of one patch: before and after the activation of each layer, and the input of the
 * tail. */
struct pass {
    struct map input, z[MAX_LAYERS], act[MAX_LAYERS], sum, g, back;
    float *conv;
};

static int tail_vecs(const struct net *n)
{
    return (n->planes * n->scale * n->scale + C - 1) / C;
}

static int most_vecs(const struct net *n)
{
    return n->vecs > tail_vecs(n) ? n->vecs : tail_vecs(n);
}

/* Returns the floats of `work` that fast_patch needs. They must be zeros at first. */
size_t fast_work(const struct net *n, int side)
{
    const size_t one = map_floats(side, most_vecs(n));
    return (size_t)(2 * (n->depth + 2) + 4) * one + conv_work(most_vecs(n));
}

/* Exchanges in and out of kernels in Winograd's space, which are [36][in][out]. */
void fast_turn(const float *kernel, int in, int out, float *turned)
{
    for (int p = 0; p < POINTS; p++, kernel += in * out, turned += in * out)
        for (int i = 0; i < in; i += C)
            for (int o = 0; o < out; o++)
                for (int k = 0; k < C; k++)
                    turned[o * in + i + k] = kernel[(i + k) * out + o];
}

static struct map map_at(float **work, int side, int vecs)
{
    struct map m = {*work, side, vecs};
    *work += map_floats(side, vecs);
    return m;
}

static void clear(const struct map *m)
{
    memset(m->at, 0, sizeof(float) * map_floats(m->side, m->vecs));
}

static void arrange(const struct net *n, struct pass *p, int side, float *work)
{
    const int tail = n->depth + 1;
    p->conv = work;
    work += conv_work(most_vecs(n));
    p->input = map_at(&work, side, 1);
    for (int k = 0; k <= tail; k++) {
        const int vecs = k == tail ? tail_vecs(n) : n->vecs;
        p->z[k] = map_at(&work, side - 2 * (k + 1), vecs);
        p->act[k] = map_at(&work, p->z[k].side, vecs);
    }
    p->sum = map_at(&work, p->z[n->depth].side, n->vecs);
    p->g = map_at(&work, side, most_vecs(n));
    p->back = map_at(&work, side, most_vecs(n));
}

/* Runs the network on a patch. lr is [side][side][planes]. */
static void forward(const struct net *n, struct pass *p, const float *lr)
{
    const int tail = n->depth + 1, side = p->input.side;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            memcpy(map_pixel(&p->input, y, x), lr + (y * side + x) * n->planes,
                   sizeof *lr * (size_t)n->planes);
    for (int k = 0; k < tail; k++)
        conv_forward(k ? &p->act[k - 1] : &p->input, &n->layers[k], &p->z[k], &p->act[k], p->conv);
    const struct map *sum = &p->sum;
    for (int y = 0; y < sum->side; y++)
        for (int x = 0; x < sum->side; x++)
            for (int k = 0; k < sum->vecs; k++)
                map_pixel(sum, y, x)[k] = map_pixel(&p->act[tail - 1], y, x)[k] +
                                          map_pixel(&p->act[0], y + n->depth, x + n->depth)[k];
    conv_forward(sum, &n->layers[tail], &p->z[tail], NULL, p->conv);
}

/* Returns the loss of z with the picture added, compared with hr, and writes its gradient to g, and in
 * the order of hr over hr. */
static double compare(const struct net *n, const float *lr, int halo, float *hr,
                      const struct map *z, const struct map *g, float share)
{
    const int side = z->side, wide = side + 2 * halo, s = n->scale;
    double loss = 0;
    clear(g);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            float *to = (float *)map_pixel(g, y, x);
            const float *from = (const float *)map_pixel(z, y, x);
            const float *own = lr + ((y + halo) * wide + x + halo) * n->planes;
            float error[LOSS_MOST], slope[LOSS_MOST];
            for (int o = 0; o < n->planes * s * s; o++) {
                const int plane = o / (s * s), row = plane * s * side + s * y + o / s % s;
                error[o] = from[o] + own[plane] - hr[row * s * side + s * x + o % s];
            }
            loss += loss_of(&n->loss, n->planes, s * s, error, slope);
            for (int o = 0; o < n->planes * s * s; o++) {
                const int plane = o / (s * s), row = plane * s * side + s * y + o / s % s;
                to[o] = hr[row * s * side + s * x + o % s] = slope[o] * share;
            }
        }
    return loss * share;
}

static void add_bias(const struct map *g, float *bias)
{
    for (int y = 0; y < g->side; y++)
        for (int x = 0; x < g->side; x++)
            for (int k = 0; k < g->vecs; k++)
                ((v16 *)(void *)bias)[k] += map_pixel(g, y, x)[k];
}

/* Turns `back`, the gradient after an activation, into the gradient before it, which is 0 beyond
 * its side. Adds the gradients of bias and slope. Unless `skip` is NULL, it is added, `shift`
 * pixels inside. */
static void deactivate(const struct map *z, const float *slope, const struct map *back,
                       const struct map *skip, const struct gradient *to)
{
    const int reach = back->side + MARGIN, shift = skip ? (back->side - skip->side) / 2 : 0;
    for (int k = 0; k < z->vecs; k++) {
        const v16 s = ((const v16 *)(const void *)slope)[k], zero = {0};
        v16 bias = zero, bend = zero;
        for (int y = 0; y < reach; y++)
            for (int x = 0; x < reach; x++) {
                v16 *at = map_pixel(back, y, x) + k;
                if (y >= back->side || x >= back->side) {
                    *at = zero;
                    continue;
                }
                if (skip && y >= shift && y < shift + skip->side && x >= shift &&
                    x < shift + skip->side)
                    *at += map_pixel(skip, y - shift, x - shift)[k];
                const v16 value = map_pixel(z, y, x)[k], g = *at;
                const mask16 take = value > 0;
                bend += (v16)((mask16)(g * value) & ~take);
                *at = (v16)(((mask16)g & take) | ((mask16)(g * s) & ~take));
                bias += *at;
            }
        ((v16 *)(void *)to->bias)[k] += bias;
        ((v16 *)(void *)to->slope)[k] += bend;
    }
}

/* Computes the gradients of all layers. Two maps alternate as the gradient. The gradient of the sum
 * stays for the skip, in the place of the last activation, which is not needed any more. */
static void backward(const struct net *n, struct pass *p, const struct gradient *to)
{
    const int tail = n->depth + 1;
    const struct map sum = p->act[tail - 1];
    struct map g = p->g;
    add_bias(&g, to[tail].bias);
    clear(&sum);
    conv_backward(&p->sum, &n->layers[tail], &g, &sum, to[tail].kernel, p->conv);
    for (int k = tail - 1; k >= 0; k--) {
        const struct map back = {k % 2 ? p->back.at : p->g.at, p->z[k].side, n->vecs};
        if (k == tail - 1) {
            memcpy(back.at, sum.at, sizeof(float) * map_floats(sum.side, sum.vecs));
        } else {
            clear(&back);
            conv_backward(&p->act[k], &n->layers[k + 1], &g, &back, to[k + 1].kernel, p->conv);
        }
        deactivate(&p->z[k], n->layers[k].slope, &back, k ? NULL : &sum, &to[k]);
        g = back;
    }
    conv_backward(&p->input, &n->layers[0], &g, NULL, to[0].kernel, p->conv);
}

/* Adds the gradients of one patch to `to`, and writes that of the output over hr. Returns its share of
 * the loss. lr is [side][side][planes], hr is [planes][scale inside][scale inside] with inside = side -
 * 2 (depth + 2), and depth is 1 to 64. `share` is one over the count of numbers in all hr of the batch. */
double fast_patch(const struct net *n, int side, const float *lr, float *hr, float share,
                  float *work, const struct gradient *to)
{
    struct pass p;
    arrange(n, &p, side, work);
    forward(n, &p, lr);
    const struct map *out = &p.z[n->depth + 1];
    p.g = (struct map){p.g.at, out->side, out->vecs};
    const double loss = compare(n, lr, n->depth + 2, hr, out, &p.g, share);
    backward(n, &p, to);
    return loss;
}
