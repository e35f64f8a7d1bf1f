/* test_file.c - outputs appear as a whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"
#include "tests/lib/harness.h"

static char folder[64];

static void begin(void)
{
    strcpy(folder, "/tmp/upscaled-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void end(void)
{
    char command[128];
    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static enum err_code put(const char *path, const char *text, bool keep)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 1000);
    ck_assert_int_eq(buf_append(&b, text, strlen(text), NULL), ERR_OK);
    enum err_code rc = file_write(path, &b, keep, &e);
    ck_assert_msg(rc == ERR_OK || strstr(e.text, path), "%s", e.text);
    buf_done(&b);
    return rc;
}

static void expect(const char *path, const char *text)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 1000);
    ck_assert_msg(file_read(path, &file_picture, &b, &e) == ERR_OK, "%s", e.text);
    ck_assert_int_eq(buf_append(&b, "", 1, NULL), ERR_OK);
    ck_assert_str_eq((const char *)b.data, text);
    buf_done(&b);
}

static int entries(void)
{
    DIR *d = opendir(".");
    int count = -2; /* not counting . and .. */
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

START_TEST(a_file_is_made_and_replaced)
{
    ck_assert_int_eq(put("a", "one", false), ERR_OK);
    expect("a", "one");
    ck_assert_int_eq(put("a", "two", false), ERR_OK);
    expect("a", "two");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(a_reader_of_the_old_file_keeps_it)
{
    char text[8] = "";
    ck_assert_int_eq(put("a", "one", false), ERR_OK);
    FILE *f = fopen("a", "r");
    ck_assert_int_eq(put("a", "two", false), ERR_OK);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, f));
    ck_assert_str_eq(text, "one");
    fclose(f);
}
END_TEST

START_TEST(a_file_to_be_kept_is_kept)
{
    ck_assert_int_eq(put("a", "one", true), ERR_OK);
    ck_assert_int_eq(put("a", "two", true), ERR_IO);
    expect("a", "one");
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(modes_stay_and_new_files_follow_the_mask)
{
    struct stat st;
    umask(027);
    ck_assert_int_eq(put("a", "one", false), ERR_OK);
    ck_assert_int_eq(stat("a", &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    ck_assert_int_eq(chmod("a", 0604), 0);
    ck_assert_int_eq(put("a", "two", false), ERR_OK);
    ck_assert_int_eq(stat("a", &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0604);
}
END_TEST

START_TEST(a_link_stays_and_its_target_is_replaced)
{
    struct stat st;
    ck_assert_int_eq(mkdir("d", 0700), 0);
    ck_assert_int_eq(put("d/a", "one", false), ERR_OK);
    ck_assert_int_eq(symlink("d/a", "l"), 0);
    ck_assert_int_eq(put("l", "two", false), ERR_OK);
    ck_assert_int_eq(lstat("l", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    expect("d/a", "two");
}
END_TEST

START_TEST(a_failure_leaves_nothing_behind)
{
    ck_assert_int_eq(mkdir("d", 0700), 0);
    ck_assert_int_eq(put("d", "one", false), ERR_IO);
    ck_assert_int_eq(put("none/a", "one", false), ERR_IO);
    ck_assert_int_eq(put("/dev/full", "one", false), ERR_IO);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

START_TEST(what_is_no_file_is_written_to)
{
    struct stat st;
    ck_assert_int_eq(put("/dev/null", "one", false), ERR_OK);
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}
END_TEST

START_TEST(an_input_over_its_limit_is_refused_by_option)
{
    struct buf b;
    struct err e = ERR_INIT;
    ck_assert_int_eq(put("a", "12345", false), ERR_OK);
    buf_init(&b, 5);
    ck_assert_int_eq(file_read("a", &file_picture, &b, &e), ERR_OK);
    buf_done(&b);
    buf_init(&b, 4);
    ck_assert_int_eq(file_read("a", &file_picture, &b, &e), ERR_BODY_TOO_LARGE);
    ck_assert_str_eq(e.option, "max-body");
    buf_done(&b);
}
END_TEST

START_TEST(a_missing_input_is_named)
{
    struct buf b;
    struct err e = ERR_INIT;
    buf_init(&b, 5);
    ck_assert_int_eq(file_read("none", &file_picture, &b, &e), ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "none"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("file");
    TCase *c = tcase_create("file");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, a_file_is_made_and_replaced);
    tcase_add_test(c, a_reader_of_the_old_file_keeps_it);
    tcase_add_test(c, a_file_to_be_kept_is_kept);
    tcase_add_test(c, modes_stay_and_new_files_follow_the_mask);
    tcase_add_test(c, a_link_stays_and_its_target_is_replaced);
    tcase_add_test(c, a_failure_leaves_nothing_behind);
    tcase_add_test(c, what_is_no_file_is_written_to);
    tcase_add_test(c, an_input_over_its_limit_is_refused_by_option);
    tcase_add_test(c, a_missing_input_is_named);
    suite_add_tcase(s, c);
    return harness_run(s);
}
