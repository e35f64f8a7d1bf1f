/* png_rules.h - the ancillary chunks that we know: where they may stand, what they may say, and
 * what becomes of them when the picture changes. For png_keep.c.
 *
 * PNG specification (third edition), 5.6 (order), 11.3 (contents); oFFs, gIFg and gIFx from its
 * extensions (1.5.0). Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_RULES_H
#define UPSCALED_PNG_PNG_RULES_H

#include "engine/png/png_walk.h"
#include "engine/png/png_writer_params.h"

enum png_where { BEFORE_PALETTE, BEFORE_PIXELS, ANYWHERE };
enum {
    PNG_RESTATED_MAX = 32, /* bytes of a chunk that cannot stay raw */
    PNG_KEYWORD_MAX = 80,  /* bytes of a keyword and the NUL behind it */
};

/* What a chunk is judged by. */
struct png_judge {
    const uint8_t *bytes;
    const struct png_walk *walk;
    const struct image_format *format; /* decoded */
    uint8_t *room;                     /* [PNG_RESTATED_MAX] */
};

/* One kind of chunk. */
struct png_rule {
    char type[5];
    uint8_t where;   /* the last that is legal */
    bool early;      /* is written before the pixels, wherever it stood */
    bool once;       /* a second one is ignored */
    bool color;      /* says how the pixels are to be shown */
    uint32_t length; /* 0: any */
    /* NULL, or whether the contents are sound; may restate them for the decoded format in j->room,
     * to which c->data leads then, or leave bytes out at their start */
    bool (*accept)(const struct png_judge *j, struct png_chunk *c);
    /* NULL, or restates them for the output in `to`, PNG_RESTATED_MAX bytes; the new length, or 0
     * to leave the chunk out */
    uint32_t (*convert)(const struct png_writer_params *p, const struct png_chunk *c, uint8_t *to);
    /* NULL, or the chunk opens with a keyword; what stands for one of which nothing remains, "" if
     * the chunk is malformed then */
    const char *keyword;
};

extern const struct png_rule png_rules[];
extern const size_t png_rule_count; /* at most 32 */

/* The keyword that a chunk with such a rule opens with, as the specification wants it: 1 to 79
 * printable characters of Latin-1, no space at an end or beside another (11.3.3). Its length, 0
 * where none can be made; *raw is the length in the chunk. Both are without the NUL. */
uint32_t png_rule_keyword(const struct png_rule *rule, const struct png_chunk *c,
                          uint8_t to[PNG_KEYWORD_MAX], uint32_t *raw);

/* NULL for chunks that we do not know. */
const struct png_rule *png_rule_find(const char *type);

#endif
