/* test_list.c - lists in options and header fields, and files with one setting per line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/base/lines.h"
#include "server/base/list.h"
#include "tests/lib/harness.h"

/* Returns the items, or without separators the words, with | after each. */
static const char *forwards(const char *list, const char *separators)
{
    static char all[200];
    size_t used = 0;
    struct list_item item;
    all[0] = '\0';
    while (separators ? list_next(&list, separators, &item) : list_next_word(&list, &item))
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%.*s|", (int)item.length, item.start);
    return all;
}

static const char *backwards(const char *list)
{
    static char all[200];
    size_t used = 0, length = strlen(list);
    struct list_item item;
    all[0] = '\0';
    while (list_last(list, &length, &item))
        used +=
            (size_t)snprintf(all + used, sizeof all - used, "%.*s|", (int)item.length, item.start);
    return all;
}

START_TEST(items_come_in_order_without_blanks_and_empty_ones)
{
    static const struct {
        const char *list, *separators, *items;
    } rows[] = {
        {"", ",", ""},
        {" , ,\t,", ",", ""},
        {"a", ",", "a|"},
        {"a,b", ",", "a|b|"},
        {" a b ,\tc,, d\t", ",", "a b|c|d|"},
        {" a b ,\tc,, d\t", ", \t", "a|b|c|d|"},
        {"W/\"a,b\", \"c\"", ",", "W/\"a,b\"|\"c\"|"},
        {"\"open,a", ",", "\"open,a|"},
        {"cpu,cpuacct", ",", "cpu|cpuacct|"},
        {" a b ,\tc,, d\t", NULL, "a b|c|d|"},
        {"\"open, close", NULL, "\"open|close|"},
        {"\"a,b\"", NULL, "\"a|b\"|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(forwards(rows[i].list, rows[i].separators), rows[i].items);
}
END_TEST

START_TEST(from_the_end_empty_items_are_kept)
{
    static const struct {
        const char *list, *items;
    } rows[] = {
        {"", ""}, {"a", "a|"}, {"a, b ,c", "c|b|a|"}, {"a,,b", "b||a|"}, {"a,", "|a|"}, {" ", "|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(backwards(rows[i].list), rows[i].items);
}
END_TEST

START_TEST(an_item_is_a_whole_word)
{
    const struct list_item item = {"cpuacct", 3};
    ck_assert(list_item_is(&item, "cpu"));
    ck_assert(!list_item_is(&item, "cpuacct"));
    ck_assert(!list_item_is(&item, "cp"));
}
END_TEST

static char seen[300];

static enum err_code note(void *arg, const char *where, char *line, struct err *e)
{
    (void)arg;
    size_t used = strlen(seen);
    snprintf(seen + used, sizeof seen - used, "%s=%s|", strrchr(where, ':'), line);
    return *line == '!' ? err_set(e, ERR_BAD_PARAMETER, "%s: bad", where) : ERR_OK;
}

static enum err_code read_text(const char *text, struct err *e)
{
    char path[] = "/tmp/upscaled-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    seen[0] = '\0';
    enum err_code rc = lines_read(path, ERR_KEYS_FILE, note, NULL, e);
    unlink(path);
    return rc;
}

START_TEST(lines_are_numbered_and_comments_left_out)
{
    ck_assert_int_eq(read_text("# a\n\n one \r\n\ttwo # 2\n  # b\nlast", NULL), ERR_OK);
    ck_assert_str_eq(seen, ":3=one|:4=two # 2|:6=last|");
}
END_TEST

START_TEST(the_first_bad_line_ends_the_reading)
{
    struct err e = ERR_INIT;
    ck_assert_int_eq(read_text("a\n!\nb\n", &e), ERR_BAD_PARAMETER);
    ck_assert_str_eq(seen, ":1=a|:2=!|");
    ck_assert_msg(strstr(e.text, ":2: bad"), "%s", e.text);
}
END_TEST

START_TEST(a_line_may_have_four_kilobytes)
{
    struct err e = ERR_INIT;
    char text[5000];
    snprintf(text, sizeof text, "a\n%04094d\nb\n", 0);
    ck_assert_int_eq(read_text(text, &e), ERR_OK);
    snprintf(text, sizeof text, "a\n%04095d\nb\n", 0);
    ck_assert_int_eq(read_text(text, &e), ERR_KEYS_FILE);
    ck_assert_msg(strstr(e.text, ":2: the line is too long"), "%s", e.text);
    ck_assert_int_eq(lines_read("/nonexistent", ERR_KEYS_FILE, note, NULL, &e), ERR_IO);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("list");
    TCase *c = tcase_create("list");
    tcase_add_test(c, items_come_in_order_without_blanks_and_empty_ones);
    tcase_add_test(c, from_the_end_empty_items_are_kept);
    tcase_add_test(c, an_item_is_a_whole_word);
    tcase_add_test(c, lines_are_numbered_and_comments_left_out);
    tcase_add_test(c, the_first_bad_line_ends_the_reading);
    tcase_add_test(c, a_line_may_have_four_kilobytes);
    suite_add_tcase(s, c);
    return harness_run(s);
}
