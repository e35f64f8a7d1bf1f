/* deflate_block.c - see deflate_block.h. */
#include "engine/png/deflate_block.h"

#include "engine/png/png_kernels.h"

enum { DYNAMIC = 2, STORED_MAX = 65535, LENGTHS = 29 };

/* The first length of each symbol from 257 on, and the number of its extra bits. Length 258 has a
 * symbol of its own. */
static const uint16_t length_base[LENGTHS + 1] = {3,  4,  5,  6,   7,   8,   9,   10,  11,  13,
                                                  15, 17, 19, 23,  27,  31,  35,  43,  51,  59,
                                                  67, 83, 99, 115, 131, 163, 195, 227, 258, 259};
static const uint8_t length_extra[LENGTHS] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                              2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

/* The codes of a block, and the size of the block. */
struct plan {
    uint8_t literal_lengths[DEFLATE_LITERALS], distance_lengths[DEFLATE_DISTANCES];
    struct deflate_head head;
    uint64_t bits;
};

static void count_symbols(const struct deflate_tally *t, uint32_t *symbols)
{
    memcpy(symbols, t->literals, sizeof t->literals);
    symbols[DEFLATE_END] = 1;
    for (int i = 0; i < LENGTHS; i++) {
        symbols[257 + i] = 0;
        for (int length = length_base[i]; length < length_base[i + 1]; length++)
            symbols[257 + i] += t->lengths[length - 3];
    }
}

static void make_plan(const struct deflate_tally *t, struct plan *p)
{
    uint32_t symbols[DEFLATE_LITERALS];
    count_symbols(t, symbols);
    deflate_code_lengths(symbols, DEFLATE_LITERALS, DEFLATE_CODE_LIMIT, p->literal_lengths);
    deflate_code_lengths(t->distances, DEFLATE_DISTANCES, DEFLATE_CODE_LIMIT, p->distance_lengths);
    deflate_head_make(p->literal_lengths, p->distance_lengths, &p->head);
    p->bits = 3 + p->head.bits;
    for (int i = 0; i < DEFLATE_LITERALS; i++)
        p->bits += (uint64_t)symbols[i] *
                   (p->literal_lengths[i] + (i > DEFLATE_END ? length_extra[i - 257] : 0U));
    for (unsigned i = 0; i < DEFLATE_DISTANCES; i++)
        p->bits += (uint64_t)t->distances[i] * (p->distance_lengths[i] + deflate_distance_extra(i));
}

uint64_t deflate_block_cost(const struct deflate_tally *t)
{
    struct plan p;
    make_plan(t, &p);
    return p.bits - p.head.bits;
}

static uint32_t entry(uint32_t bits, unsigned count)
{
    return bits | count << 24;
}

static void make_table(const struct plan *p, uint16_t *codes, struct deflate_table *table)
{
    const uint8_t *lengths = p->literal_lengths;
    uint16_t distances[DEFLATE_DISTANCES];
    deflate_code_assign(lengths, DEFLATE_LITERALS, codes);
    deflate_code_assign(p->distance_lengths, DEFLATE_DISTANCES, distances);
    for (int i = 0; i < 256; i++)
        table->literals[i] = entry(codes[i], lengths[i]);
    for (int i = 0; i < LENGTHS; i++)
        for (int length = length_base[i]; length < length_base[i + 1]; length++) {
            uint32_t extra = (uint32_t)(length - length_base[i]);
            unsigned bits = lengths[257 + i];
            table->lengths[length - 3] =
                entry(codes[257 + i] | extra << bits, bits + length_extra[i]);
        }
    for (int i = 0; i < DEFLATE_DISTANCES; i++)
        table->distances[i] = entry(distances[i], p->distance_lengths[i]);
}

void deflate_stored_put(const uint8_t *bytes, size_t count, struct deflate_bits *b)
{
    while (count > 0) {
        size_t here = count < STORED_MAX ? count : STORED_MAX;
        deflate_bits_put(b, 0, 3);
        deflate_bits_align(b);
        deflate_bits_put(b, here | (~here & 0xffff) << 16, 32);
        memcpy(b->next, bytes, here);
        b->next += here;
        bytes += here;
        count -= here;
    }
}

void deflate_flush_put(struct deflate_bits *b)
{
    deflate_bits_put(b, 0, 3);
    deflate_bits_align(b);
    deflate_bits_put(b, 0xffff0000, 32);
}

void deflate_block_put(const struct png_kernels *k, const struct deflate_sequence *s,
                       struct deflate_bits *b)
{
    struct deflate_tally t = {0};
    struct plan p;
    struct deflate_table table;
    uint16_t codes[DEFLATE_LITERALS];
    if (s->count == 0)
        return;
    k->tally(s, &t);
    make_plan(&t, &p);
    if (p.bits / 8 >= s->count + (s->count / STORED_MAX + 1) * 5) {
        deflate_stored_put(s->bytes, s->count, b);
        return;
    }
    make_table(&p, codes, &table);
    deflate_bits_put(b, DYNAMIC << 1, 3);
    deflate_head_put(&p.head, b);
    k->send(s, &table, b);
    deflate_bits_put(b, codes[DEFLATE_END], p.literal_lengths[DEFLATE_END]);
}
