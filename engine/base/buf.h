/* buf.h - a growing run of bytes that carries its maximum from birth. */
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

void buf_init(struct buf *b, size_t max);
void buf_done(
    struct buf *b); /* frees; the buffer may be used again, empty, with the same maximum */

/* Appends. ERR_INTERNAL past the maximum (who knows the limit checks it first and names it),
 * ERR_MEMORY when memory is out; on either the contents are unchanged. */
enum err_code buf_append(struct buf *b, const void *bytes, size_t count, struct err *e);

/* Makes room for `count` bytes in all, so that appends up to there cannot fail. */
enum err_code buf_reserve(struct buf *b, size_t count, struct err *e);

/* Gives back the room behind the contents. */
void buf_fit(struct buf *b);

/* Hands the bytes to the caller (mem_free) and leaves the buffer empty. */
uint8_t *buf_take(struct buf *b, size_t *length);

#endif
