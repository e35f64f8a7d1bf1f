/* intake.h - the bytes of a connection on their way from the socket to the HTTP library.
 *
 * The library reads heads and chunked bodies leniently. It answers malformed heads by itself, in
 * HTML, and sometimes sends the head of its answer twice. So it never sees them. An intake holds
 * the bytes of a head until the head is complete, judges it (request_head.h), and hands over its
 * plain form. Bodies pass through. In chunked bodies the intake reads sizes strictly, and leaves
 * out extensions and trailers (intake_chunks.h). When the intake refuses a request, it hands over
 * nothing more.
 *
 * Raw bytes are bytes as they arrived; clean bytes are what the library gets.
 * Threads: an intake belongs to the event thread of its connection. */
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
    INTAKE_CHUNK_END,  /* after the bytes of a chunk */
    INTAKE_TRAILER,    /* in the lines after the last chunk */
    INTAKE_REFUSED,    /* `verdict` says why */
};

/* The parts of a refused head, as far as they are known. The strings belong to the intake. */
struct intake_refused {
    const char *method, *target; /* "" if not known */
    const char *id, *origin;     /* NULL if not known */
};

/* Called by intake_receive. */
struct intake_events {
    void (*begun)(void *arg);   /* a head has begun to arrive, and is not whole yet */
    void (*refused)(void *arg); /* the state is INTAKE_REFUSED from now on */
    void (*ended)(void *arg);   /* the client has ended the stream in the middle of a request */
    bool (*answers)(void *arg); /* returns whether a request that was handed over whole has not
                                   been answered yet */
    void (*sized)(void *arg, size_t before, size_t after); /* bytes held in memory */
};

struct intake {
    enum intake_state state;
    char *bytes;             /* NULL while nothing is held */
    size_t capacity, limit;  /* limit: of a head */
    size_t clean, clean_end; /* bytes to hand over */
    size_t raw, raw_end;     /* bytes not examined yet, after the clean ones */
    size_t scanned, line;    /* raw bytes that were scanned; bytes of the last line among them */
    uint64_t left;           /* bytes left in the body or chunk, or allowed in the trailer */
    atomic_uint heads;       /* the heads that were handed over so far */
    bool begun;              /* a byte of the next head has arrived */
    bool in_body;            /* refused in a body, whose head had been handed over */
    bool ended;              /* the client sends nothing more */
    struct err verdict;
    struct intake_refused refused;
    const struct intake_events *events;
    void *arg;
};

/* Accepts heads of at most `limit` bytes. `events` and `arg` are borrowed. */
void intake_init(struct intake *in, size_t limit, const struct intake_events *events, void *arg);
void intake_done(struct intake *in);

/* Receives from a socket as recv does without flags, but returns clean bytes. If the client has
 * ended the stream and still waits for an answer, there is nothing to receive (EAGAIN): the library
 * takes the end of a stream for the end of the connection. */
ssize_t intake_receive(struct intake *in, int fd, void *to, size_t size);

/* Does the same without a socket, for tests: takes `count` raw bytes and writes the clean ones to
 * `to`, which must have room for all of them. Returns their number. */
size_t intake_pass(struct intake *in, const char *bytes, size_t count, char *to, size_t size);

#endif
