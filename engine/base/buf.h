/* buf.h - a byte buffer that grows up to a maximum, which is set when it is made. Threads: a buffer
 * belongs to one thread at a time. */
#ifndef UPSCALED_BASE_BUF_H
#define UPSCALED_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

struct buf {
    uint8_t *data; /* NULL while capacity is 0 */
    size_t length;
    size_t capacity;
    size_t max; /* length never exceeds it */
};

/* Makes an empty buffer for at most `max` bytes. It allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes. The buffer is then empty, with the same maximum, and may be used again. */
void buf_done(struct buf *b);

/* Appends `count` bytes. ERR_INTERNAL beyond the maximum: callers check their limit first, and name
 * it in their error. ERR_MEMORY. After an error the contents are unchanged. */
enum err_code buf_append(struct buf *b, const void *bytes, size_t count, struct err *e);

/* Makes room for `count` bytes in all, so that appends up to that length cannot fail. ERR_INTERNAL
 * beyond the maximum; ERR_MEMORY. */
enum err_code buf_reserve(struct buf *b, size_t count, struct err *e);

/* Frees the capacity beyond the contents. The bytes may move. */
void buf_fit(struct buf *b);

/* Returns the bytes, which the caller then owns (mem_free), and empties the buffer. NULL if nothing
 * was ever allocated. */
uint8_t *buf_take(struct buf *b, size_t *length);

#endif
