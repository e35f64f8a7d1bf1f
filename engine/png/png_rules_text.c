/* png_rules_text.c - see png_rules_text.h. Compressed contents are decompressed and checked piece by
 * piece; nothing of them is kept. */
#include "engine/png/png_rules_text.h"

#include <string.h>

#include "engine/base/utf8.h"

/* Returns the length of the keyword of a text or the name of a profile, up to the NUL. */
static uint32_t keyword_length(const struct png_chunk *c)
{
    return (uint32_t)strlen((const char *)c->data);
}

/* Decompresses the contents from `at` on, which must not be empty. Leaves out bytes behind them. */
static bool unpack(const struct png_judge *j, struct png_chunk *c, uint32_t at,
                   const struct png_unpack_judge *judge)
{
    size_t used;
    if (at >= c->length || !png_unpack_run(j->unpack, c->data + at, c->length - at, judge, &used))
        return false;
    c->length = at + (uint32_t)used;
    return true;
}

/* --- Latin-1 ---------------------------------------------------------------------------------- */

/* Takes Latin-1, which may have any byte but NUL. */
static bool take_latin1(void *arg, const uint8_t *bytes, size_t length)
{
    (void)arg;
    return !memchr(bytes, 0, length);
}

bool png_rules_accept_text(const struct png_judge *j, struct png_chunk *c)
{
    uint32_t at = keyword_length(c) + 1;
    (void)j;
    return at == c->length || take_latin1(NULL, c->data + at, c->length - at);
}

/* The keyword, the compression method, of which there is only one, and the compressed text. */
bool png_rules_accept_packed(const struct png_judge *j, struct png_chunk *c)
{
    uint32_t n = keyword_length(c);
    return n + 2 < c->length && c->data[n + 1] == 0 &&
           unpack(j, c, n + 2, &(struct png_unpack_judge){take_latin1, NULL});
}

/* --- UTF-8 ------------------------------------------------------------------------------------ */

static bool take_utf8(void *arg, const uint8_t *bytes, size_t length)
{
    return utf8_take(arg, bytes, length);
}

static bool is_utf8(const uint8_t *bytes, size_t length)
{
    struct utf8 u = {0};
    return utf8_take(&u, bytes, length) && u.left == 0;
}

/* Whether the text is a language tag: letters, digits and hyphens. */
static bool is_language(const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t b = text[i] | 0x20;
        if (!(b >= 'a' && b <= 'z') && !(text[i] >= '0' && text[i] <= '9') && text[i] != '-')
            return false;
    }
    return true;
}

/* The keyword, a flag and a method of compression, the language, the translated keyword, the
 * text. */
bool png_rules_accept_international(const struct png_judge *j, struct png_chunk *c)
{
    uint32_t n = keyword_length(c), at = n + 3;
    if (at > c->length || c->data[n + 1] > 1 || c->data[n + 2] != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        const uint8_t *from = c->data + at, *end = memchr(from, 0, c->length - at);
        if (!end)
            return false;
        size_t length = (size_t)(end - from);
        if (i == 0 ? !is_language(from, length) : !is_utf8(from, length))
            return false;
        at += (uint32_t)length + 1;
    }
    if (c->data[n + 1] == 0)
        return is_utf8(c->data + at, c->length - at);
    struct utf8 u = {0};
    return unpack(j, c, at, &(struct png_unpack_judge){take_utf8, &u}) && u.left == 0;
}

/* --- profiles --------------------------------------------------------------------------------- */

enum { PROFILE_LEAST = 132 }; /* its header, and the number of its tags */

struct profile {
    uint8_t head[PROFILE_LEAST];
    size_t length;
};

static bool take_profile(void *arg, const uint8_t *bytes, size_t length)
{
    struct profile *p = arg;
    size_t n = p->length < PROFILE_LEAST ? PROFILE_LEAST - p->length : 0;
    memcpy(p->head + PROFILE_LEAST - n, bytes, n < length ? n : length);
    p->length += length;
    return true;
}

/* The name, the compression method, and the profile. A profile must have the length that it states,
 * its signature, and be for gray or for RGB as the pixels are. Decoders ignore others. */
bool png_rules_accept_profile(const struct png_judge *j, struct png_chunk *c)
{
    uint32_t n = keyword_length(c);
    struct profile p = {.length = 0};
    if (n + 2 >= c->length || c->data[n + 1] != 0 ||
        !unpack(j, c, n + 2, &(struct png_unpack_judge){take_profile, &p}))
        return false;
    uint32_t stated = p.length >= PROFILE_LEAST ? png_frame_u32(p.head) : 0;
    const char *space = j->walk->head.color_type & 2 ? "RGB " : "GRAY";
    return stated >= PROFILE_LEAST && stated <= p.length && memcmp(p.head + 36, "acsp", 4) == 0 &&
           memcmp(p.head + 16, space, 4) == 0;
}
