/* png_zlib.c - see png_zlib.h. */
#include "engine/png/png_zlib.h"

static void *on_alloc(void *arg, unsigned count, unsigned size)
{
    (void)arg;
    return mem_calloc(count, size);
}

static void on_free(void *arg, void *p)
{
    (void)arg;
    mem_free(p);
}

bool png_zlib_begin(z_stream *z, int window_bits)
{
    z->zalloc = on_alloc;
    z->zfree = on_free;
    return inflateInit2(z, window_bits) == Z_OK;
}
