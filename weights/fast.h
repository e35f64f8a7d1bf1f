/* fast.h - the maps of pixels and the 3x3 convolution of the fast trainer (fast.c,
 * fast_winograd.c).
 *
 * A map is [y][x][vecs][16] float32: a pixel has 1 to 4 vectors of 16 channels. It holds side x
 * side pixels, and rows and columns beyond them into which tiles of 4x4 reach. Arrays are aligned
 * to 64 bytes. */
#ifndef FAST_H
#define FAST_H

#include <stddef.h>

enum {
    C = 16,        /* channels of a vector */
    MARGIN = 4,    /* pixels by which the rows and columns of a map exceed its side */
    MOST_VECS = 4, /* the most vectors of a pixel */
    POINTS = 36,   /* of a tile of 4x4 in Winograd's space: 6x6 */
    TILES = 48     /* tiles that are computed together: they fit the L2 cache with the kernels */
};

typedef float v16 __attribute__((vector_size(64), aligned(64)));

struct map {
    float *at;
    int side, vecs;
};

static inline size_t map_pitch(const struct map *m) /* vectors per row */
{
    return (size_t)(m->side + MARGIN) * (size_t)m->vecs;
}

static inline size_t map_floats(int side, int vecs)
{
    return (size_t)(side + MARGIN) * (size_t)(side + MARGIN) * (size_t)vecs * C;
}

static inline v16 *map_pixel(const struct map *m, int y, int x)
{
    return (v16 *)(void *)m->at + (size_t)y * map_pitch(m) + (size_t)x * (size_t)m->vecs;
}

/* One layer: the kernels in Winograd's space as [36][in][out], `turned` the same as [36][out][in],
 * bias and slope [out]. A layer without slope has no activation. */
struct layer {
    const float *kernel, *turned, *bias, *slope;
};

/* Returns the floats of working memory for maps of at most `vecs` vectors. */
size_t conv_work(int vecs);

/* Computes z = kernel * in + bias without padding, so the side of z is less by 2, and a = PReLU(z)
 * if there is a slope. The values of z and a beyond their side are finite. */
void conv_forward(const struct map *in, const struct layer *l, const struct map *z,
                  const struct map *a, float *work);

/* Computes gradients from gz, the gradient of z, which is 0 beyond its side. Adds that of the
 * kernel to `gkernel` and, unless gin is NULL, that of the input to gin. Pixels of gin beyond its
 * side must not be used. */
void conv_backward(const struct map *in, const struct layer *l, const struct map *gz,
                   const struct map *gin, float *gkernel, float *work);

#endif
