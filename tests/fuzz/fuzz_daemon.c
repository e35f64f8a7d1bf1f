/* fuzz_daemon.c - sends a stream of bytes through a socket, the HTTP library and the whole daemon.
 * A strict client must be able to read the answers (strict_http.h).
 *
 * Claims: every complete request of the stream has one answer, in order, until an answer closes the
 * connection. An answer is one head and one body. An error is a problem whose status is that of the
 * answer. A PNG is complete. A stream that has no single reading ends with an error. Everything
 * arrives before a deadline. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/service.h"
#include "tests/fuzz/strict_http.h"

const int fuzz_rounds = 1500;

enum { LONGEST = 1 << 16, ANSWERS_MAX = 1 << 22, DEADLINE_S = 60 };

/* The bytes that have come back, and the beginning of the next answer. */
struct answers {
    int fd;
    bool ended;
    size_t at, length;
    char bytes[ANSWERS_MAX];
};

static void receive(struct answers *a)
{
    struct pollfd polled = {a->fd, POLLIN, 0};
    int ready = 0;
    /* by the second: of a stop of the whole process, one second counts. libFuzzer's alarm ends
     * a poll, too. */
    for (int s = 0; s < DEADLINE_S && (ready == 0 || (ready < 0 && errno == EINTR)); s++)
        ready = poll(&polled, 1, 1000);
    must(ready == 1); /* otherwise the daemon hangs */
    must(a->length < ANSWERS_MAX);
    ssize_t count = recv(a->fd, a->bytes + a->length, ANSWERS_MAX - a->length, 0);
    a->ended = count <= 0;
    a->length += count > 0 ? (size_t)count : 0;
}

static void check_problem(const struct strict_message *m, const char *body)
{
    json_t *problem = json_loadb(body, (size_t)m->body_length, 0, NULL);
    must(strict_is(m->type, "application/problem+json") && json_is_object(problem));
    must(json_integer_value(json_object_get(problem, "status")) == atoi(m->second.bytes));
    must(json_is_string(json_object_get(problem, "code")) &&
         json_string_length(json_object_get(problem, "detail")) > 0);
    json_decref(problem);
}

static void check_answer(const struct strict_message *m, bool to_head)
{
    const char *body = m->first.bytes + m->head;
    int status = atoi(m->second.bytes);
    must(status >= 200 && status < 600);
    if (to_head || status == 304 || status == 204)
        return; /* without a body */
    must(m->sized || m->chunked);
    if (status >= 400)
        check_problem(m, body);
    else if (strict_is(m->type, "image/png"))
        must(m->body_length > 45 && memcmp(body, "\x89PNG\r\n\x1a\n", 8) == 0 &&
             memcmp(body + m->body_length - 8, "IEND", 4) == 0);
}

/* Reads one answer, and skips interim ones. Returns false if the connection ends before. */
static bool read_answer(struct answers *a, bool to_head, struct strict_message *m)
{
    for (;;) {
        const char *bytes = a->bytes + a->at;
        enum strict found = strict_response(bytes, a->length - a->at, to_head, m);
        must(found != STRICT_WRONG);
        if (found == STRICT_WHOLE) {
            a->at += m->length;
            if (*m->second.bytes != '1')
                return true;
        } else if (a->ended) {
            must(a->at == a->length); /* a truncated answer */
            return false;
        } else {
            receive(a);
        }
    }
}

/* Checks that a connection that closes sends nothing more. */
static void expect_end(struct answers *a)
{
    while (!a->ended)
        receive(a);
    must(a->at == a->length);
}

/* Checks the answer to bytes that have no single reading. Whether they begin with HEAD is not known
 * for certain, so it may have its body or not. */
static void check_refusal(struct answers *a)
{
    struct strict_message m;
    if (!read_answer(a, true, &m))
        return;
    must(*m.second.bytes >= '4');
    while (!a->ended)
        receive(a);
    must(a->at == a->length || a->at + m.body_length == a->length);
}

static void check_answers(struct answers *a, const char *bytes, size_t size)
{
    struct strict_message request, answer;
    enum strict found;
    size_t at = 0;
    while ((found = strict_request(bytes + at, size - at, &request)) == STRICT_WHOLE) {
        bool to_head = request.first.length == 4 && memcmp(request.first.bytes, "HEAD", 4) == 0;
        bool first = at == 0;
        at += request.length;
        if (!read_answer(a, to_head, &answer)) {
            must(!first);
            return;
        }
        check_answer(&answer, to_head);
        if (answer.closes) {
            expect_end(a);
            return;
        }
    }
    if (found == STRICT_WRONG)
        check_refusal(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answers a;
    if (size > LONGEST)
        return 0;
    a.fd = service_connect();
    a.ended = false;
    a.at = a.length = 0;
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(a.fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break; /* refused, and closed */
        sent += (size_t)count;
    }
    check_answers(&a, (const char *)data, size);
    close(a.fd);
    return 0;
}
