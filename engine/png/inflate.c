/* inflate.c - see inflate.h.
 *
 * ISA-L continues from block to block by itself. But zlib has to see the headers first. So ISA-L is
 * told that every block is the last one, and stops after it. ISA-L also takes input ahead of what
 * it has decoded. Its versions differ in whether they still report the place, to the bit, after all
 * output of a last block has been fetched. So one byte of a block stays in ISA-L until the end of
 * the block is found (ISAL_BLOCK_INPUT_DONE); all versions report the place there. */
#include "engine/png/inflate.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_zlib.h"

enum {
    INPUT = 1 << 15,       /* bytes of input in one piece, because spans are short in some files */
    INPUT_LEAST = 1 << 13, /* with less of it, ISA-L would build tables for short blocks */
    GIVEN_BACK = 8,        /* bytes before next_in that ISA-L can have taken ahead */
};

struct inflate {
    inflate_next *next_span;
    void *arg;
    const uint8_t *span; /* the rest of the span */
    size_t span_left;
    enum { AT_HEAD, AT_BLOCK, IN_BLOCK, AT_TAIL, AT_END, AT_NOTHING } place;
    z_stream judge;
    struct inflate_state state; /* its next_in and avail_in are a part of `input` */
    unsigned bits, bit_count;   /* of the byte before next_in, at the beginning of a block: 0..7 */
    bool last_block, stored;    /* the block that was begun */
    bool ended;                 /* the end of the block is found */
    uint32_t blocks;            /* blocks that have begun so far */
    uint32_t adler;
    uint8_t input[GIVEN_BACK + INPUT];
};

struct inflate *inflate_new(inflate_next *next_span, void *arg)
{
    struct inflate *z = mem_calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->next_span = next_span;
    z->arg = arg;
    isal_inflate_init(&z->state);
    z->state.next_in = z->input + GIVEN_BACK;
    if (!png_zlib_begin(&z->judge, -MAX_WBITS)) {
        mem_free(z);
        return NULL;
    }
    return z;
}

void inflate_free(struct inflate *z)
{
    if (!z)
        return;
    inflateEnd(&z->judge);
    mem_free(z);
}

size_t inflate_bytes(void)
{
    return sizeof(struct inflate) + PNG_ZLIB_BYTES + (size_t)MEM_SLACK;
}

uint32_t inflate_adler(const struct inflate *z)
{
    return z->adler;
}

/* Moves input so that INPUT_LEAST bytes, or all that are left, are in one piece. */
static void fill(struct inflate *z)
{
    struct inflate_state *s = &z->state;
    if (s->avail_in >= INPUT_LEAST)
        return;
    memmove(z->input, s->next_in - GIVEN_BACK, GIVEN_BACK + s->avail_in);
    s->next_in = z->input + GIVEN_BACK;
    while (s->avail_in < INPUT &&
           (z->span_left > 0 || z->next_span(z->arg, &z->span, &z->span_left))) {
        size_t n = INPUT - s->avail_in;
        n = n < z->span_left ? n : z->span_left;
        memcpy(s->next_in + s->avail_in, z->span, n);
        s->avail_in += (uint32_t)n;
        z->span += n;
        z->span_left -= n;
    }
}

static bool read_head(struct inflate *z)
{
    struct inflate_state *s = &z->state;
    fill(z);
    if (s->avail_in < 2)
        return false;
    unsigned method = s->next_in[0], flags = s->next_in[1];
    s->next_in += 2;
    s->avail_in -= 2;
    z->place = AT_BLOCK;
    /* deflate, a window of 32 KiB, no dictionary: with smaller windows, zlib's limit on the
     * distance of matches depends on how it is called */
    return method == 0x78 && (flags & 0x20) == 0 && (method << 8 | flags) % 31 == 0;
}

/* Lets zlib read the header of the next block. Returns whether it accepts it. */
static bool judge_block(struct inflate *z)
{
    z_stream *j = &z->judge;
    uint8_t none;
    j->next_in = z->state.next_in;
    j->avail_in = z->state.avail_in;
    j->next_out = &none;
    j->avail_out = 0;
    if (inflateReset(j) != Z_OK || inflatePrime(j, (int)z->bit_count, (int)z->bits) != Z_OK)
        return false;
    inflate(j, Z_TREES);
    z->last_block = j->data_type & 64;
    return j->data_type & 256; /* right after a header */
}

static bool begin_block(struct inflate *z, const uint8_t *begin, uint8_t *out)
{
    struct inflate_state *s = &z->state;
    size_t window = (size_t)(out - begin) < INFLATE_WINDOW ? (size_t)(out - begin) : INFLATE_WINDOW;
    fill(z);
    if (!judge_block(z))
        return false;
    isal_inflate_reset(s);
    if (isal_inflate_set_dict(s, out - window, (uint32_t)window) != COMP_OK)
        return false;
    if (z->bit_count < 3) {
        z->bits |= (unsigned)*s->next_in++ << z->bit_count;
        z->bit_count += 8;
        s->avail_in--;
    }
    z->stored = (z->bits >> 1 & 3) == 0;
    s->read_in = z->bits | 1; /* it must stop at the end */
    s->read_in_length = (int32_t)z->bit_count;
    z->ended = false;
    z->blocks++;
    z->place = IN_BLOCK;
    return true;
}

/* Takes back the input beyond the block. */
static void take_back(struct inflate *z)
{
    struct inflate_state *s = &z->state;
    uint32_t whole = (uint32_t)s->read_in_length / 8;
    s->next_in -= whole;
    s->avail_in += whole;
    z->bit_count = (unsigned)s->read_in_length % 8;
    z->bits = (unsigned)s->read_in & ((1u << z->bit_count) - 1);
    s->read_in = 0;
    s->read_in_length = 0;
    z->ended = true;
}

/* Continues after a block whose output is complete. */
static bool end_block(struct inflate *z)
{
    z->place = z->last_block ? AT_TAIL : AT_BLOCK;
    if (z->ended)
        return true;
    take_back(z); /* an empty block: not every version reports the bit at which it ended */
    return z->last_block || z->stored;
}

static bool run_block(struct inflate *z, uint8_t **out, const uint8_t *limit)
{
    struct inflate_state *s = &z->state;
    int waiting = s->tmp_out_valid - s->tmp_out_processed;
    size_t most = (size_t)(z->ended || waiting == 0 ? waiting : waiting - 1);
    size_t room = (size_t)(limit - *out);
    if (!z->ended)
        fill(z);
    s->next_out = *out;
    s->avail_out = (uint32_t)(most < room ? most : room);
    if (isal_inflate(s) != ISAL_DECOMP_OK)
        return false;
    bool moved = s->next_out > *out || s->tmp_out_valid - s->tmp_out_processed != waiting;
    *out = s->next_out;
    if (s->block_state == ISAL_BLOCK_FINISH)
        return end_block(z);
    if (s->block_state != ISAL_BLOCK_INPUT_DONE)
        return moved; /* otherwise the input has ended */
    if (!z->ended)
        take_back(z);
    return true;
}

/* Reads the check sum, which must be the last of the input. */
static bool read_tail(struct inflate *z)
{
    struct inflate_state *s = &z->state;
    fill(z);
    if (s->avail_in != 4)
        return false;
    z->adler = (uint32_t)s->next_in[0] << 24 | (uint32_t)s->next_in[1] << 16 |
               (uint32_t)s->next_in[2] << 8 | s->next_in[3];
    z->place = AT_END;
    return true;
}

enum inflate_result inflate_run(struct inflate *z, const uint8_t *begin, uint8_t **out,
                                const uint8_t *limit, uint32_t blocks)
{
    bool fine = z->place != AT_NOTHING;
    uint32_t last = z->blocks + blocks;
    while (fine && z->place != AT_END) {
        if (*out >= limit || (z->place == AT_BLOCK && z->blocks == last))
            return INFLATE_MORE;
        if (z->place == AT_HEAD)
            fine = read_head(z);
        else if (z->place == AT_BLOCK)
            fine = begin_block(z, begin, *out);
        else if (z->place == IN_BLOCK)
            fine = run_block(z, out, limit);
        else
            fine = read_tail(z);
    }
    if (fine)
        return INFLATE_END;
    z->place = AT_NOTHING;
    return INFLATE_REFUSED;
}
