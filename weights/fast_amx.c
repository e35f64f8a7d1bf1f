/* fast_amx.c - the same as fast.c in bfloat16, by the matrix unit AMX of Intel's processors. Sums are
 * float32. fast_amx.py compiles and calls it; tests/export.py compares it with PyTorch's gradients.
 *
 * A map is [pixel][channel], the channels filled up with zeros to a multiple of 32. All maps of a
 * patch have the rows of its input: pixel (y, x) is number y * pitch + x, so that a kernel's tap is a
 * shift by a number of pixels. Beyond the side of a map there are values without meaning; gradients
 * are 0 there. In front of a map and behind it there are pixels that may be read.
 *
 * A layer is a sum over taps of [pixels][in] x [in][out]. The gradient of its input is the same with
 * the kernel turned; the gradient of its kernel is [out][pixels] x [pixels][in], for which the first
 * map is transposed. The unit takes the second matrix in pairs of rows, so a tap that shifts by an odd
 * number of pixels takes them from a second copy, whose pairs begin with odd pixels. */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fast_loss.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    UNIT = 16,          /* rows of a tile, and columns of float32 */
    DEEP = 32,          /* channels or pixels that one instruction adds up */
    TILE = UNIT * DEEP, /* numbers of a tile of bfloat16 */
    BLOCK = 64,         /* pixels that are computed together */
    MOST = 64,          /* channels of a pixel */
    CHUNK = 8,          /* times DEEP pixels: what the first cache holds of two maps */
    MAX_LAYERS = 66,
    TILE_DATA = 18,
    ASK = 0x1023 /* Linux's names for the permission to use the unit */
};

typedef uint16_t bf16;

/* A layer. `kernel` is [taps][in][out], with in and out multiples of 32; of them, `ins` and `outs`
 * multiples of 16 are computed. `ahead` and `turned` have the size of the kernel. */
struct layer {
    const float *kernel, *bias, *slope;
    bf16 *ahead, *turned;
    int taps, in, out, ins, outs;
};

/* The network: the head first, whose input holds the nine taps of each pixel, and the tail last. */
struct net {
    int depth, planes, scale;
    struct loss loss;
    const struct layer *layers;
};

/* The sums of the gradients of a layer, in the order of the arrays of struct layer. The kernel's is
 * [taps][out][in]. */
struct gradient {
    float *kernel, *bias, *slope;
};

struct map {
    bf16 *at;
    int side, pitch, channels;
};

struct pass {
    struct map input, act[MAX_LAYERS], sum, g_sum, g_tail, g[2];
    uint64_t *below[MAX_LAYERS]; /* for each pixel, the channels whose sum was below 0 */
    bf16 *across,
        *pairs[2]; /* [channel][apart], and [pixel / 2][channel][2] from pixel 0 or 1 on */
    size_t apart;
};

/* What happens to the sums of a block of pixels from `first` on. */
struct block {
    _Alignas(64) float sums[BLOCK * MOST];
    int first;
};

static size_t front(int pitch)
{
    return (size_t)(2 * pitch + 2 + BLOCK - 1) / BLOCK * BLOCK;
}

static size_t pixels(int pitch) /* of a map, with those in front and behind */
{
    return 2 * front(pitch) + (size_t)(pitch * pitch + 2 * BLOCK - 1) / BLOCK * BLOCK;
}

static int count(const struct map *m) /* of pixels, until after the last that has a meaning */
{
    return (m->side - 1) * m->pitch + m->side;
}

static size_t distance(int pitch) /* an odd number of cache lines, so that rows share no set */
{
    return (pixels(pitch) / DEEP | 1) * DEEP;
}

/* Returns the numbers of `work` that amx_patch needs. They must be zeros at first. */
size_t amx_work(const struct net *n, int side)
{
    return pixels(side) * (MOST + sizeof(uint64_t)) * (size_t)(n->depth + 9) +
           distance(side) * MOST;
}

int amx_allowed(void)
{
    return syscall(SYS_arch_prctl, ASK, TILE_DATA) == 0;
}

static struct map map_at(bf16 **work, int side, int pitch, int channels)
{
    struct map m = {*work + front(pitch) * (size_t)channels, side, pitch, channels};
    *work += pixels(pitch) * (size_t)channels;
    return m;
}

static void clear(const struct map *m)
{
    memset(m->at - front(m->pitch) * (size_t)m->channels, 0,
           sizeof(bf16) * pixels(m->pitch) * (size_t)m->channels);
}

static void arrange(const struct net *n, struct pass *p, int side, bf16 *work)
{
    const int tail = n->depth + 1, wide = n->layers[0].out;
    p->input = map_at(&work, side, side, n->layers[0].in);
    for (int k = 0; k < tail; k++) {
        p->act[k] = map_at(&work, side - 2 * (k + 1), side, wide);
        p->below[k] = (uint64_t *)(void *)work;
        work += pixels(side) * (sizeof(uint64_t) / sizeof(bf16));
    }
    p->sum = map_at(&work, side - 2 * tail, side, wide);
    p->g_sum = map_at(&work, side - 2 * tail, side, wide);
    p->g_tail = map_at(&work, side - 2 * (tail + 1), side, n->layers[tail].out);
    p->g[0] = map_at(&work, side, side, wide);
    p->g[1] = map_at(&work, side, side, wide);
    p->apart = distance(side);
    p->pairs[0] = work;
    p->pairs[1] = work + pixels(side) * MOST;
    p->across = work + 2 * pixels(side) * MOST;
}

static void use_unit(void)
{
    struct {
        uint8_t palette, row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } shape = {.palette = 1};
    for (int t = 0; t < 8; t++)
        shape.bytes[t] = 64, shape.rows[t] = UNIT;
    __asm__ volatile("ldtilecfg %0" ::"m"(shape));
}

INLINE __m512 wide(const bf16 *from)
{
    const __m512i v = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16));
}

INLINE void narrow(bf16 *to, __m512 v)
{
    _mm256_storeu_si256((void *)to, (__m256i)_mm512_cvtneps_pbh(v));
}

static bf16 rounded(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Arranges [taps][in][out] as tiles in the order in which `products` reads them; with in and out
 * exchanged for `turned`. */
void amx_pack(const struct layer *l)
{
    bf16 *a = l->ahead, *b = l->turned;
    for (int t = 0; t < l->taps; t++) {
        const float *kernel = l->kernel + (size_t)t * (size_t)(l->in * l->out);
        for (int i = 0; i < l->in; i += DEEP)
            for (int o = 0; o < l->outs; o += UNIT)
                for (int k = 0; k < TILE; k++, a++)
                    *a = rounded(kernel[(i + k / 32 * 2 + k % 2) * l->out + o + k % 32 / 2]);
        for (int o = 0; o < l->out; o += DEEP)
            for (int i = 0; i < l->ins; i += UNIT)
                for (int k = 0; k < TILE; k++, b++)
                    *b = rounded(kernel[(i + k % 32 / 2) * l->out + o + k / 32 * 2 + k % 2]);
    }
}

/* Computes 32 pixels by two columns of tiles, and 64 pixels by one. */
static void product_2x2(const bf16 *in, int deep, const ptrdiff_t *shift, int taps,
                        const bf16 *tiles, int wide, float *sums)
{
    const size_t row = (size_t)deep * sizeof *in;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int t = 0; t < taps; t++)
        for (int k = 0; k < deep; k += DEEP, tiles += wide * TILE) {
            const bf16 *a = in + shift[t] * deep + k;
            _tile_loadd(4, a, row);
            _tile_loadd(6, tiles, 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(7, tiles + TILE, 64);
            _tile_dpbf16ps(1, 4, 7);
            _tile_loadd(5, a + UNIT * deep, row);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    _tile_stored(0, sums, 4 * MOST);
    _tile_stored(1, sums + UNIT, 4 * MOST);
    _tile_stored(2, sums + UNIT * MOST, 4 * MOST);
    _tile_stored(3, sums + UNIT * MOST + UNIT, 4 * MOST);
}

static void product_4x1(const bf16 *in, int deep, const ptrdiff_t *shift, int taps,
                        const bf16 *tiles, int wide, float *sums)
{
    const size_t row = (size_t)deep * sizeof *in;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int t = 0; t < taps; t++)
        for (int k = 0; k < deep; k += DEEP, tiles += wide * TILE) {
            const bf16 *a = in + shift[t] * deep + k;
            _tile_loadd(7, tiles, 64);
            _tile_loadd(4, a, row);
            _tile_dpbf16ps(0, 4, 7);
            _tile_loadd(5, a + UNIT * deep, row);
            _tile_dpbf16ps(1, 5, 7);
            _tile_loadd(6, a + 2 * UNIT * deep, row);
            _tile_dpbf16ps(2, 6, 7);
            _tile_loadd(4, a + 3 * UNIT * deep, row);
            _tile_dpbf16ps(3, 4, 7);
        }
    _tile_stored(0, sums, 4 * MOST);
    _tile_stored(1, sums + UNIT * MOST, 4 * MOST);
    _tile_stored(2, sums + 2 * UNIT * MOST, 4 * MOST);
    _tile_stored(3, sums + 3 * UNIT * MOST, 4 * MOST);
}

/* Computes sums[pixel][outs] of a block. `direction` is 1 for the kernel, -1 for the turned one. */
static void products(const struct map *in, int direction, int taps, const bf16 *tiles, int outs,
                     struct block *b)
{
    const bf16 *at = in->at + (ptrdiff_t)b->first * in->channels;
    ptrdiff_t shift[9];
    for (int t = 0; t < taps; t++)
        shift[t] = direction * (t / 3 * in->pitch + t % 3);
    const int columns = outs / UNIT;
    for (int c = 0; c + 1 < columns; c += 2)
        for (int half = 0; half < BLOCK; half += 2 * UNIT)
            product_2x2(at + half * in->channels, in->channels, shift, taps, tiles + c * TILE,
                        columns, b->sums + half * MOST + c * UNIT);
    if (columns % 2)
        product_4x1(at, in->channels, shift, taps, tiles + (columns - 1) * TILE, columns,
                    b->sums + (columns - 1) * UNIT);
}

static void activate(const struct block *b, const struct layer *l, const struct map *act,
                     uint64_t *below)
{
    uint16_t *signs = (uint16_t *)(void *)(below + b->first);
    for (int c = 0; c < l->outs; c += UNIT) {
        const __m512 bias = _mm512_loadu_ps(l->bias + c), slope = _mm512_loadu_ps(l->slope + c);
        for (int p = 0; p < BLOCK; p++) {
            const __m512 v = _mm512_add_ps(_mm512_load_ps(b->sums + p * MOST + c), bias);
            const __mmask16 sign = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ);
            signs[p * (MOST / UNIT) + c / UNIT] = sign;
            narrow(act->at + (ptrdiff_t)(b->first + p) * act->channels + c,
                   _mm512_mask_mul_ps(v, sign, v, slope));
        }
    }
}

/* Fills the input: for each pixel the nine taps of the planes, and behind them what bfloat16 lost of
 * them. lr is [side][side][planes]. */
static void fill(const struct map *m, const float *lr, int planes)
{
    const int lost = 9 * planes, side = m->side;
    for (int y = 0; y < side - 2; y++)
        for (int x = 0; x < side - 2; x++) {
            bf16 *to = m->at + (ptrdiff_t)(y * m->pitch + x) * m->channels;
            for (int t = 0; t < 9; t++)
                for (int plane = 0; plane < planes; plane++, to++) {
                    const float v = lr[((y + t / 3) * side + x + t % 3) * planes + plane];
                    const uint32_t bits = (uint32_t)(to[0] = rounded(v)) << 16;
                    float kept;
                    memcpy(&kept, &bits, sizeof kept);
                    to[lost] = rounded(v - kept);
                }
        }
}

static void add_skip(const struct net *n, const struct pass *p)
{
    const ptrdiff_t wide_row = p->sum.channels;
    const ptrdiff_t shift = (ptrdiff_t)n->depth * (p->sum.pitch + 1) * wide_row;
    const ptrdiff_t end = (ptrdiff_t)count(&p->sum) * wide_row;
    for (ptrdiff_t k = 0; k < end; k += UNIT)
        narrow(p->sum.at + k,
               _mm512_add_ps(wide(p->act[n->depth].at + k), wide(p->act[0].at + shift + k)));
}

/* Compares a block of the tail with hr and writes the gradient, also over hr. Returns the loss, which
 * as the gradient must be divided by the count of numbers. */
static double compare(const struct net *n, const struct block *b, const float *lr, float *hr,
                      const struct map *g)
{
    const struct layer *l = &n->layers[n->depth + 1];
    const int side = g->side, s = n->scale, halo = n->depth + 2;
    double loss = 0;
    for (int p = 0; p < BLOCK; p++) {
        const int y = (b->first + p) / g->pitch, x = (b->first + p) % g->pitch;
        if (y >= side || x >= side)
            continue;
        const float *own = lr + ((y + halo) * g->pitch + x + halo) * n->planes;
        bf16 *to = g->at + (ptrdiff_t)(b->first + p) * g->channels;
        float error[LOSS_MOST], slope[LOSS_MOST];
        for (int o = 0; o < n->planes * s * s; o++) {
            const int plane = o / (s * s), row = plane * s * side + s * y + o / s % s;
            error[o] = b->sums[p * MOST + o] + l->bias[o] + own[plane] -
                       hr[row * s * side + s * x + o % s];
        }
        loss += loss_of(&n->loss, n->planes, s * s, error, slope);
        for (int o = 0; o < n->planes * s * s; o++) {
            const int plane = o / (s * s), row = plane * s * side + s * y + o / s % s;
            to[o] = rounded(hr[row * s * side + s * x + o % s] = slope[o]);
        }
    }
    return loss;
}

/* Runs the network on a patch, returns the loss and sets g_tail. */
static double forward(const struct net *n, const struct pass *p, const float *lr, float *hr)
{
    const int tail = n->depth + 1;
    struct block b;
    fill(&p->input, lr, n->planes);
    for (int k = 0; k < tail; k++) {
        const struct layer *l = &n->layers[k];
        for (b.first = 0; b.first < count(&p->act[k]); b.first += BLOCK) {
            products(k ? &p->act[k - 1] : &p->input, 1, l->taps, l->ahead, l->outs, &b);
            activate(&b, l, &p->act[k], p->below[k]);
        }
    }
    add_skip(n, p);
    double loss = 0;
    const struct layer *l = &n->layers[tail];
    for (b.first = 0; b.first < count(&p->g_tail); b.first += BLOCK) {
        products(&p->sum, 1, l->taps, l->ahead, l->outs, &b);
        loss += compare(n, &b, lr, hr, &p->g_tail);
    }
    return loss;
}

/* Returns 16 channels of two pixels as pairs. */
INLINE __m512i pair(const bf16 *at, int channels)
{
    const __m512i low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)at)),
                  high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)(at + channels)));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

INLINE void transpose(__m512i v[16])
{
    __m512i t[16];
    for (int k = 0; k < 16; k += 2) {
        t[k] = _mm512_unpacklo_epi32(v[k], v[k + 1]);
        t[k + 1] = _mm512_unpackhi_epi32(v[k], v[k + 1]);
    }
    for (int k = 0; k < 16; k += 4) {
        v[k] = _mm512_unpacklo_epi64(t[k], t[k + 2]);
        v[k + 1] = _mm512_unpackhi_epi64(t[k], t[k + 2]);
        v[k + 2] = _mm512_unpacklo_epi64(t[k + 1], t[k + 3]);
        v[k + 3] = _mm512_unpackhi_epi64(t[k + 1], t[k + 3]);
    }
    for (int k = 0; k < 4; k++)
        for (int half = 0; half < 16; half += 8) {
            t[half + k] = _mm512_shuffle_i32x4(v[half + k], v[half + 4 + k], 0x88);
            t[half + 4 + k] = _mm512_shuffle_i32x4(v[half + k], v[half + 4 + k], 0xdd);
        }
    for (int k = 0; k < 8; k++) {
        v[k] = _mm512_shuffle_i32x4(t[k], t[8 + k], 0x88);
        v[8 + k] = _mm512_shuffle_i32x4(t[k], t[8 + k], 0xdd);
    }
}

/* Writes `channels` of the pixels before `end` as [channel][apart]. */
static void lay_across(const struct map *m, int channels, int end, const struct pass *p)
{
    for (int c = 0; c < channels; c += UNIT)
        for (int first = 0; first < end; first += DEEP) {
            const bf16 *at = m->at + (ptrdiff_t)first * m->channels + c;
            __m512i v[16];
            for (int k = 0; k < 16; k++)
                v[k] = pair(at + 2 * k * m->channels, m->channels);
            transpose(v);
            for (int k = 0; k < 16; k++)
                _mm512_storeu_si512(p->across + (size_t)(c + k) * p->apart + first, v[k]);
        }
}

static void lay_in_pairs(const struct map *m, int channels, int end, const struct pass *p)
{
    for (int odd = 0; odd < 2; odd++)
        for (int first = 0; first < end; first += 2)
            for (int c = 0; c < channels; c += UNIT)
                _mm512_store_si512(
                    p->pairs[odd] + (ptrdiff_t)first * m->channels + 2 * c,
                    pair(m->at + (ptrdiff_t)(first + odd) * m->channels + c, m->channels));
}

/* Add the products of `steps` times 32 pixels to 2x2, 1x3 or 1x1 tiles of a kernel's gradient. `g`
 * is of [channel][apart], `in` of [pixel / 2][deep][2], `to` of [out][deep]. */
static void outer_2x2(const bf16 *g, size_t apart, const bf16 *in, int deep, int steps, float *to)
{
    const size_t row = (size_t)deep * sizeof *to, g_row = apart * sizeof *g;
    _tile_loadd(0, to, row);
    _tile_loadd(1, to + UNIT, row);
    _tile_loadd(2, to + UNIT * deep, row);
    _tile_loadd(3, to + UNIT * deep + UNIT, row);
    for (int k = 0; k < steps; k++, g += DEEP, in += DEEP * deep) {
        _tile_loadd(4, g, g_row);
        _tile_loadd(6, in, row);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, in + 2 * UNIT, row);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, g + UNIT * apart, g_row);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, to, row);
    _tile_stored(1, to + UNIT, row);
    _tile_stored(2, to + UNIT * deep, row);
    _tile_stored(3, to + UNIT * deep + UNIT, row);
}

static void outer_1x3(const bf16 *g, size_t apart, const bf16 *in, int deep, int steps, float *to)
{
    const size_t row = (size_t)deep * sizeof *to, g_row = apart * sizeof *g;
    _tile_loadd(0, to, row);
    _tile_loadd(1, to + UNIT, row);
    _tile_loadd(2, to + 2 * UNIT, row);
    for (int k = 0; k < steps; k++, g += DEEP, in += DEEP * deep) {
        _tile_loadd(4, g, g_row);
        _tile_loadd(5, in, row);
        _tile_dpbf16ps(0, 4, 5);
        _tile_loadd(6, in + 2 * UNIT, row);
        _tile_dpbf16ps(1, 4, 6);
        _tile_loadd(7, in + 4 * UNIT, row);
        _tile_dpbf16ps(2, 4, 7);
    }
    _tile_stored(0, to, row);
    _tile_stored(1, to + UNIT, row);
    _tile_stored(2, to + 2 * UNIT, row);
}

static void outer_1x1(const bf16 *g, size_t apart, const bf16 *in, int deep, int steps, float *to)
{
    const size_t row = (size_t)deep * sizeof *to;
    _tile_loadd(0, to, row);
    for (int k = 0; k < steps; k++, g += DEEP, in += DEEP * deep) {
        _tile_loadd(4, g, apart * sizeof *g);
        _tile_loadd(5, in, row);
        _tile_dpbf16ps(0, 4, 5);
    }
    _tile_stored(0, to, row);
}

/* Adds one chunk of pixels to one tap's [out][in]. */
static void outer(const struct layer *l, const bf16 *g, size_t apart, const bf16 *in, int steps,
                  float *to)
{
    const int rows = l->outs / UNIT, columns = l->ins / UNIT;
    const int down = rows % 2 || columns % 2 ? 1 : 2, right = down == 2 ? 2 : columns == 3 ? 3 : 1;
    for (int o = 0; o < rows; o += down)
        for (int i = 0; i < columns; i += right) {
            const bf16 *from = g + (size_t)(o * UNIT) * apart, *with = in + i * 2 * UNIT;
            float *sum = to + o * UNIT * l->in + i * UNIT;
            if (right == 2)
                outer_2x2(from, apart, with, l->in, steps, sum);
            else if (right == 3)
                outer_1x3(from, apart, with, l->in, steps, sum);
            else
                outer_1x1(from, apart, with, l->in, steps, sum);
        }
}

static void add_kernel(const struct pass *p, const struct layer *l, const struct map *in,
                       const struct map *g, float *to)
{
    const int reach = l->taps > 1 ? 2 * g->pitch + 2 : 0;
    const int steps = (count(g) + DEEP - 1) / DEEP;
    lay_across(g, l->outs, steps * DEEP, p);
    lay_in_pairs(in, l->ins, steps * DEEP + reach, p);
    for (int first = 0; first < steps; first += CHUNK)
        for (int t = 0; t < l->taps; t++) {
            const int pixel = first * DEEP + t / 3 * g->pitch + t % 3;
            outer(l, p->across + first * DEEP, p->apart,
                  p->pairs[pixel % 2] + (ptrdiff_t)(pixel / 2 * 2) * in->channels,
                  steps - first < CHUNK ? steps - first : CHUNK,
                  to + (size_t)t * (size_t)(l->in * l->out));
        }
}

/* Turns a block of the gradient after an activation into the gradient before it. `skip` is added
 * `shift` pixels further. */
static void deactivate(const struct block *b, const struct layer *l, const struct map *act,
                       const uint64_t *below, const struct map *skip, int shift,
                       const struct map *g, const struct gradient *to)
{
    const uint16_t *signs = (const uint16_t *)(const void *)(below + b->first);
    __mmask16 inside[BLOCK];
    for (int p = 0, y = b->first / g->pitch, x = b->first % g->pitch; p < BLOCK; p++) {
        inside[p] = y < g->side && x < g->side ? 0xffff : 0;
        if (++x == g->pitch)
            x = 0, y++;
    }
    for (int c = 0; c < l->outs; c += UNIT) {
        const __m512 slope = _mm512_loadu_ps(l->slope + c);
        __m512 bias = _mm512_loadu_ps(to->bias + c), bend = _mm512_setzero_ps();
        for (int p = 0; p < BLOCK; p++) {
            const ptrdiff_t at = (ptrdiff_t)(b->first + p) * g->channels + c;
            __m512 v = _mm512_load_ps(b->sums + p * MOST + c);
            if (skip && b->first + p >= shift)
                v = _mm512_add_ps(v, wide(skip->at + at - (ptrdiff_t)shift * g->channels));
            v = _mm512_maskz_mov_ps(inside[p], v);
            const __mmask16 sign = signs[p * (MOST / UNIT) + c / UNIT];
            bend = _mm512_mask3_fmadd_ps(v, wide(act->at + at), bend, sign);
            v = _mm512_mask_mul_ps(v, sign, v, slope);
            bias = _mm512_add_ps(bias, v);
            narrow(g->at + at, v);
        }
        _mm512_storeu_ps(to->bias + c, bias);
        /* act is the sum times the slope there; a slope of 0 stays as it is */
        const __mmask16 bent = _mm512_cmp_ps_mask(slope, _mm512_setzero_ps(), _CMP_NEQ_OQ);
        bend = _mm512_maskz_div_ps(bent, bend, slope);
        _mm512_storeu_ps(to->slope + c, _mm512_add_ps(_mm512_loadu_ps(to->slope + c), bend));
    }
}

/* Keeps a block of the gradient of the sum, for the skip. */
static void keep(const struct block *b, int channels, const struct map *to)
{
    for (int p = 0; p < BLOCK; p++) {
        const int at = b->first + p;
        if (at / to->pitch < to->side && at % to->pitch < to->side)
            for (int c = 0; c < channels; c += UNIT)
                narrow(to->at + (ptrdiff_t)at * to->channels + c,
                       _mm512_load_ps(b->sums + p * MOST + c));
    }
}

static void add_bias(const struct map *g, int channels, float *bias)
{
    for (int c = 0; c < channels; c += UNIT) {
        __m512 sum = _mm512_loadu_ps(bias + c);
        for (int p = 0; p < count(g); p++)
            sum = _mm512_add_ps(sum, wide(g->at + (ptrdiff_t)p * g->channels + c));
        _mm512_storeu_ps(bias + c, sum);
    }
}

static void backward(const struct net *n, const struct pass *p, const struct gradient *to)
{
    const int tail = n->depth + 1;
    struct map g = p->g_tail;
    struct block b;
    add_bias(&g, n->layers[tail].outs, to[tail].bias);
    for (int k = tail - 1; k >= 0; k--) {
        const struct layer *next = &n->layers[k + 1], *l = &n->layers[k];
        add_kernel(p, next, k == tail - 1 ? &p->sum : &p->act[k], &g, to[k + 1].kernel);
        struct map back = p->g[k % 2];
        back.side = p->act[k].side;
        for (b.first = 0; b.first < count(&back); b.first += BLOCK) {
            products(&g, -1, next->taps, next->turned, next->ins, &b);
            if (k == tail - 1)
                keep(&b, l->outs, &p->g_sum);
            deactivate(&b, l, &p->act[k], p->below[k], k ? NULL : &p->g_sum,
                       n->depth * (back.pitch + 1), &back, &to[k]);
        }
        g = back;
    }
    add_kernel(p, &n->layers[0], &p->input, &g, to[0].kernel);
}

/* Adds the gradients of one patch to `to`, writes that of the output over hr, and returns its loss,
 * all to be divided by the count of numbers in all hr of the batch. lr is [side][side][planes], hr is
 * [planes][scale inside][scale inside] with inside = side - 2 (depth + 2), and depth is 1 to 64. */
double amx_patch(const struct net *n, int side, const float *lr, float *hr, bf16 *work,
                 const struct gradient *to)
{
    struct pass p;
    arrange(n, &p, side, work);
    clear(&p.g_sum), clear(&p.g_tail), clear(&p.g[0]), clear(&p.g[1]);
    use_unit();
    const double loss = forward(n, &p, lr, hr);
    backward(n, &p, to);
    _tile_release();
    return loss;
}
