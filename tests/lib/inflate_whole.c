/* inflate_whole.c - see inflate_whole.h. */
#include "tests/lib/inflate_whole.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "engine/png/inflate.h"
#include "tests/lib/harness.h"

/* A stream in spans of `span` bytes each, or of random sizes for 0. */
struct source {
    const uint8_t *bytes;
    size_t left, span;
    uint64_t seed;
};

static bool next_span(void *arg, const uint8_t **bytes, size_t *length)
{
    struct source *s = arg;
    size_t n = s->span ? s->span : harness_random(&s->seed) % 200 + 1;
    n = n < s->left ? n : s->left;
    *bytes = s->bytes;
    *length = n;
    s->bytes += n;
    s->left -= n;
    return n > 0;
}

/* Memory that ends before an inaccessible page. */
struct fence {
    uint8_t *pages, *bytes;
    size_t size;
};

static struct fence fence_new(size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct fence f = {.size = (length + page - 1) / page * page + page};
    f.pages = mmap(NULL, f.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(f.pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(f.pages + f.size - page, page, PROT_NONE), 0);
    f.bytes = f.pages + f.size - page - length;
    return f;
}

static void fence_free(const struct fence *f)
{
    munmap(f->pages, f->size);
}

uint8_t *inflate_whole(const struct bytes *z, const struct inflate_cut *cut, size_t most,
                       size_t *length)
{
    struct source s = {z->data, z->length, cut->span, 5};
    struct inflate *state = inflate_new(next_span, &s);
    struct fence fence = fence_new(most + 1);
    uint8_t *out = fence.bytes, *at = out, *copy = NULL;
    enum inflate_result got = INFLATE_MORE;
    ck_assert_ptr_nonnull(state);
    while (got == INFLATE_MORE && (size_t)(at - out) <= most) {
        size_t room = most + 1 - (size_t)(at - out), step = cut->step < room ? cut->step : room;
        got = inflate_run(state, out, &at, at + step, 1 + (uint32_t)cut->step / 64);
        ck_assert(at <= out + most + 1);
    }
    *length = (size_t)(at - out);
    if (got == INFLATE_END && *length <= most &&
        inflate_adler(state) == libdeflate_adler32(1, out, *length)) {
        copy = malloc(*length + 1);
        memcpy(copy, out, *length);
    }
    inflate_free(state);
    fence_free(&fence);
    return copy;
}

uint8_t *inflate_by_zlib(const struct bytes *z, size_t most, size_t *length)
{
    uint8_t *out = malloc(most + 1);
    uLongf n = most + 1;
    if (uncompress(out, &n, z->data, z->length) != Z_OK) {
        free(out);
        return NULL;
    }
    *length = n;
    return out;
}
