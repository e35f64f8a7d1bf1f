/* test_intake_receive.c - an intake that reads from a socket: it hands over the same bytes however
 * they arrive and are asked for, reads until the socket is empty, and notices the end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/http/intake.h"
#include "tests/lib/harness.h"

#define GET "GET / HTTP/1.1\r\nHost:a\r\n\r\n"
#define SIZED "POST / HTTP/1.1\r\nHost:a\r\nContent-Length:5000\r\n\r\n"
#define CHUNKED "POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n"

enum { LIMIT = 300, BODY = 5000, ROOM = 1 << 14, BUFFER = 1 << 20 };

static struct seen {
    int begun, refused, ended;
    bool waits; /* what `answers` says */
    size_t held;
} seen;
static struct intake in;
static int ours, theirs; /* the ends of the connection */

static void on_begun(void *arg)
{
    ((struct seen *)arg)->begun++;
}

static void on_refused(void *arg)
{
    ((struct seen *)arg)->refused++;
}

static void on_ended(void *arg)
{
    ((struct seen *)arg)->ended++;
}

static bool answers(void *arg)
{
    return ((struct seen *)arg)->waits;
}

static void on_sized(void *arg, size_t before, size_t after)
{
    ck_assert_uint_eq(((struct seen *)arg)->held, before);
    ((struct seen *)arg)->held = after;
}

static const struct intake_events events = {on_begun, on_refused, on_ended, answers, on_sized};

static void begin(void)
{
    int ends[2];
    const int size = BUFFER;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    ours = ends[0];
    theirs = ends[1];
    setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    fcntl(ours, F_SETFL, O_NONBLOCK);
    seen = (struct seen){.begun = 0};
    intake_init(&in, LIMIT, &events, &seen);
}

static void end(void)
{
    intake_done(&in);
    ck_assert_uint_eq(seen.held, 0);
    close(ours);
    if (theirs >= 0)
        close(theirs);
}

static void sends(const char *bytes, size_t length)
{
    ck_assert_int_eq(send(theirs, bytes, length, 0), (ssize_t)length);
}

static void hangs_up(void)
{
    close(theirs);
    theirs = -1;
}

/* Receives until the socket is empty, by calls for `size` bytes. The library takes the socket to be
 * empty after fewer bytes, so then there must be nothing more. */
static size_t receive_all(char *to, size_t size)
{
    size_t got = 0;
    ssize_t count = (ssize_t)size;
    for (;;) {
        bool fewer = count < (ssize_t)size;
        ck_assert_uint_le(got + size, ROOM);
        count = intake_receive(&in, ours, to + got, size);
        ck_assert_msg(count < 0 || !fewer, "%zd bytes after fewer than %zu", count, size);
        if (count <= 0)
            break;
        got += (size_t)count;
    }
    ck_assert(count == -1 && errno == EAGAIN);
    return got;
}

/* Makes a stream of four requests, with bodies of known length and in chunks. */
static size_t make_stream(char *raw)
{
    size_t length = 0;
    const char *const parts[] = {GET,
                                 SIZED,
                                 NULL,
                                 GET,
                                 CHUNKED,
                                 "A;x\r\n0123456789\r\nF\r\n",
                                 "0123456789abcde\r\n0\r\nA: b\r\n\r\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t count = parts[i] ? strlen(parts[i]) : BODY;
        if (parts[i])
            memcpy(raw + length, parts[i], count);
        else
            for (size_t k = 0; k < count; k++)
                raw[length + k] = (char)(k % 251);
        length += count;
    }
    return length;
}

START_TEST(the_same_bytes_come_however_they_arrive)
{
    static const size_t pieces[] = {1, 13, 700, ROOM}, sizes[] = {1, 7, 100, 4096};
    char raw[ROOM], want[ROOM], got[ROOM + 4096];
    size_t length = make_stream(raw), all, size = sizes[_i % 4], piece = pieces[_i / 4];
    struct intake plain;
    intake_init(&plain, LIMIT, &(const struct intake_events){.refused = on_refused}, &seen);
    all = intake_pass(&plain, raw, length, want, sizeof want);
    intake_done(&plain);
    size_t count = 0;
    for (size_t at = 0; at < length; at += piece) {
        sends(raw + at, piece < length - at ? piece : length - at);
        count += receive_all(got + count, size);
    }
    ck_assert(count == all && memcmp(got, want, all) == 0);
    ck_assert_int_eq(seen.refused, 0);
    if (piece < strlen(GET)) /* heads that arrive whole do not begin before */
        ck_assert_int_eq(seen.begun, 4);
    ck_assert_uint_eq(atomic_load(&in.heads), 4);
    ck_assert_uint_eq(seen.held, 0); /* nothing is kept between requests */
}
END_TEST

START_TEST(what_follows_a_refusal_is_read_and_dropped)
{
    char much[50000], to[100];
    int left = -1;
    memset(much, 'x', sizeof much);
    sends("GET / HTTP/1.1\r\nA : b\r\n\r\n", 25);
    sends(much, sizeof much);
    ck_assert(intake_receive(&in, ours, to, sizeof to) == -1 && errno == EAGAIN);
    ck_assert(seen.refused == 1 && in.state == INTAKE_REFUSED && !in.in_body);
    ck_assert(ioctl(ours, FIONREAD, &left) == 0 && left == 0);
    ck_assert_str_eq(in.refused.method, "GET");
}
END_TEST

START_TEST(clean_bytes_before_a_refusal_are_handed_over_first)
{
    char to[1000];
    sends(GET "A\n", strlen(GET) + 2);
    ck_assert_int_eq(intake_receive(&in, ours, to, sizeof to), (ssize_t)strlen(GET));
    ck_assert_int_eq(seen.refused, 1);
    ck_assert(intake_receive(&in, ours, to, sizeof to) == -1 && errno == EAGAIN);
}
END_TEST

/* Where a stream ends, and whether that leaves a request unfinished. */
static const struct {
    const char *raw;
    int ended;
} streams[] = {{"", 0},
               {GET, 0},
               {"\r\n", 0},
               {"G", 1},
               {GET "GET / HTTP/1.1\r\n", 1},
               {SIZED, 1},
               {SIZED "a", 1},
               {CHUNKED "3\r\n", 1},
               {CHUNKED "3\r\nabc\r\n0\r\n", 1},
               {"G\n", 0}}; /* refused */

START_TEST(an_end_within_a_request_is_told_once)
{
    char to[1000];
    if (*streams[_i].raw) {
        sends(streams[_i].raw, strlen(streams[_i].raw));
        receive_all(to, sizeof to);
    }
    hangs_up();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(intake_receive(&in, ours, to, sizeof to), 0);
        ck_assert_int_eq(seen.ended, streams[_i].ended);
    }
}
END_TEST

START_TEST(an_end_is_held_back_while_an_answer_is_due)
{
    char to[1000];
    seen.waits = true;
    sends(GET, strlen(GET));
    receive_all(to, sizeof to);
    hangs_up();
    ck_assert(intake_receive(&in, ours, to, sizeof to) == -1 && errno == EAGAIN);
    seen.waits = false;
    ck_assert_int_eq(intake_receive(&in, ours, to, sizeof to), 0);
}
END_TEST

START_TEST(bytes_that_give_nothing_do_not_hold_up_the_thread)
{
    char lines[300000], to[100];
    int interrupted = 0;
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = i % 2 ? '\n' : '\r';
    sends(lines, sizeof lines);
    while (intake_receive(&in, ours, to, sizeof to) == -1 && errno == EINTR)
        interrupted++;
    ck_assert_int_eq(errno, EAGAIN);
    /* 65 times at most 2048 bytes are read in a row */
    ck_assert_int_eq(interrupted, (int)(sizeof lines / (65 * 2048)));
    sends(GET, strlen(GET));
    ck_assert_int_eq(intake_receive(&in, ours, to, sizeof to), (ssize_t)strlen(GET));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("intake_receive");
    TCase *c = tcase_create("intake_receive");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_loop_test(c, the_same_bytes_come_however_they_arrive, 0, 16);
    tcase_add_test(c, what_follows_a_refusal_is_read_and_dropped);
    tcase_add_test(c, clean_bytes_before_a_refusal_are_handed_over_first);
    tcase_add_loop_test(c, an_end_within_a_request_is_told_once, 0,
                        sizeof streams / sizeof *streams);
    tcase_add_test(c, an_end_is_held_back_while_an_answer_is_due);
    tcase_add_test(c, bytes_that_give_nothing_do_not_hold_up_the_thread);
    suite_add_tcase(s, c);
    return harness_run(s);
}
