/* png_warnings.h - the parts of an accepted picture that were left out or mended.
 *
 * They are a set of kinds. Each kind counts its occurrences and remembers the names of some chunks.
 * Threads: a set belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_WARNINGS_H
#define UPSCALED_PNG_PNG_WARNINGS_H

#include <stdbool.h>
#include <stdint.h>

enum png_warning {
    PNG_WARN_ANIMATION, /* frames beyond the default image */
    PNG_WARN_CRC,       /* ancillary chunks whose check sum is wrong */
    PNG_WARN_MALFORMED, /* ancillary chunks whose contents are against the specification */
    PNG_WARN_MISPLACED, /* ancillary chunks in a place where they are not allowed */
    PNG_WARN_REDUNDANT, /* ancillary chunks that another chunk overrides */
    PNG_WARN_UNSAFE,    /* ancillary chunks that are valid for the input's pixels alone */
    PNG_WARN_NAME,      /* the name or keyword of a chunk was mended */
    PNG_WARN_EXIF,      /* JPEG's prefix was removed from an eXIf chunk */
    PNG_WARN_SURPLUS,   /* bytes after the compressed contents of a chunk were left out */
    PNG_WARN_LARGE,     /* ancillary chunks that are too large when decompressed */
    PNG_WARN_IEND,      /* the pixels are complete, but the end of the file is missing or damaged */
    PNG_WARN_WINDOW,    /* the zlib header declares a smaller window than the data use */
    PNG_WARN_MORE_ROWS, /* compressed data beyond the last row */
    PNG_WARN_INDEX,     /* pixels whose index has no colour in the palette */
    PNG_WARN_MORE_BYTES, /* bytes after IEND */
    PNG_WARNINGS
};

enum {
    PNG_WARNING_CHUNKS = 8,  /* names that are remembered for each kind */
    PNG_WARNING_TEXT = 128,  /* bytes that hold any text of png_warning_text */
    PNG_WARNING_LIST = 4096, /* bytes that hold any text of png_warnings_list */
};

struct png_warnings {
    struct {
        uint32_t count;
        int names; /* the number of `chunks`, which differ from each other */
        char chunks[PNG_WARNING_CHUNKS][5];
    } of[PNG_WARNINGS];
};

/* Adds one occurrence; `chunk` is the type of the chunk concerned, or NULL. */
void png_warn(struct png_warnings *w, enum png_warning kind, const char *chunk);

/* Whether the set has this kind. */
bool png_warned(const struct png_warnings *w, enum png_warning kind);

/* The stable name of a kind, for programs. */
const char *png_warning_code(enum png_warning kind);

/* Writes a clause for people, with the chunks' names where there are any. */
void png_warning_text(const struct png_warnings *w, enum png_warning kind,
                      char text[PNG_WARNING_TEXT]);

/* Writes all kinds of the set as a structured field (RFC 9651, a list of tokens, each with the
 * parameter `text`): `chunk_crc;text="left out ...: tEXt", iend_missing;text="..."`. An empty set
 * gives an empty text. */
void png_warnings_list(const struct png_warnings *w, char text[PNG_WARNING_LIST]);

#endif
