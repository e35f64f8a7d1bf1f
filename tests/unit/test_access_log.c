/* test_access_log.c - the lines of the log: their contents, and that no text can break out of
 * one. */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/service/access_log.h"
#include "tests/lib/harness.h"

static const struct access_entry whole = {
    .time_ms = 1790000000123,
    .id = "0123456789abcdef",
    .client = "192.0.2.7",
    .key = "ann",
    .method = "POST",
    .target = "/v1/upscale?scale=2",
    .model = "photo",
    .status = 200,
    .bytes_in = 1000,
    .bytes_out = 5000,
    .memory = 70000,
    .width = 8,
    .height = 6,
    .out_width = 16,
    .out_height = 12,
    .queue_ms = 0.5,
    .decode_ms = 1,
    .network_ms = 2,
    .encode_ms = 3,
    .total_ms = 7,
};

START_TEST(json_has_every_field)
{
    char line[ACCESS_LINE_MAX];
    size_t length = access_log_line(ACCESS_JSON, &whole, line);
    json_t *o = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(o, "%s", line);
    ck_assert_uint_eq(json_object_size(o), 20);
    ck_assert_str_eq(json_string_value(json_object_get(o, "time")), "2026-09-21T14:13:20.123Z");
    ck_assert_str_eq(json_string_value(json_object_get(o, "key")), "ann");
    ck_assert_int_eq(json_integer_value(json_object_get(o, "out_width")), 16);
    ck_assert(json_number_value(json_object_get(o, "encode_ms")) == 3);
    json_decref(o);
}
END_TEST

START_TEST(text_is_one_line_for_people)
{
    char line[ACCESS_LINE_MAX];
    access_log_line(ACCESS_TEXT, &whole, line);
    ck_assert_str_eq(
        line, "2026-09-21T14:13:20.123Z 192.0.2.7 200 \"POST\" "
              "\"/v1/upscale?scale=2\" key=ann model=photo in=1000 out=5000 "
              "8x6->16x12 queue=0.5 decode=1.0 network=2.0 encode=3.0 memory=70000 total=7.0ms "
              "id=0123456789abcdef\n");
}
END_TEST

/* A connection may end before anything is known of its request. */
START_TEST(what_is_not_known_is_left_out)
{
    char line[ACCESS_LINE_MAX];
    struct access_entry x = {.time_ms = 1790000000123, .status = 400, .total_ms = 1};
    access_log_line(ACCESS_TEXT, &x, line);
    ck_assert_str_eq(line, "2026-09-21T14:13:20.123Z - 400 \"\" \"\" in=0 out=0 total=1.0ms\n");
    x.client = x.method = x.target = x.key = "";
    access_log_line(ACCESS_TEXT, &x, line);
    ck_assert_str_eq(line, "2026-09-21T14:13:20.123Z - 400 \"\" \"\" in=0 out=0 total=1.0ms\n");
    size_t length = access_log_line(ACCESS_JSON, &x, line);
    json_t *o = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(o && !json_object_get(o, "out_width") && !json_object_get(o, "memory"), "%s",
                  line);
    json_decref(o);
    ck_assert_uint_eq(access_log_line(ACCESS_OFF, &x, line), 0);
}
END_TEST

/* A string of every byte but NUL, many times. */
static const char *hostile(void)
{
    static char text[2000];
    for (size_t i = 0; i + 1 < sizeof text; i++)
        text[i] = (char)(i % 255 + 1);
    return text;
}

START_TEST(whatever_came_stays_inside_its_field)
{
    char line[ACCESS_LINE_MAX];
    struct access_entry x = whole;
    x.id = x.client = x.key = x.method = x.target = x.model = x.code = hostile();
    x.bytes_in = x.bytes_out = x.memory = UINT64_MAX;
    for (int format = ACCESS_TEXT; format <= ACCESS_JSON; format++) {
        size_t length = access_log_line((enum access_format)format, &x, line);
        ck_assert_uint_eq(length, strlen(line));
        for (size_t i = 0; i + 1 < length; i++)
            ck_assert(line[i] >= 0x20 && line[i] <= 0x7e);
        ck_assert_int_eq(line[length - 1], '\n');
    }
    access_log_line(ACCESS_TEXT, &x, line);
    ck_assert_ptr_null(strstr(line, "\n\n"));
}
END_TEST

START_TEST(json_stays_json_whatever_came)
{
    static const char *const texts[] = {"\"",       "\\",   "\\\"",       "\n",
                                        "\xff\xfe", "\x01", "a\"}, {\"b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char line[ACCESS_LINE_MAX];
        struct access_entry x = whole;
        x.target = x.client = texts[i];
        size_t length = access_log_line(ACCESS_JSON, &x, line);
        json_t *o = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_msg(o, "%s", line);
        ck_assert_uint_eq(json_object_size(o), 20);
        json_decref(o);
    }
}
END_TEST

START_TEST(a_reader_that_is_late_is_told_what_it_missed)
{
    int ends[2];
    char line[ACCESS_LINE_MAX + 1];
    struct access_log log;
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    ck_assert_int_eq(access_log_open(&log, ends[1], "json", NULL), ERR_OK);
    for (int i = 0; i < 5000; i++) /* more lines than a pipe holds */
        access_log_write(&log, &whole);
    ck_assert_uint_gt(atomic_load(&log.lost), 0);
    while (read(ends[0], line, sizeof line) > 0)
        ;
    access_log_write(&log, &whole);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    line[n > 0 ? n : 0] = '\0';
    ck_assert_msg(strncmp(line, "{\"lost_lines\": ", 15) == 0, "%s", line);
    ck_assert_ptr_nonnull(strstr(line, "\n{\"time\""));
    ck_assert_uint_eq(atomic_load(&log.lost), 0);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(lost_lines_are_told_to_people_in_words)
{
    int ends[2];
    char line[200];
    struct access_log log;
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(access_log_open(&log, ends[1], "text", NULL), ERR_OK);
    atomic_store(&log.lost, 3);
    access_log_write(&log, &whole);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    line[n > 0 ? n : 0] = '\0';
    ck_assert_msg(strncmp(line, "3 lines were lost\n2026-", 23) == 0, "%s", line);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

/* A terminal shows text, without being asked. */
START_TEST(people_get_text)
{
    struct access_log log;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_int_eq(access_log_open(&log, fd, "auto", NULL), ERR_OK);
    ck_assert_int_eq(log.format, ACCESS_TEXT);
    close(fd);
}
END_TEST

START_TEST(formats_are_words)
{
    struct access_log log;
    int fd = open("/dev/null", O_WRONLY);
    ck_assert_int_eq(access_log_open(&log, fd, NULL, NULL), ERR_OK);
    ck_assert_int_eq(log.format, ACCESS_JSON); /* the output is not a terminal */
    ck_assert_int_eq(access_log_open(&log, fd, "text", NULL), ERR_OK);
    ck_assert_int_eq(log.format, ACCESS_TEXT);
    ck_assert_int_eq(access_log_open(&log, fd, "off", NULL), ERR_OK);
    ck_assert_int_eq(log.format, ACCESS_OFF);
    ck_assert_int_eq(access_log_open(&log, fd, "yaml", NULL), ERR_BAD_PARAMETER);
    close(fd);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access_log");
    TCase *t = tcase_create("access_log");
    tcase_add_test(t, json_has_every_field);
    tcase_add_test(t, text_is_one_line_for_people);
    tcase_add_test(t, what_is_not_known_is_left_out);
    tcase_add_test(t, whatever_came_stays_inside_its_field);
    tcase_add_test(t, json_stays_json_whatever_came);
    tcase_add_test(t, a_reader_that_is_late_is_told_what_it_missed);
    tcase_add_test(t, lost_lines_are_told_to_people_in_words);
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal >= 0)
        tcase_add_test(t, people_get_text);
    else
        harness_left_out(1, "people_get_text", "the system has no terminal to give");
    close(terminal);
    tcase_add_test(t, formats_are_words);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
