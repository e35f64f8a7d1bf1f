/* png_zlib.h - prepares zlib to decompress with the memory of mem.h, which tests can make fail.
 *
 * Threads: a stream belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_ZLIB_H
#define UPSCALED_PNG_PNG_ZLIB_H

#include <stdbool.h>
#include <zlib.h>

#include "engine/base/mem.h"

/* The most memory that a stream takes beside its z_stream: its state, in which zlib-ng keeps the
 * window, and zlib's window. */
enum { PNG_ZLIB_BYTES = (1 << 16) + 2 * MEM_SLACK };

/* Prepares a stream, which is all zeros before. `window_bits` is that of inflateInit2. Returns false
 * if there is no memory; otherwise the caller ends it (inflateEnd). */
bool png_zlib_begin(z_stream *z, int window_bits);

#endif
