/* png_carry.h - for tests: carries the metadata of a PNG from an input file to an output file. */
#ifndef UPSCALED_TESTS_LIB_PNG_CARRY_H
#define UPSCALED_TESTS_LIB_PNG_CARRY_H

#include "engine/base/buf.h"
#include "engine/png/png_reader.h"
#include "tests/lib/png_build.h"

/* A chunk of a table: its type, and contents that may hold NUL. */
struct carry_chunk {
    const char *type, *data;
    size_t length;
};

#define CARRY_CHUNK(type, data)                                                                    \
    {                                                                                              \
        type, data, sizeof(data) - 1                                                               \
    }

/* The least profiles that decoders accept, compressed. */
#define CARRY_PROFILE_RGB                                                                          \
    "\170\332\143\140\140\150\141\100\002\101\356\116\012\014\150\040\061\271\270\200\201\206\000" \
    "\000\117\257\003\047"
#define CARRY_PROFILE_GRAY                                                                         \
    "\170\332\143\140\140\150\141\100\002\356\101\216\221\014\150\040\061\271\270\200\201\206\000" \
    "\000\150\133\003\137"

/* An input file of 3x2 pixels. The extra chunks come before the palette (`first`), before the
 * pixels (`second`) and after them (`third`); each may be NULL. */
struct carry_input {
    int color_type, bit_depth;
    bool transparent;
    const struct bytes *first, *second, *third;
};

/* Writes the input file. Its palette has at least 4 colours, of the bytes 1, 2, 3, ... */
void carry_file(const struct carry_input *in, struct bytes *file);

struct carry_options {
    enum png_metadata metadata;
    int depth, factor; /* of the output; depth 0: that of the input */
};

struct carry_output {
    struct buf file; /* empty at first (buf_init) */
    bool animated;   /* the input has a warning about an animation */
};

/* Reads `file`, enlarges only the numbers in its metadata, and writes the output file with them. */
enum err_code carry(const struct bytes *file, struct carry_options o, struct carry_output *out,
                    struct err *e);

/* Returns the contents of the first chunk of a type, or NULL. */
const uint8_t *carry_content(const struct buf *file, const char *type, uint32_t *length);

/* Checks a file that we wrote with pngcheck, if that is installed. */
void carry_check(const struct buf *file);

#endif
