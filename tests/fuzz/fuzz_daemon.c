/* fuzz_daemon.c - sends a stream of bytes through a socket, the HTTP library and the whole daemon.
 * A strict client must be able to read the answers (strict_http.h). If the first byte is KEYED, it is
 * not sent, and the stream goes to a daemon that needs a key.
 *
 * Claims: every complete request of the stream has one answer, in order, until an answer closes the
 * connection. Behind a stream of complete requests goes one more, with an id of its own, whose
 * answer must have that id and be the last one. An answer is one head and one body. An error is a
 * problem whose status is that of the answer. A PNG is complete. A form is refused as a form if and
 * only if a second reader refuses it (strict_form.h). With keys, /v1/ answers nobody without one,
 * and refuses none with one. A stream that has no single reading ends with an error. Everything
 * arrives before a deadline. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/service.h"
#include "tests/fuzz/strict_form.h"

const int fuzz_rounds = 1500;

enum { LONGEST = 1 << 16, ANSWERS_MAX = 1 << 22, DEADLINE_S = 60, KEYED = 1 };

#define LAST_ID "the-last-request"
static const char last_request[] =
    "GET /livez HTTP/1.1\r\nHost: a\r\nX-Request-ID: " LAST_ID "\r\nConnection: close\r\n\r\n";

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

/* Checks a problem. Returns whether its code is this one. */
static bool check_problem(const struct strict_message *m, const char *code)
{
    json_t *problem = json_loadb(m->first.bytes + m->head, (size_t)m->body_length, 0, NULL);
    must(strict_is(m->type, "application/problem+json") && json_is_object(problem));
    must(json_integer_value(json_object_get(problem, "status")) == atoi(m->second.bytes));
    must(json_is_string(json_object_get(problem, "code")) &&
         json_string_length(json_object_get(problem, "detail")) > 0);
    bool same = strcmp(json_string_value(json_object_get(problem, "code")), code) == 0;
    json_decref(problem);
    return same;
}

static bool begins(struct strict_text t, const char *text)
{
    return t.length >= strlen(text) && memcmp(t.bytes, text, strlen(text)) == 0;
}

static bool is(struct strict_text t, const char *text)
{
    return t.length == strlen(text) && begins(t, text);
}

/* The parts of a form, as far as they matter: there must be one, a file that is not empty. */
struct file {
    int parts;
    bool fine;
};

static void look_at_part(void *arg, const struct strict_part *part)
{
    static const char *const names[] = {"image", "file", "data"};
    struct file *file = arg;
    struct strict_text encoding = {part->encoding, strlen(part->encoding)};
    bool named = false;
    for (int i = 0; i < 3; i++)
        named |= strcmp(part->name, names[i]) == 0;
    file->parts++;
    file->fine =
        named && part->data.length > 0 &&
        (encoding.length == 0 || strict_is(encoding, "binary") || strict_is(encoding, "8bit"));
}

/* Checks the verdict about a form, whose bytes are in one piece if it is not chunked. */
static void check_form(const struct strict_message *request, const struct strict_message *answer)
{
    struct file file = {0, false};
    struct strict_text body;
    bool sent =
        (begins(request->second, "/v1/upscale") || begins(request->second, "/v1/estimate")) &&
        is(request->first, "POST");
    if (!sent || request->chunked || request->types != 1 || !strict_is_form(request->type))
        return;
    body = (struct strict_text){request->body, (size_t)request->body_length};
    bool fine =
        strict_form(request->type, body, look_at_part, &file) && file.parts == 1 && file.fine;
    bool refused = atoi(answer->second.bytes) >= 400;
    must(fine || refused);
    must(!fine || !refused || !check_problem(answer, "bad_multipart"));
}

/* Returns the key of a request with one line of credentials. */
static struct strict_text key_of(const struct strict_message *request)
{
    static const char scheme[] = "Bearer ";
    struct strict_text t = request->authorization;
    if (t.length < sizeof scheme || strncasecmp(t.bytes, scheme, sizeof scheme - 1) != 0)
        return request->key;
    t = (struct strict_text){t.bytes + sizeof scheme - 1, t.length - (sizeof scheme - 1)};
    return strict_trimmed(t);
}

/* Checks who is let in by the daemon with keys. Which of several lines counts is not said. */
static void check_key(const struct strict_message *request, const struct strict_message *answer)
{
    int status = atoi(answer->second.bytes);
    struct strict_text key = key_of(request);
    bool known = is(key, SERVICE_KEY);
    if (request->credentials > 1 || is(request->first, "OPTIONS"))
        return;
    if (!known)
        must(status >= 400 ||
             (!begins(request->second, "/v1/") && !strict_is(answer->type, "image/png")));
    else
        must(status != 401 && (status != 403 || begins(request->second, "/v1/reload")));
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
        check_problem(m, "");
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

static void check_answers(struct answers *a, const char *bytes, size_t size, bool keyed)
{
    struct strict_message request, answer;
    enum strict found;
    size_t at = 0;
    while ((found = strict_request(bytes + at, size - at, &request)) == STRICT_WHOLE) {
        bool to_head = is(request.first, "HEAD");
        at += request.length;
        must(read_answer(a, to_head, &answer)); /* the answer before did not close */
        check_answer(&answer, to_head);
        if (strict_is(request.id, LAST_ID) && at == size)
            must(answer.closes && answer.ids == 1 && strict_is(answer.id, LAST_ID));
        if (!to_head)
            check_form(&request, &answer);
        if (keyed)
            check_key(&request, &answer);
        if (answer.closes) {
            expect_end(a);
            return;
        }
    }
    if (found == STRICT_WRONG)
        check_refusal(a);
}

/* Whether the stream is complete requests, which leave the connection open by the second reader. */
static bool is_whole(const char *bytes, size_t size)
{
    struct strict_message request;
    size_t at = 0;
    while (strict_request(bytes + at, size - at, &request) == STRICT_WHOLE)
        at += request.length;
    return at == size;
}

static void send_all(int fd, const char *bytes, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return; /* refused, and closed */
        sent += (size_t)count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct answers a;
    static char stream[LONGEST + sizeof last_request];
    if (size > LONGEST)
        return 0;
    bool keyed = size > 0 && data[0] == KEYED;
    size -= keyed;
    if (size > 0)
        memcpy(stream, data + keyed, size);
    if (is_whole(stream, size)) {
        memcpy(stream + size, last_request, sizeof last_request - 1);
        size += sizeof last_request - 1;
    }
    a.fd = service_connect(keyed);
    a.ended = false;
    a.at = a.length = 0;
    send_all(a.fd, stream, size);
    check_answers(&a, stream, size, keyed);
    close(a.fd);
    return 0;
}
