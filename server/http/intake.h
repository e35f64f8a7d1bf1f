/* intake.h - the bytes of a connection on their way from the socket to the HTTP library.
 *
 * The library reads heads leniently, answers malformed ones by itself (in HTML, sometimes with the
 * head of its answer sent twice), and reads chunked bodies leniently. So it never sees them: an
 * intake holds the bytes of a head until it is whole, judges it (request_head.h), and hands its plain
 * form over. Bodies pass through; of chunked ones, sizes are read strictly, and extensions and
 * trailers are left out. What cannot be passed on is refused: then nothing more is handed over.
 *
 * Threads: none; it belongs to the event thread of its connection. */
#ifndef UPSCALED_SERVER_HTTP_INTAKE_H
#define UPSCALED_SERVER_HTTP_INTAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/base/err.h"

enum intake_state {
    INTAKE_HEAD,       /* between requests, or in a head */
    INTAKE_BODY,       /* in a body of known length */
    INTAKE_CHUNK_SIZE, /* in a line with the size of a chunk */
    INTAKE_CHUNK,      /* in the bytes of a chunk */
    INTAKE_CHUNK_END,  /* behind them */
    INTAKE_TRAILER,    /* in the lines behind the last chunk */
    INTAKE_REFUSED,    /* `verdict` says why */
};

/* What is known of a refused head; its strings belong to the intake. */
struct intake_refused {
    const char *method, *target; /* "" when not known */
    const char *id, *origin;     /* NULL when not known */
};

/* Called by intake_receive. */
struct intake_events {
    void (*begun)(void *arg);   /* the first byte of a head has arrived */
    void (*refused)(void *arg); /* the state is INTAKE_REFUSED from now on */
    void (*ended)(void *arg);   /* the client has ended the stream in the middle of a request */
    void (*sized)(void *arg, size_t before, size_t after); /* bytes held in memory */
};

struct intake {
    enum intake_state state;
    char *bytes;             /* NULL while nothing is held */
    size_t capacity, limit;  /* limit: of a head */
    size_t clean, clean_end; /* bytes to hand over */
    size_t raw, raw_end;     /* bytes not looked at yet, behind the clean ones */
    size_t scanned, line;    /* of the raw bytes: looked at; in their last line */
    uint64_t left;           /* of the body or chunk; of the trailer, what it may still take */
    atomic_uint heads;       /* handed over so far */
    bool begun;              /* a byte of the next head has arrived */
    bool in_body;            /* refused in a body, whose head had been handed over */
    bool ended;              /* the client sends nothing more */
    struct err verdict;
    struct intake_refused refused;
    const struct intake_events *events;
    void *arg;
};

/* For heads of at most `limit` bytes; `events` and `arg` are borrowed. */
void intake_init(struct intake *in, size_t limit, const struct intake_events *events, void *arg);
void intake_done(struct intake *in);

/* Receives from a socket as recv does with no flags, except that what is received is clean. */
ssize_t intake_receive(struct intake *in, int fd, void *to, size_t size);

/* The same without a socket, for tests: takes `count` bytes, and hands over what it can. `to` must have
 * room for all of it. */
size_t intake_pass(struct intake *in, const char *bytes, size_t count, char *to, size_t size);

#endif
