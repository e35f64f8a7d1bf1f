/* fuzz_inflate.c - zlib streams through inflate.h and through zlib.
 *
 * The first byte is how the stream is cut. Then, by the second byte: a stream as it is, or data that
 * zlib packs, which we must unpack.
 *
 * Claims: we accept a stream if zlib does, with the same output; but for the rare cases that
 * inflate.h leaves to libpng, which must be refused. The cuts change nothing. */
#include <string.h>
#include <zlib.h>

#include "engine/png/inflate.h"
#include "tests/fuzz/fuzz.h"

const int fuzz_rounds = 20000;

/* PACKED is the smallest second byte that asks for data to be packed: a quarter of all bytes, because
 * zlib's preparations take longer than a short stream. */
enum { MOST = 1 << 16, PACKED = 192 };

/* A stream in spans of so many bytes. */
struct source {
    const uint8_t *bytes;
    size_t left, span;
};

struct output {
    bool taken; /* to the end, which comes after MOST bytes at most */
    size_t length;
    uint32_t adler;
    uint8_t bytes[MOST + 1];
};

static bool next_span(void *arg, const uint8_t **bytes, size_t *length)
{
    struct source *s = arg;
    *bytes = s->bytes;
    *length = s->left < s->span ? s->left : s->span;
    s->bytes += *length;
    s->left -= *length;
    return *length > 0;
}

/* Unpacks until the end, or until more than MOST bytes have come. */
static void unpack(struct source from, size_t step, struct output *out)
{
    struct inflate *z = inflate_new(next_span, &from);
    uint8_t *at = out->bytes, *end = out->bytes + MOST + 1;
    enum inflate_result got = INFLATE_MORE;
    must(z != NULL);
    while (got == INFLATE_MORE && at < end) {
        const uint8_t *limit = (size_t)(end - at) > step ? at + step : end;
        got = inflate_run(z, out->bytes, &at, limit, 1 + (uint32_t)step / 64);
        must(at <= limit);
    }
    out->length = (size_t)(at - out->bytes);
    out->taken = got == INFLATE_END && out->length <= MOST;
    out->adler = inflate_adler(z);
    inflate_free(z);
}

/* Returns the bit at this place of a stream. */
static unsigned bit_at(const uint8_t *data, size_t place)
{
    return data[place / 8] >> place % 8 & 1;
}

/* Unpacks raw deflate data block by block. Returns whether it ends `tail` bytes before the end,
 * with MOST bytes at most, and whether no block of codes but the last is empty. */
static bool read_blocks(z_stream *z, const uint8_t *data, size_t tail)
{
    size_t place = 0; /* of the block, in bits */
    for (;;) {
        uLong before = z->total_out;
        int rc = inflate(z, Z_BLOCK);
        if (rc == Z_STREAM_END)
            return z->avail_in == tail && z->total_out <= MOST;
        if (rc != Z_OK || !(z->data_type & 128))
            return false; /* malformed, cut off, or too long */
        bool codes = bit_at(data, place + 1) || bit_at(data, place + 2);
        bool last = z->data_type & 64;
        if (codes && !last && z->total_out == before)
            return false;
        place = 8 * z->total_in - (z->data_type & 7);
    }
}

/* Compares with zlib's reading of the stream. */
static void check_by_zlib(const uint8_t *data, size_t size, const struct output *ours)
{
    enum { HEAD = 2, TAIL = 4 };
    static uint8_t theirs[MOST + 1];
    bool head = size >= HEAD + TAIL && data[0] == 0x78 && (data[1] & 32) == 0 &&
                (data[0] * 256 + data[1]) % 31 == 0;
    if (!head) {
        must(!ours->taken);
        return;
    }
    z_stream z = {.next_in = (Bytef *)data + HEAD, .next_out = theirs};
    z.avail_in = (uInt)size - HEAD;
    z.avail_out = sizeof theirs;
    must(inflateInit2(&z, -15) == Z_OK);
    must(ours->taken == read_blocks(&z, data + HEAD, TAIL));
    if (ours->taken) {
        const uint8_t *tail = data + size - TAIL;
        must(z.total_out == ours->length && memcmp(theirs, ours->bytes, ours->length) == 0);
        must(ours->adler == (((uint32_t)tail[0] << 24) | ((uint32_t)tail[1] << 16) |
                             ((uint32_t)tail[2] << 8) | tail[3]));
    }
    inflateEnd(&z);
}

static size_t pack(const uint8_t *data, size_t size, uint8_t how, uint8_t *out, size_t room)
{
    z_stream z = {.next_in = (Bytef *)data, .next_out = out};
    z.avail_in = (uInt)size;
    z.avail_out = (uInt)room;
    must(deflateInit2(&z, how % 10, Z_DEFLATED, 15, 1 + how % 9, how / 10 % 5) == Z_OK);
    must(deflate(&z, Z_FINISH) == Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct output once, cut;
    static uint8_t packed[2 * MOST];
    if (size < 3 || size > MOST)
        return 0;
    size_t step = (size_t)data[0] * data[0] + 1;
    uint8_t how = data[1];
    data += 2, size -= 2;
    struct source from = {data, size, size};
    if (how >= PACKED)
        from = (struct source){packed, pack(data, size, how, packed, sizeof packed), sizeof packed};
    unpack(from, MOST, &once);
    from.span = step % 251 + 1;
    unpack(from, step, &cut);
    must(once.taken == cut.taken);
    if (once.taken)
        must(once.length == cut.length && once.adler == cut.adler &&
             memcmp(once.bytes, cut.bytes, once.length) == 0);
    if (how >= PACKED)
        must(once.taken && once.length == size && memcmp(once.bytes, data, size) == 0);
    else
        check_by_zlib(data, size, &once);
    return 0;
}
