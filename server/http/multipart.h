/* multipart.h - multipart/form-data as it arrives (RFC 7578, RFC 2046 section 5.1).
 *
 * It holds at most the header lines of one part. Names may be tokens or quoted, in any case, with any
 * blanks between; header lines may be folded; a preamble, an epilogue and padding behind a boundary
 * are skipped. Lines must end in CR LF. */
#ifndef UPSCALED_SERVER_HTTP_MULTIPART_H
#define UPSCALED_SERVER_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

enum { BOUNDARY_MAX = 70, PART_HEAD_MAX = 4096 };

struct multipart_part {
    char name[64];       /* "" when the part has none, or a longer one */
    char file_name[128]; /* "" when the part has none; cut when it is longer */
    char encoding[32];   /* Content-Transfer-Encoding, or "" */
};

/* Called by multipart_take. An error ends the reading. */
struct multipart_events {
    enum err_code (*part)(void *arg, const struct multipart_part *part, struct err *e);
    enum err_code (*data)(void *arg, const char *bytes, size_t count, struct err *e);
};

enum multipart_state {
    MULTIPART_PREAMBLE,
    MULTIPART_BOUNDARY, /* behind a boundary, on its line */
    MULTIPART_HEAD,     /* in the header lines of a part */
    MULTIPART_DATA,
    MULTIPART_EPILOGUE,
};

struct multipart {
    enum multipart_state state;
    char delimiter[4 + BOUNDARY_MAX]; /* CR LF - - and the boundary */
    size_t delimiter_length, matched; /* matched: its first bytes have just arrived */
    char head[PART_HEAD_MAX];         /* from the last header line that has not been read on */
    size_t head_length, head_total;   /* total: of the whole part */
    char last;                        /* the byte before, on a boundary's line or in a head */
    bool fresh;                       /* the first two matched bytes end a head, and are no data */
    bool disposed;                    /* the part's Content-Disposition has been read */
    struct multipart_part part;
    const struct multipart_events *events;
    void *arg;
};

/* Whether a Content-Type is that of a form. */
bool multipart_is_form(const char *content_type);

/* Begins with the boundary that the Content-Type names; `events` and `arg` are borrowed.
 * ERR_BAD_MULTIPART. */
enum err_code multipart_init(struct multipart *m, const char *content_type,
                             const struct multipart_events *events, void *arg, struct err *e);

/* Takes a piece of the body. ERR_BAD_MULTIPART, or what an event returns. */
enum err_code multipart_take(struct multipart *m, const char *bytes, size_t count, struct err *e);

/* The body has ended. ERR_BAD_MULTIPART when the form has not. */
enum err_code multipart_end(const struct multipart *m, struct err *e);

#endif
