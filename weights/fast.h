/* fast.h - maps of pixels and the 3x3 convolution of the fast trainer (fast.c, fast_winograd.c).
 *
 * A map is [y][x][vecs][16] float32: a pixel is 1 to 4 vectors of 16 channels. It holds side x side
 * pixels, and rows and columns beyond them that tiles of 4x4 reach into. Arrays are aligned to 64. */
#ifndef FAST_H
#define FAST_H

#include <stddef.h>

enum {
    C = 16,        /* channels of a vector */
    MARGIN = 4,    /* pixels that a map's rows and columns are longer than its side */
    MOST_VECS = 4, /* vectors of a pixel */
    POINTS = 36,   /* of a tile of 4x4 in Winograd's space: 6x6 */
    TILES = 48     /* tiles on their way at a time: what fits the second cache beside the kernels */
};

typedef float v16 __attribute__((vector_size(64), aligned(64)));

struct map {
    float *at;
    int side, vecs;
};

static inline size_t map_pitch(const struct map *m) /* vectors a row */
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

/* One layer: kernels in Winograd's space as [36][in][out], `turned` the same as [36][out][in]; bias
 * and slope [out]. A layer without slope has no activation. */
struct layer {
    const float *kernel, *turned, *bias, *slope;
};

/* Floats of working memory for maps of at most `vecs` vectors. */
size_t conv_work(int vecs);

/* z = kernel * in + bias without padding, so that z's side is 2 less; a = PReLU(z) where there is a
 * slope. What z and a hold beyond their side is finite. */
void conv_forward(const struct map *in, const struct layer *l, const struct map *z,
                  const struct map *a, float *work);

/* From gz, the gradient of z, which is 0 beyond its side: adds the kernel's to `gkernel`, and to
 * gin, unless that is NULL, what the input gets; gin's pixels beyond its side are not to be used. */
void conv_backward(const struct map *in, const struct layer *l, const struct map *gz,
                   const struct map *gin, float *gkernel, float *work);

#endif
