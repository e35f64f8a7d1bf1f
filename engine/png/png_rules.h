/* png_rules.h - the ancillary chunks that are known: their places, their contents, and what becomes
 * of them when the picture changes. For png_keep.c.
 *
 * PNG specification (third edition), 5.6 (order), 11.3 (contents); oFFs, gIFg and gIFx from its
 * extensions (1.5.0). Threads: pure functions, but for
 * png_judge.unpack. */
#ifndef UPSCALED_PNG_PNG_RULES_H
#define UPSCALED_PNG_PNG_RULES_H

#include "engine/png/png_unpack.h"
#include "engine/png/png_walk.h"
#include "engine/png/png_writer_params.h"

enum png_where { BEFORE_PALETTE, BEFORE_PIXELS, ANYWHERE };
enum {
    PNG_RESTATED_MAX = 32, /* bytes of a chunk that cannot stay raw */
    PNG_KEYWORD_MAX = 80,  /* bytes of a keyword and the NUL after it */
};

/* The data by which a chunk is judged. */
struct png_judge {
    const uint8_t *bytes;
    const struct png_walk *walk;
    const struct image_format *format; /* decoded */
    uint8_t *room;                     /* [PNG_RESTATED_MAX] */
    struct png_unpack *unpack;
};

/* One kind of chunk. */
struct png_rule {
    char type[5];
    uint8_t where;   /* the last legal place */
    bool early;      /* it is written before the pixels, wherever it stood */
    bool once;       /* a second one is ignored */
    bool color;      /* says how the pixels are to be shown */
    uint32_t length; /* 0: any */
    /* Returns whether the contents are sound; NULL if all are. It may restate them for the decoded
     * format in j->room and point c->data there, or leave out bytes at their start or end. */
    bool (*accept)(const struct png_judge *j, struct png_chunk *c);
    /* Restates the contents for the output in `to` (PNG_RESTATED_MAX bytes). Returns the new
     * length, or 0 to leave the chunk out. NULL if the contents stay as they are. */
    uint32_t (*convert)(const struct png_writer_params *p, const struct png_chunk *c, uint8_t *to);
    /* If the chunk begins with a keyword: the keyword to use if nothing remains of it, or "" if the
     * chunk is then malformed. Otherwise NULL. */
    const char *keyword;
};

extern const struct png_rule png_rules[];
extern const size_t png_rule_count; /* at most 32 */

/* Finds the keyword at the beginning of a chunk with such a rule, in the form that the
 * specification asks for: 1 to 79 printable characters of Latin-1, with no space at an end or
 * beside another (11.3.3). Returns its length, or 0 if no such keyword can be made. *raw is its
 * length in the chunk. Both are without the NUL. */
uint32_t png_rule_keyword(const struct png_rule *rule, const struct png_chunk *c,
                          uint8_t to[PNG_KEYWORD_MAX], uint32_t *raw);

/* Returns NULL for a chunk that is not known. */
const struct png_rule *png_rule_find(const char *type);

#endif
