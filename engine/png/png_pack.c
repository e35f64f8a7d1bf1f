/* png_pack.c - see png_pack.h. */
#include "engine/png/png_pack.h"

#include <assert.h>
#include <zlib.h>

#include "engine/base/mem.h"

static_assert(PNG_KERNELS_RUNS(PNG_PACK_BLOCK) <= DEFLATE_MATCHES, "room for a block's runs");

/* The memory of zlib comes from the scratch of the strip, so that the memory of a request does not
 * depend on how many strips are packed at the same time. What does not fit is allocated; this
 * happens only with a zlib that takes more. */
struct arena {
    uint8_t *bytes;
    size_t used;
};

static voidpf on_alloc(voidpf opaque, uInt count, uInt size)
{
    struct arena *a = opaque;
    size_t bytes = ((size_t)count * size + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    if (bytes > PNG_PACK_ZLIB - a->used)
        return mem_alloc(count, size);
    a->used += bytes;
    return a->bytes + a->used - bytes;
}

static void on_free(voidpf opaque, voidpf p)
{
    const struct arena *a = opaque;
    uintptr_t at = (uintptr_t)p, begin = (uintptr_t)a->bytes;
    if (at < begin || at >= begin + PNG_PACK_ZLIB)
        mem_free(p);
}

/* How long zlib searches (deflateTune). Its own level 9 follows chains of 4096 places. That takes
 * one thread half a minute for 3840x2160 pixels of noise in two colours, and seconds for a
 * photograph that becomes 0.1 % smaller. */
static const struct {
    int good, lazy, nice, chain;
} efforts[] = {{8, 32, 128, 256}, {16, 64, 258, 512}, {32, 258, 258, 1024}};

static size_t pack_zlib(const struct png_pack *p, const uint8_t *bytes, size_t count, uint8_t *out)
{
    struct arena arena = {p->zlib, 0};
    z_stream z = {.zalloc = on_alloc, .zfree = on_free, .opaque = &arena};
    size_t room = PNG_PACK_BOUND(count);
    int strategy = p->filtered ? Z_FILTERED : Z_DEFAULT_STRATEGY;
    if (deflateInit2(&z, p->compression, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, strategy) != Z_OK)
        return 0;
    if (p->compression >= PNG_PACK_SLOW) {
        int i = p->compression - PNG_PACK_SLOW;
        deflateTune(&z, efforts[i].good, efforts[i].lazy, efforts[i].nice, efforts[i].chain);
    }
    if (p->before > 0)
        deflateSetDictionary(&z, bytes - p->before, (uInt)p->before);
    z.next_in = (z_const Bytef *)bytes;
    z.avail_in = (uInt)count;
    z.next_out = out;
    z.avail_out = (uInt)room;
    int rc = deflate(&z, Z_SYNC_FLUSH);
    bool whole = rc == Z_OK && z.avail_in == 0 && z.avail_out > 0;
    deflateEnd(&z);
    return whole ? room - z.avail_out : 0;
}

/* Packs without matches except long runs, because a photograph has no others. */
static void pack_code(const struct png_pack *p, const uint8_t *bytes, size_t count,
                      struct deflate_bits *b)
{
    while (count > 0) {
        size_t here = count < PNG_PACK_BLOCK ? count : PNG_PACK_BLOCK;
        struct deflate_sequence s = {bytes, here, p->room->matches, 0};
        s.match_count = p->kernels->runs(bytes, here, p->room->matches);
        deflate_block_put(p->kernels, &s, b);
        bytes += here;
        count -= here;
    }
}

/* Sets the least length of a match for each distance: that from which on its bytes take more bits
 * as literals. The codes of a length and a distance take 12 to 13 bits, and the distance has its
 * extra bits. */
static void set_least(const struct png_pack *p, struct deflate_search *s)
{
    enum {
        UNIT = PNG_PACK_BIT,
        CODES = 25 * UNIT / 2,
        TYPICAL = 10,
        LEAST = 4,
        MOST = 32,
        KEY = 8
    };
    int bits = p->literal_bits > 0 ? p->literal_bits : 1;
    for (int i = 0; i < 16; i++) {
        int extra = i < 2 ? 0 : (i - 1) * UNIT, length = (CODES + extra + bits - 1) / bits;
        s->least[i] = (uint8_t)(length < LEAST ? LEAST : length > MOST ? MOST : length);
    }
    s->key = s->least[TYPICAL] < KEY ? s->least[TYPICAL] : KEY;
}

/* How long chains are searched. On photographs, 16 places save 0.3 % more than four, in a tenth more
 * time; on dithered pictures and codes, 5 %. Where most bytes are the same, many places have long
 * matches of which few are the longest: a search to the end then saves 5 to 40 %, and takes little
 * time, because few places are searched. */
static const struct effort {
    int depth;
    unsigned lazy, good;
} shallow = {4, 16, 64}, usual = {16, 16, 64}, deep = {64, 64, 258};

static const struct effort *effort_of(const struct png_pack *p)
{
    if (p->method == METHOD_DEEP)
        return &deep;
    return p->compression < PNG_PACK_SEARCH ? &shallow : &usual;
}

struct deflate_search png_pack_search(const struct png_pack *p, const uint8_t *bytes, size_t count)
{
    struct deflate_search s = {
        .bytes = bytes - p->before,
        .count = p->before + count,
        .at = p->before,
        .known = p->before > DEFLATE_WINDOW ? p->before - DEFLATE_WINDOW : 0,
        .pixel = p->pixel,
        .row = p->row <= DEFLATE_WINDOW ? p->row : p->pixel,
        .lazy = p->compression >= PNG_PACK_SEARCH ? 32 : 0,
        .places = p->room->places,
        .chains = &p->room->chains,
    };
    if (!png_pack_chains(p->method)) {
        memset(p->room->places, 0, sizeof p->room->places);
        return s;
    }
    memset(&p->room->chains, 0, sizeof p->room->chains);
    s.depth = effort_of(p)->depth;
    s.lazy = effort_of(p)->lazy;
    s.good = effort_of(p)->good;
    set_least(p, &s);
    return s;
}

struct deflate_sequence png_pack_next(const struct png_pack *p, struct deflate_search *search)
{
    struct deflate_sequence s = {search->bytes + search->at, 0, p->room->matches, 0};
    if (png_pack_chains(p->method))
        s.match_count = p->kernels->chain(search, p->room->matches);
    else
        s.match_count = p->kernels->match(search, p->room->matches);
    s.count = (size_t)(search->bytes + search->at - s.bytes);
    return s;
}

static void pack_match(const struct png_pack *p, const uint8_t *bytes, size_t count,
                       struct deflate_bits *b)
{
    struct deflate_search search = png_pack_search(p, bytes, count);
    while (search.at < search.count) {
        struct deflate_sequence s = png_pack_next(p, &search);
        deflate_block_put(p->kernels, &s, b);
    }
}

size_t png_pack(const struct png_pack *p, const uint8_t *bytes, size_t count, uint8_t *out)
{
    struct deflate_bits b = {.next = out};
    switch (p->method) {
    case METHOD_ZLIB:
        return pack_zlib(p, bytes, count, out);
    case METHOD_STORE:
        deflate_stored_put(bytes, count, &b);
        break;
    case METHOD_CODE:
        pack_code(p, bytes, count, &b);
        break;
    case METHOD_MATCH:
    case METHOD_CHAIN:
    case METHOD_DEEP:
        pack_match(p, bytes, count, &b);
        break;
    }
    deflate_flush_put(&b);
    return (size_t)(b.next - out);
}
