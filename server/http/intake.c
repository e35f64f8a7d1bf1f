/* intake.c - see intake.h. The library's epoll is edge-triggered: fewer bytes than it asked for mean
 * to it that the socket is empty. So intake_receive returns fewer only when the socket is empty, and
 * nothing is left that could be handed over. */
#include "server/http/intake.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/base/mem.h"
#include "server/http/request_head.h"

enum {
    FIRST_BYTES = 2048,
    CHUNK_LINE_MAX = 1024, /* size and extensions */
    TRAILER_MAX = 8192,
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

/* Returns false: nothing is to be handed over. */
static bool refuse(struct intake *in, bool in_body)
{
    in->state = INTAKE_REFUSED;
    in->in_body = in_body;
    in->events->refused(in->arg);
    return false;
}

static void hand_over(struct intake *in, size_t from, size_t length)
{
    in->clean = from;
    in->clean_end = from + length;
}

static void begin_head(struct intake *in)
{
    in->state = INTAKE_HEAD;
    in->scanned = in->line = 0;
    in->begun = false;
}

static void begin_body(struct intake *in, const struct http_framing *framing)
{
    in->left = framing->length;
    begin_head(in);
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
        return refuse(in, false);
    }
    hand_over(in, in->raw, request_head_write(&h, bytes));
    in->raw += length;
    atomic_fetch_add(&in->heads, 1);
    begin_body(in, &framing);
    return true;
}

enum scan { SCAN_MORE, SCAN_LINE, SCAN_BAD };

/* Goes on to the end of the line; lines end in CR LF, and neither byte stands elsewhere. */
static enum scan scan_line(struct intake *in)
{
    const char *bytes = in->bytes + in->raw;
    size_t count = in->raw_end - in->raw;
    for (size_t i = in->scanned; i < count; i++) {
        bool after_cr = i > 0 && in->line > 0 && bytes[i - 1] == '\r';
        if (bytes[i] == '\0' || after_cr != (bytes[i] == '\n'))
            return SCAN_BAD;
        in->line++;
        if (bytes[i] == '\n') {
            in->scanned = i + 1;
            return SCAN_LINE;
        }
    }
    in->scanned = count;
    return SCAN_MORE;
}

static bool refuse_lines(struct intake *in, bool in_body)
{
    err_set(&in->verdict, ERR_BAD_REQUEST,
            "a line of the request does not end in CR LF, or contains a NUL byte");
    return refuse(in, in_body);
}

/* Whether the raw bytes begin with an empty line, which may precede a request line. */
static bool skip_empty_line(struct intake *in)
{
    bool empty = in->scanned == 2 && in->line == 2;
    if (empty) {
        in->raw += 2;
        in->scanned = in->line = 0;
    }
    return empty;
}

/* A head of `limit` bytes without its end is too long. */
static bool refuse_length(struct intake *in)
{
    const char *bytes = in->bytes + in->raw;
    bool line_is_whole = memchr(bytes, '\n', in->raw_end - in->raw) != NULL;
    if (line_is_whole)
        err_set_limit(&in->verdict, ERR_HEAD_TOO_LARGE, "connection-memory", in->limit,
                      "the request line and the headers have more than %zu bytes "
                      "(--connection-memory)",
                      in->limit);
    else
        err_set_limit(&in->verdict, ERR_TARGET_TOO_LONG, "connection-memory", in->limit,
                      "the request line has more than %zu bytes (--connection-memory)", in->limit);
    return refuse(in, false);
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
        enum scan found = scan_line(in);
        if (found == SCAN_BAD)
            return refuse_lines(in, false);
        if (found == SCAN_MORE) {
            note_beginning(in);
            return in->scanned >= in->limit ? refuse_length(in) : false;
        }
        if (in->scanned > in->limit)
            return refuse_length(in);
        if (skip_empty_line(in))
            continue;
        if (in->line == 2)
            return take_head(in, in->scanned);
        in->line = 0;
    }
}

/* Hands over what there is of the body or chunk. */
static bool pass_body(struct intake *in)
{
    size_t count = in->raw_end - in->raw;
    if (count > in->left)
        count = (size_t)in->left;
    hand_over(in, in->raw, count);
    in->raw += count;
    in->left -= count;
    return count > 0;
}

static void end_body(struct intake *in)
{
    if (in->left > 0)
        return;
    if (in->state == INTAKE_BODY)
        begin_head(in);
    else if (in->state == INTAKE_CHUNK)
        in->state = INTAKE_CHUNK_END;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* A size, and perhaps extensions behind a semicolon, which may follow blanks (RFC 9112, section
 * 7.1.1). */
static enum err_code read_size(const char *line, size_t length, uint64_t *out, struct err *e)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < length && digit_of(line[i]) >= 0; i++) {
        if (size > INT64_MAX / 16)
            return err_set(e, ERR_BODY_TOO_LARGE, "the size of a chunk is 2^63 bytes or more");
        size = size * 16 + (uint64_t)digit_of(line[i]);
    }
    size_t at = i;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (i == 0 || (i < length && (at == length || line[at] != ';')))
        return err_set(e, ERR_BAD_REQUEST, "the size of a chunk is not a hexadecimal number");
    for (; at < length; at++)
        if (((unsigned char)line[at] < 0x20 && line[at] != '\t') || line[at] == 0x7f)
            return err_set(e, ERR_BAD_REQUEST, "a chunk's extension contains control characters");
    *out = size;
    return ERR_OK;
}

/* Finds a whole line of the body's framing, of at most `most` bytes; false: there is none, or it was
 * refused. */
static bool find_line(struct intake *in, size_t most, size_t *length)
{
    enum scan found = scan_line(in);
    if (found == SCAN_BAD)
        return refuse_lines(in, true);
    if (in->line > most) {
        err_set(&in->verdict, ERR_BAD_REQUEST,
                "a chunk's line, or the trailer, has more than %zu bytes", most);
        return refuse(in, true);
    }
    *length = in->scanned;
    if (found == SCAN_LINE)
        in->scanned = in->line = 0;
    return found == SCAN_LINE;
}

static bool take_size(struct intake *in)
{
    size_t length;
    char size[24];
    if (!find_line(in, CHUNK_LINE_MAX, &length))
        return false;
    if (read_size(in->bytes + in->raw, length - 2, &in->left, &in->verdict) != ERR_OK)
        return refuse(in, true);
    int n = snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)in->left);
    memcpy(in->bytes + in->raw, size, (size_t)n);
    hand_over(in, in->raw, (size_t)n);
    in->raw += length;
    in->state = in->left > 0 ? INTAKE_CHUNK : INTAKE_TRAILER;
    if (in->state == INTAKE_TRAILER)
        in->left = TRAILER_MAX;
    return true;
}

static bool take_chunk_end(struct intake *in)
{
    size_t length;
    if (!find_line(in, 2, &length))
        return false;
    if (length != 2) {
        err_set(&in->verdict, ERR_BAD_REQUEST, "a chunk is longer than its size says");
        return refuse(in, true);
    }
    hand_over(in, in->raw, 2);
    in->raw += 2;
    in->state = INTAKE_CHUNK_SIZE;
    return true;
}

/* Leaves the lines out, and hands the empty one over. */
static bool take_trailer(struct intake *in)
{
    size_t length;
    while (find_line(in, (size_t)in->left, &length)) {
        const char *line = in->bytes + in->raw;
        if (length > 2 && (*line == ' ' || *line == '\t' || !memchr(line, ':', length))) {
            err_set(&in->verdict, ERR_BAD_REQUEST, "a line of the trailer is not a header line");
            return refuse(in, true);
        }
        in->raw += length;
        in->left -= length;
        if (length > 2)
            continue;
        hand_over(in, in->raw - 2, 2);
        begin_head(in);
        return true;
    }
    return false;
}

/* Makes clean bytes of raw ones; false where more raw ones are needed, or none will be taken. */
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
        return take_size(in);
    case INTAKE_CHUNK_END:
        return take_chunk_end(in);
    case INTAKE_TRAILER:
        return take_trailer(in);
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

/* Makes room for raw bytes; false when memory is out. A chunk's line may be longer than a head. */
static bool make_room(struct intake *in)
{
    size_t held = in->raw_end - in->raw,
           most = in->limit > 2 * TRAILER_MAX ? in->limit : 2 * TRAILER_MAX;
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

/* Whether the bytes that come next are the body's own, and can go where they are wanted. */
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

/* Throws away what still arrives. */
static ssize_t discard(int fd)
{
    char bytes[4096];
    return recvfrom(fd, bytes, sizeof bytes, 0, NULL, NULL);
}

/* One read from the socket. */
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

/* An end in the middle of a request leaves nothing to answer. */
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
            errno = EINTR; /* to the library: nothing yet, and the socket is not empty */
            count = -1;
        }
    }
    int why = errno;
    if (count == 0)
        end(in);
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
