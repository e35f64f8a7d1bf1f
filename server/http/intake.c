/* intake.c - see intake.h.
 *
 * The library's epoll is edge-triggered. When recv returns fewer bytes than the library asked for,
 * the library takes the socket to be empty. So intake_receive returns fewer bytes only when the
 * socket is empty and no clean bytes are left. */
#include "server/http/intake.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/mem.h"
#include "server/http/intake_chunks.h"
#include "server/http/intake_steps.h"
#include "server/http/request_head.h"

enum {
    FIRST_BYTES = 2048,
    ROUNDS_MAX = 64, /* reads in a row that give the library nothing */
};

void intake_init(struct intake *in, size_t limit, const struct intake_events *events, void *arg)
{
    *in = (struct intake){.limit = limit, .events = events, .arg = arg};
}

static void resized(const struct intake *in, size_t before)
{
    if (in->events->sized)
        in->events->sized(in->arg, before, in->capacity);
}

static void let_go(struct intake *in)
{
    size_t before = in->capacity;
    mem_free(in->bytes);
    in->bytes = NULL;
    in->capacity = in->clean = in->clean_end = in->raw = in->raw_end = 0;
    if (before > 0)
        resized(in, before);
}

void intake_done(struct intake *in)
{
    let_go(in);
}

static void begin_body(struct intake *in, const struct http_framing *framing)
{
    in->left = framing->length;
    intake_begin_head(in);
    if (framing->chunked)
        in->state = INTAKE_CHUNK_SIZE;
    else if (framing->length > 0)
        in->state = INTAKE_BODY;
}

/* The head is the first `length` raw bytes. */
static bool take_head(struct intake *in, size_t length)
{
    struct request_head h;
    struct http_framing framing;
    char *bytes = in->bytes + in->raw;
    enum err_code rc = request_head_read(bytes, length, &h, &framing, &in->verdict);
    if (rc != ERR_OK) {
        in->refused = (struct intake_refused){h.method, h.target, h.id, h.origin};
        return intake_refuse(in, false);
    }
    intake_hand_over(in, in->raw, request_head_write(&h, &framing, bytes));
    in->raw += length;
    atomic_fetch_add(&in->heads, 1);
    begin_body(in, &framing);
    return true;
}

/* Skips an empty line, which may precede a request line. Returns whether there was one. */
static bool skip_empty_line(struct intake *in)
{
    bool empty = in->scanned == 2 && in->line == 2;
    if (empty) {
        in->raw += 2;
        in->scanned = in->line = 0;
    }
    return empty;
}

/* Refuses a head that does not end within its first `limit` bytes. */
static bool refuse_length(struct intake *in)
{
    bool line_is_whole = memchr(in->bytes + in->raw, '\n', in->limit) != NULL;
    if (line_is_whole)
        err_set_limit(&in->verdict, ERR_HEAD_TOO_LARGE, "connection-memory", in->limit,
                      "the request line and the headers have more than %zu bytes "
                      "(--connection-memory)",
                      in->limit);
    else
        err_set_limit(&in->verdict, ERR_TARGET_TOO_LONG, "connection-memory", in->limit,
                      "the request line has more than %zu bytes (--connection-memory)", in->limit);
    return intake_refuse(in, false);
}

static void note_beginning(struct intake *in)
{
    if (in->begun || in->raw == in->raw_end || in->bytes[in->raw] == '\r')
        return;
    in->begun = true;
    if (in->events->begun)
        in->events->begun(in->arg);
}

static bool find_head(struct intake *in)
{
    for (;;) {
        enum intake_scan found = intake_scan_line(in, in->limit);
        if (found == INTAKE_SCAN_BAD)
            return intake_refuse_lines(in, false);
        if (found == INTAKE_SCAN_MORE) {
            note_beginning(in);
            return in->scanned >= in->limit ? refuse_length(in) : false;
        }
        if (skip_empty_line(in))
            continue;
        if (in->line == 2)
            return take_head(in, in->scanned);
        in->line = 0;
    }
}

/* Hands over the bytes of the body or chunk that have arrived. */
static bool pass_body(struct intake *in)
{
    size_t count = in->raw_end - in->raw;
    if (count > in->left)
        count = (size_t)in->left;
    intake_hand_over(in, in->raw, count);
    in->raw += count;
    in->left -= count;
    return count > 0;
}

static void end_body(struct intake *in)
{
    if (in->left > 0)
        return;
    if (in->state == INTAKE_BODY)
        intake_begin_head(in);
    else if (in->state == INTAKE_CHUNK)
        in->state = INTAKE_CHUNK_END;
}

/* Turns raw bytes into clean ones. Returns false if more raw bytes are needed, or if the intake has
 * refused the request. */
static bool clean(struct intake *in)
{
    bool done = false;
    switch (in->state) {
    case INTAKE_HEAD:
        return find_head(in);
    case INTAKE_BODY:
    case INTAKE_CHUNK:
        done = pass_body(in);
        end_body(in);
        return done;
    case INTAKE_CHUNK_SIZE:
        return intake_take_size(in);
    case INTAKE_CHUNK_END:
        return intake_take_chunk_end(in);
    case INTAKE_TRAILER:
        return intake_take_trailer(in);
    case INTAKE_REFUSED:
        break;
    }
    return false;
}

static size_t take_clean(struct intake *in, char *to, size_t size)
{
    size_t got = 0;
    while (got < size && (in->clean < in->clean_end || clean(in))) {
        size_t count = in->clean_end - in->clean;
        if (count > size - got)
            count = size - got;
        memcpy(to + got, in->bytes + in->clean, count);
        in->clean += count;
        got += count;
    }
    return got;
}

/* Makes room for raw bytes. Returns false if there is not enough memory. A line of a chunk may be
 * longer than a head. */
static bool make_room(struct intake *in)
{
    size_t held = in->raw_end - in->raw,
           most = in->limit > 2 * INTAKE_TRAILER_MAX ? in->limit : 2 * INTAKE_TRAILER_MAX;
    if (in->raw > 0) {
        memmove(in->bytes, in->bytes + in->raw, held);
        in->clean = in->clean_end = in->raw = 0;
        in->raw_end = held;
    }
    if (in->raw_end < in->capacity)
        return true;
    size_t before = in->capacity, wanted = before ? 2 * before : FIRST_BYTES;
    char *bytes = mem_resize(in->bytes, before, wanted < most ? wanted : most);
    if (!bytes)
        return false;
    in->bytes = bytes;
    in->capacity = wanted < most ? wanted : most;
    resized(in, before);
    return true;
}

/* Whether the next bytes belong to the body, so that recv can write them to the library's
 * buffer. */
static bool passes(const struct intake *in)
{
    return (in->state == INTAKE_BODY || in->state == INTAKE_CHUNK) && in->raw == in->raw_end;
}

static ssize_t receive_body(struct intake *in, int fd, char *to, size_t size)
{
    if (size > in->left)
        size = (size_t)in->left;
    ssize_t count = recvfrom(fd, to, size, 0, NULL, NULL);
    if (count > 0) {
        in->left -= (uint64_t)count;
        end_body(in);
    }
    return count;
}

static ssize_t receive_raw(struct intake *in, int fd)
{
    if (!make_room(in)) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t count =
        recvfrom(fd, in->bytes + in->raw_end, in->capacity - in->raw_end, 0, NULL, NULL);
    if (count > 0)
        in->raw_end += (size_t)count;
    return count;
}

/* Discards bytes that arrive after the refusal. */
static ssize_t discard(int fd)
{
    char bytes[4096];
    return recvfrom(fd, bytes, sizeof bytes, 0, NULL, NULL);
}

/* Reads once from the socket. */
static ssize_t receive_more(struct intake *in, int fd, char *to, size_t size, size_t *got)
{
    if (in->state == INTAKE_REFUSED)
        return discard(fd);
    if (!passes(in))
        return receive_raw(in, fd);
    ssize_t count = receive_body(in, fd, to, size);
    *got += count > 0 ? (size_t)count : 0;
    return count;
}

/* Notes that the client has ended the stream. If it did so within a request, nothing is left to
 * answer. */
static void end(struct intake *in)
{
    bool whole = in->state == INTAKE_REFUSED || (in->state == INTAKE_HEAD && !in->begun);
    if (!in->ended && !whole && in->events->ended)
        in->events->ended(in->arg);
    in->ended = true;
}

ssize_t intake_receive(struct intake *in, int fd, void *to, size_t size)
{
    size_t got = 0;
    ssize_t count = 1;
    for (int round = 0; count > 0; round++) {
        got += take_clean(in, (char *)to + got, size - got);
        if (got == size || (got > 0 && in->state == INTAKE_REFUSED))
            break;
        count = receive_more(in, fd, (char *)to + got, size - got, &got);
        if (count > 0 && got == 0 && round == ROUNDS_MAX) {
            errno = EINTR; /* tells the library that the socket is not empty */
            count = -1;
        }
    }
    int why = errno;
    if (count == 0) {
        end(in);
        if (in->events->answers && in->events->answers(in->arg)) {
            count = -1;
            why = EAGAIN;
        }
    }
    if (in->clean == in->clean_end && in->raw == in->raw_end && in->state != INTAKE_REFUSED)
        let_go(in);
    errno = why;
    return got > 0 ? (ssize_t)got : count;
}

size_t intake_pass(struct intake *in, const char *bytes, size_t count, char *to, size_t size)
{
    size_t got = take_clean(in, to, size);
    while (count > 0 && in->state != INTAKE_REFUSED && make_room(in)) {
        size_t most = in->capacity - in->raw_end, n = count < most ? count : most;
        memcpy(in->bytes + in->raw_end, bytes, n);
        in->raw_end += n;
        bytes += n;
        count -= n;
        got += take_clean(in, to + got, size - got);
    }
    return got;
}
