/* png_unpack.c - see png_unpack.h. */
#include "engine/png/png_unpack.h"

#include "engine/base/mem.h"
#include "engine/png/png_zlib.h"

enum { OUT = 8 << 10 };

struct png_unpack_stream {
    z_stream z;
    uint8_t out[OUT];
};

void png_unpack_init(struct png_unpack *u, size_t most)
{
    *u = (struct png_unpack){.left = most};
}

void png_unpack_done(struct png_unpack *u)
{
    if (u->stream)
        inflateEnd(&u->stream->z);
    mem_free(u->stream);
    u->stream = NULL;
}

size_t png_unpack_bytes(void)
{
    return sizeof(struct png_unpack_stream) + PNG_ZLIB_BYTES + (size_t)MEM_SLACK;
}

/* Prepares for a stream. Returns false if there is no memory. */
static bool begin(struct png_unpack *u)
{
    if (u->stream)
        return inflateReset(&u->stream->z) == Z_OK;
    struct png_unpack_stream *s = mem_calloc(1, sizeof *s);
    if (!s)
        return false;
    if (!png_zlib_begin(&s->z, MAX_WBITS)) {
        mem_free(s);
        return false;
    }
    u->stream = s;
    return true;
}

bool png_unpack_run(struct png_unpack *u, const uint8_t *bytes, size_t length,
                    const struct png_unpack_judge *judge, size_t *used)
{
    if (!begin(u)) {
        u->no_memory = true;
        return false;
    }
    z_stream *z = &u->stream->z;
    z->next_in = (Bytef *)(uintptr_t)bytes; /* zlib only reads it */
    z->avail_in = (uInt)length;
    int rc = Z_OK;
    while (rc == Z_OK) { /* without more input, Z_BUF_ERROR follows */
        z->next_out = u->stream->out;
        z->avail_out = OUT;
        rc = inflate(z, Z_NO_FLUSH);
        size_t n = OUT - z->avail_out;
        u->too_much = n > u->left;
        if (u->too_much)
            return false;
        u->left -= n;
        if (n > 0 && !judge->take(judge->arg, u->stream->out, n))
            return false;
    }
    u->no_memory = rc == Z_MEM_ERROR;
    *used = length - z->avail_in;
    return rc == Z_STREAM_END;
}
