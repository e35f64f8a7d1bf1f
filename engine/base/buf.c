/* buf.c - see buf.h. A full buffer grows by half, up to its maximum. */
#include "engine/base/buf.h"

#include <string.h>

#include "engine/base/mem.h"

enum { FIRST_CAPACITY = 4096 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    mem_free(b->data);
    buf_init(b, b->max);
}

static enum err_code grow_to(struct buf *b, size_t capacity, struct err *e)
{
    uint8_t *data = mem_resize(b->data, b->length, capacity);
    if (!data)
        return err_set(e, ERR_MEMORY, "out of memory for a buffer of %zu bytes", capacity);
    b->data = data;
    b->capacity = capacity;
    return ERR_OK;
}

enum err_code buf_reserve(struct buf *b, size_t count, struct err *e)
{
    if (count > b->max)
        return err_set(e, ERR_INTERNAL, "a buffer of at most %zu bytes was asked for %zu", b->max,
                       count);
    return count <= b->capacity ? ERR_OK : grow_to(b, count, e);
}

enum err_code buf_append(struct buf *b, const void *bytes, size_t count, struct err *e)
{
    if (count > b->max - b->length)
        return err_set(e, ERR_INTERNAL, "a buffer of at most %zu bytes overflowed", b->max);
    if (count == 0)
        return ERR_OK;
    if (count > b->capacity - b->length) {
        /* Growth by half keeps the copied bytes proportional to the final size, and leaves less
         * than a third of the buffer unused. */
        size_t want = b->capacity < b->max / 3 * 2 ? b->capacity + b->capacity / 2 : b->max;
        if (want < b->length + count)
            want = b->length + count;
        if (want < FIRST_CAPACITY && b->max >= FIRST_CAPACITY)
            want = FIRST_CAPACITY;
        enum err_code rc = grow_to(b, want, e);
        if (rc != ERR_OK)
            return rc;
    }
    memcpy(b->data + b->length, bytes, count);
    b->length += count;
    return ERR_OK;
}

void buf_fit(struct buf *b)
{
    if (b->length == b->capacity)
        return;
    b->data = mem_shrink(b->data, b->length);
    b->capacity = b->length;
}

uint8_t *buf_take(struct buf *b, size_t *length)
{
    uint8_t *data = b->data;
    *length = b->length;
    buf_init(b, b->max);
    return data;
}
