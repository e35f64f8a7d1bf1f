/* agree.c - checks that the NEON set gives the very bits of the formulas (tests/lib/nn_kernels.c),
 * as AVX2 and AVX-512 do in test_kernels.c. So a cluster with both kinds of processors gives one
 * answer. It stands alone, to be cross-compiled and run by an emulator. Speaks TAP. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/nn_kernels.h"

enum { L = KERNEL_LANES, MOST = 1 << 16, ROWS = 64 };

static _Alignas(64) float samples[MOST], weights[1 << 18], packed[1 << 19], scratch[1 << 18];
static _Alignas(64) float made[2][ROWS][8192], added[ROWS][8192];
static const float *in[ROWS * 4], *add[ROWS];
static float *out[2][ROWS];
static uint64_t state = 20261123;

/* -1 <= value < 1; splitmix64 (Steele, Lea, Flood 2014) */
static float any(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (float)(int32_t)((z ^ (z >> 31)) >> 40) / 8388608.0f - 1.0f;
}

static void fill(float *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        v[i] = any();
}

static struct kernel_store store_at(int k)
{
    struct kernel_store s = {weights + 64, -INFINITY, INFINITY, k % 2 == 0};
    if (k % 3 == 2) {
        s.lo = -0.25f;
        s.hi = 0.5f;
    }
    return s;
}

static int n, bad;

static void claim(const char *name, int rounds)
{
    n++;
    printf("%sok %d - %s, %d cases\n", bad ? "not " : "", n, name, rounds);
    bad = 0;
}

static void compare(void)
{
    bad |= memcmp(made[0], made[1], sizeof made[0]) != 0;
    memset(made, 0, sizeof made);
}

static void convolutions(const struct kernels *set)
{
    static const int channels[] = {1, 3, 16, 17, 56};
    for (int round = 0; round < 100; round++) {
        int c = channels[round % 5], width = 1 + round % 41;
        struct kernel_conv k = {in,
                                c,
                                3,
                                1 + round % 5,
                                1 + round % 3,
                                weights + 256,
                                weights,
                                store_at(round),
                                add,
                                NULL,
                                round % 2 ? L : 2 * L,
                                width};
        if (round % 4 == 3)
            k.add = NULL;
        for (int i = 0; i < 2; i++) {
            const struct kernels *s = i ? &kernels_plain : set;
            k.out = out[i];
            (c < 4 ? s->conv_planar : s->conv_blocked)(&k);
        }
        compare();
    }
    claim("convolutions", 100);
}

static void winograds(const struct kernels *set, int gives)
{
    for (int round = 0; round < 60; round++) {
        int channels = 1 + round * 5 % 40, outs = 1 + round * 7 % 40;
        struct kernel_winograd k = {
            in,     gives,          channels,        (outs + L - 1) / L,
            packed, weights,        store_at(round), round % 4 == 3 ? NULL : add,
            NULL,   1 + round % 31, scratch};
        kernel_winograd_pack(gives, weights + 256, channels, outs, packed);
        for (int i = 0; i < 2; i++) {
            k.out = out[i];
            (i ? &kernels_plain : set)->winograd(&k);
        }
        compare();
    }
    claim(gives == 4 ? "Winograd, 4x4" : "Winograd, 6x6", 60);
}

static void planes(const struct kernels *set)
{
    for (int round = 0; round < 100; round++) {
        int kernel = 1 + round % 5, width = L * (1 + round % 6);
        struct kernel_planes k = {in,
                                  12 / kernel,
                                  kernel,
                                  kernel,
                                  4,
                                  weights + 256,
                                  weights,
                                  store_at(round),
                                  round % 4 == 3 ? NULL : add,
                                  NULL,
                                  round % 2 == 0,
                                  width};
        for (int i = 0; i < 2; i++) {
            k.out = out[i];
            (i ? &kernels_plain : set)->planes(&k);
        }
        compare();
    }
    for (int i = 0; i < 2; i++)
        (i ? &kernels_plain : set)->unblock(samples, out[i], L, 80);
    compare();
    claim("planes", 101);
}

static void talls(const struct kernels *set)
{
    for (int round = 0; round < 60; round++) {
        int channels = 1 + round % 30, kernel_x = 1 + round % 7, outs = 1 + round % 4;
        int groups = 1 + round / 4 % 4;
        struct kernel_planes k = {in,
                                  channels,
                                  KERNEL_TALL_TAPS,
                                  kernel_x,
                                  outs,
                                  packed,
                                  weights,
                                  store_at(round),
                                  round % 5 == 3 ? NULL : add,
                                  NULL,
                                  outs == 4 && round % 8 > 3,
                                  L * (1 + round % 13)};
        for (int g = 0; g < groups; g++)
            kernel_tall_pack(weights + 256 + g, channels, kernel_x,
                             packed + g * 32 * channels * kernel_x);
        for (int i = 0; i < 2; i++) {
            k.out = out[i];
            (i ? &kernels_plain : set)->tall(&(struct kernel_tall){k, groups, scratch});
        }
        compare();
    }
    claim("tall tiles", 60);
}

static void rows(const struct kernels *set)
{
    for (int round = 0; round < 60; round++) {
        struct kernel_store store = store_at(round);
        for (int i = 0; i < 2; i++) {
            const struct kernels *one = i ? &kernels_plain : set;
            struct kernel_merge k = {in, 1 + round % 4, round / 4 % 2 == 1, out[i][0]};
            one->merge(&k, L * (1 + round % 7));
            one->finish(&store, out[i][0], L * (1 + round % 7));
            one->interleave(in, 1 + round % 5, out[i][1], 1 + round);
        }
        compare();
    }
    claim("rows", 60);
}

int main(void)
{
    const struct kernels *set = kernels_find("neon");
    fill(samples, MOST);
    fill(weights, sizeof weights / sizeof *weights);
    fill(added[0], sizeof added / sizeof(float));
    for (int i = 0; i < ROWS * 4; i++)
        in[i] = samples + (size_t)(i * 37 % 800) * L;
    for (int i = 0; i < ROWS; i++) {
        add[i] = added[i];
        out[0][i] = made[0][i];
        out[1][i] = made[1][i];
    }
    if (!set || set != kernels_find(NULL)) {
        printf("Bail out! there is no NEON set\n");
        return 1;
    }
    convolutions(set);
    winograds(set, 4);
    winograds(set, 6);
    planes(set);
    talls(set);
    rows(set);
    return 0;
}
