/* png_meta.c - see png_meta.h. A copy is one block of memory, with the list and all its data. */
#include "engine/png/png_meta.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"

void png_meta_init(struct png_meta *m)
{
    *m = (struct png_meta){0};
}

void png_meta_done(struct png_meta *m)
{
    mem_free(m->chunks);
    png_meta_init(m);
}

void png_meta_warn(struct png_meta *m, enum png_warning kind)
{
    for (int i = 0; i < METADATAS; i++)
        png_warn(&m->warnings[i], kind, NULL);
}

enum err_code png_meta_copy(struct png_meta *to, const struct png_meta *from, struct err *e)
{
    size_t bytes = 0;
    bool fits = size_mul((size_t)from->count, sizeof *from->chunks, &bytes);
    for (int i = 0; fits && i < from->count; i++)
        fits = size_add(bytes, from->chunks[i].length, &bytes);
    struct png_chunk *chunks = fits ? mem_alloc(1, bytes) : NULL;
    if (!chunks)
        return err_set(e, ERR_MEMORY, "out of memory for %zu bytes of metadata", bytes);
    uint8_t *data = (uint8_t *)(chunks + from->count);
    for (int i = 0; i < from->count; i++) {
        chunks[i] = from->chunks[i];
        if (chunks[i].length > 0)
            memcpy(data, chunks[i].data, chunks[i].length);
        chunks[i].data = data;
        data += chunks[i].length;
    }
    *to = *from;
    to->chunks = chunks;
    return ERR_OK;
}
