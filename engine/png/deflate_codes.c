/* deflate_codes.c - see deflate_codes.h.
 *
 * To find the lengths, the two lightest trees are joined until one tree is left (Huffman 1952). If
 * the leaves are sorted, new trees arise in order, so two queues suffice (van Leeuwen 1976). Leaves
 * deeper than the limit are raised to the limit. The code then needs more than the whole code
 * space. Until it fits, one leaf above the limit moves down a level and takes a leaf from the limit
 * as its sibling. Each such step frees one place at the depth of the limit, and fewer steps are
 * needed than leaves were raised. */
#include "engine/png/deflate_codes.h"

#include <stdbool.h>

enum { LIMIT_MAX = 15, KEY_SHIFT = 9, REPEAT = 16, ZEROS = 17, MANY_ZEROS = 18 };

/* Sorts by the upper bits, byte by byte. Equal keys keep their order. */
static void sort_keys(uint64_t *keys, uint64_t *other, int count)
{
    for (unsigned shift = KEY_SHIFT; shift < KEY_SHIFT + 24; shift += 8) {
        int starts[256] = {0};
        for (int i = 0; i < count; i++)
            starts[keys[i] >> shift & 255]++;
        for (int k = 0, at = 0; k < 256; k++) {
            int here = starts[k];
            starts[k] = at;
            at += here;
        }
        for (int i = 0; i < count; i++)
            other[starts[keys[i] >> shift & 255]++] = keys[i];
        memcpy(keys, other, (size_t)count * sizeof *keys);
    }
}

/* Writes the used symbols, the rarest first, as count << KEY_SHIFT | symbol. Returns their number,
 * which is at least two. */
static int sort_symbols(const uint32_t *counts, int symbols, uint64_t *keys)
{
    uint64_t other[DEFLATE_LITERALS];
    int used = 0;
    for (int i = 0; i < symbols; i++)
        if (counts[i])
            keys[used++] = (uint64_t)counts[i] << KEY_SHIFT | (uint64_t)i;
    for (int i = 0; used < 2; i++)
        if (!counts[i])
            keys[used++] = (uint64_t)i;
    sort_keys(keys, other, used);
    return used;
}

/* Counts the leaves of the optimal tree at each depth. Deeper leaves than `limit` count at
 * `limit`. */
static void count_depths(const uint64_t *keys, int leaves, int limit, int *at_depth)
{
    uint64_t weight[2 * DEFLATE_LITERALS];
    int parent[2 * DEFLATE_LITERALS], depth[2 * DEFLATE_LITERALS];
    int leaf = 0, tree = leaves, end = leaves;
    for (int i = 0; i < leaves; i++)
        weight[i] = keys[i] >> KEY_SHIFT;
    for (; end < 2 * leaves - 1; end++) {
        weight[end] = 0;
        for (int k = 0; k < 2; k++) {
            bool use_leaf = leaf < leaves && (tree == end || weight[leaf] <= weight[tree]);
            int child = use_leaf ? leaf++ : tree++;
            weight[end] += weight[child];
            parent[child] = end;
        }
    }
    depth[end - 1] = 0;
    for (int i = end - 2; i >= 0; i--) {
        depth[i] = depth[parent[i]] + 1;
        if (i < leaves)
            at_depth[depth[i] < limit ? depth[i] : limit]++;
    }
}

/* Makes the code fit, as the top of this file describes. */
static void fit(int limit, int *at_depth)
{
    long spent = 0;
    for (int d = 1; d <= limit; d++)
        spent += (long)at_depth[d] << (limit - d);
    for (; spent > 1L << limit; spent--) {
        int d = limit - 1;
        while (at_depth[d] == 0)
            d--;
        at_depth[d]--;
        at_depth[d + 1] += 2;
        at_depth[limit]--;
    }
}

void deflate_code_lengths(const uint32_t *counts, int symbols, int limit, uint8_t *lengths)
{
    uint64_t keys[DEFLATE_LITERALS];
    int at_depth[LIMIT_MAX + 1] = {0};
    int used = sort_symbols(counts, symbols, keys), d = limit;
    count_depths(keys, used, limit, at_depth);
    fit(limit, at_depth);
    memset(lengths, 0, (size_t)symbols);
    for (int i = 0; i < used; i++) {
        while (at_depth[d] == 0)
            d--;
        at_depth[d]--;
        lengths[keys[i] & ((1 << KEY_SHIFT) - 1)] = (uint8_t)d;
    }
}

static uint16_t reversed(uint32_t code, int length)
{
    uint32_t out = 0;
    for (int i = 0; i < length; i++)
        out |= (code >> i & 1) << (length - 1 - i);
    return (uint16_t)out;
}

void deflate_code_assign(const uint8_t *lengths, int symbols, uint16_t *codes)
{
    uint32_t used[LIMIT_MAX + 1] = {0}, next[LIMIT_MAX + 1] = {0};
    for (int i = 0; i < symbols; i++)
        used[lengths[i]]++;
    used[0] = 0;
    for (int d = 1; d <= LIMIT_MAX; d++)
        next[d] = (next[d - 1] + used[d - 1]) << 1;
    for (int i = 0; i < symbols; i++)
        codes[i] = lengths[i] ? reversed(next[lengths[i]]++, lengths[i]) : 0;
}

static const uint8_t extra_bits[19] = {[REPEAT] = 2, [ZEROS] = 3, [MANY_ZEROS] = 7};

static void add(struct deflate_head *h, int symbol, int extra)
{
    h->symbol[h->count] = (uint8_t)symbol;
    h->extra[h->count++] = (uint8_t)extra;
}

/* Adds `run` equal lengths in as few symbols as possible. */
static void add_run(struct deflate_head *h, int length, int run)
{
    if (length != 0) {
        add(h, length, 0);
        run--;
    }
    int most = length ? 6 : 138;
    while (run >= 3) {
        int here = run < most ? run : most;
        if (length)
            add(h, REPEAT, here - 3);
        else
            add(h, here > 10 ? MANY_ZEROS : ZEROS, here > 10 ? here - 11 : here - 3);
        run -= here;
    }
    while (run-- > 0)
        add(h, length, 0);
}

/* The order in which the lengths of the code of lengths are sent: rare ones last. */
static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

static int last_used(const uint8_t *lengths, int symbols, int least)
{
    while (symbols > least && lengths[symbols - 1] == 0)
        symbols--;
    return symbols;
}

void deflate_head_make(const uint8_t *literals, const uint8_t *distances, struct deflate_head *h)
{
    uint8_t all[DEFLATE_LITERALS + DEFLATE_DISTANCES];
    uint32_t counts[19] = {0};
    h->count = 0;
    h->literals = last_used(literals, DEFLATE_LITERALS, 257);
    h->distances = last_used(distances, DEFLATE_DISTANCES, 1);
    memcpy(all, literals, (size_t)h->literals);
    memcpy(all + h->literals, distances, (size_t)h->distances);
    for (int i = 0, run, end = h->literals + h->distances; i < end; i += run) {
        for (run = 1; i + run < end && all[i + run] == all[i];)
            run++;
        add_run(h, all[i], run);
    }
    for (int i = 0; i < h->count; i++)
        counts[h->symbol[i]]++;
    deflate_code_lengths(counts, 19, 7, h->length);
    h->lengths = 19;
    while (h->lengths > 4 && h->length[order[h->lengths - 1]] == 0)
        h->lengths--;
    h->bits = 5 + 5 + 4 + 3 * (uint32_t)h->lengths;
    for (int i = 0; i < 19; i++)
        h->bits += counts[i] * (uint32_t)(h->length[i] + extra_bits[i]);
}

void deflate_head_put(const struct deflate_head *h, struct deflate_bits *b)
{
    uint16_t codes[19];
    deflate_code_assign(h->length, 19, codes);
    deflate_bits_put(b, (uint64_t)(h->literals - 257), 5);
    deflate_bits_put(b, (uint64_t)(h->distances - 1), 5);
    deflate_bits_put(b, (uint64_t)(h->lengths - 4), 4);
    for (int i = 0; i < h->lengths; i++)
        deflate_bits_put(b, h->length[order[i]], 3);
    for (int i = 0; i < h->count; i++) {
        int s = h->symbol[i];
        deflate_bits_put(b, codes[s], h->length[s]);
        deflate_bits_put(b, h->extra[i], extra_bits[s]);
    }
}
