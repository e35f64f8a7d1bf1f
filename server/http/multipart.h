/* multipart.h - reads multipart/form-data as it arrives (RFC 7578, RFC 2046 section 5.1).
 *
 * The reader holds at most the header lines of one part. Names may be tokens or quoted, in upper or
 * lower case, with any blanks between them. Header lines may be folded. The reader skips a
 * preamble, an epilogue and padding after a boundary. Lines must end in CR LF. */
#ifndef UPSCALED_SERVER_HTTP_MULTIPART_H
#define UPSCALED_SERVER_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

enum { BOUNDARY_MAX = 70, PART_HEAD_MAX = 4096 };

struct multipart_part {
    char name[64];       /* "" if the part has none, or a longer one */
    char file_name[128]; /* "" if the part has none; a longer one is cut */
    char encoding[32];   /* Content-Transfer-Encoding, or "" */
};

/* multipart_take calls these. It ends with the first error. */
struct multipart_events {
    enum err_code (*part)(void *arg, const struct multipart_part *part, struct err *e);
    enum err_code (*data)(void *arg, const char *bytes, size_t count, struct err *e);
};

enum multipart_state {
    MULTIPART_PREAMBLE,
    MULTIPART_BOUNDARY, /* on the line of a boundary, after the boundary */
    MULTIPART_HEAD,     /* in the header lines of a part */
    MULTIPART_DATA,
    MULTIPART_EPILOGUE,
};

struct multipart {
    enum multipart_state state;
    char delimiter[4 + BOUNDARY_MAX]; /* CR LF - - and the boundary */
    size_t delimiter_length, matched; /* matched: how many bytes of it have just arrived */
    char head[PART_HEAD_MAX];         /* the header line that has not been read yet */
    size_t head_length, head_total;   /* total: of all header lines of the part */
    char last;                        /* the byte before, on a boundary's line or in a head */
    bool fresh;                       /* the first two matched bytes end a head, so are not data */
    bool disposed;                    /* the part's Content-Disposition has been read */
    struct multipart_part part;
    const struct multipart_events *events;
    void *arg;
};

/* Whether a Content-Type is multipart/form-data. */
bool multipart_is_form(const char *content_type);

/* Prepares for a form with the boundary that the Content-Type names. `events` and `arg` are
 * borrowed. ERR_BAD_MULTIPART. */
enum err_code multipart_init(struct multipart *m, const char *content_type,
                             const struct multipart_events *events, void *arg, struct err *e);

/* Takes a piece of the body. ERR_BAD_MULTIPART, or the error that an event returned. */
enum err_code multipart_take(struct multipart *m, const char *bytes, size_t count, struct err *e);

/* Notes that the body has ended. ERR_BAD_MULTIPART if the form has not. */
enum err_code multipart_end(const struct multipart *m, struct err *e);

#endif
