/* test_keys.c - the file of keys, which keys are accepted, and how often. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/access/keys.h"
#include "tests/lib/harness.h"

/* the SHA-256 of abc, and of abd */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABD "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9"

static char path[64];

static void begin(void)
{
    strcpy(path, "/tmp/upscaled-test-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void end(void)
{
    unlink(path);
}

static void put(const char *text)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static struct keys *load(const char *text)
{
    struct keys *k = NULL;
    struct err e = ERR_INIT;
    put(text);
    ck_assert_msg(keys_new(path, &k, &e) == ERR_OK, "%s", e.text);
    return k;
}

static struct key *find(struct keys *k, const char *presented)
{
    struct key *key = NULL;
    struct err e = ERR_INIT;
    ck_assert_msg(keys_find(k, presented, &key, &e) == ERR_OK, "%s", e.text);
    return key;
}

static enum err_code enter(struct keys *k, struct key *key, int64_t now_ms)
{
    int retry_s;
    return key_enter(k, key, now_ms, &retry_s, NULL);
}

START_TEST(finds_whose_key_it_is)
{
    struct keys *k = load("# people\n\nann:" ABC "\r\n  bob:" ABD ":::admin  ");
    struct key *key = find(k, "abc"), *none = NULL;
    ck_assert_str_eq(key_name(key), "ann");
    ck_assert(!key_is_admin(k, key));
    key_release(k, key);
    key = find(k, "abd");
    ck_assert_str_eq(key_name(key), "bob");
    ck_assert(key_is_admin(k, key));
    key_release(k, key);
    ck_assert_int_eq(keys_find(k, NULL, &none, NULL), ERR_NO_KEY);
    ck_assert_int_eq(keys_find(k, "", &none, NULL), ERR_KEY);
    ck_assert_int_eq(keys_find(k, "abcd", &none, NULL), ERR_KEY);
    ck_assert_int_eq(keys_find(k, ABC, &none, NULL), ERR_KEY);
    ck_assert_int_eq(keys_count(k), 2);
    keys_free(k);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    {"", "no key"},
    {"# nobody\n", "no key"},
    {"ann\n", ":1: the second field"},
    {"ann:\n", ":1: the second field"},
    {"ann:" ABC "0\n", ":1: the second field"},
    {"ann:g" ABC "\n", ":1: the second field"},
    {":" ABC "\n", ":1: the name must be"},
    {"an n:" ABC "\n", ":1: the name must be"},
    {"0123456789012345678901234567890123456789:" ABC "\n", ":1: the name must be"},
    {"ann:" ABC ":x\n", ":1: the third field"},
    {"ann:" ABC ":-1\n", ":1: the third field"},
    {"ann:" ABC ":1:1000000000\n", ":1: the fourth field"},
    {"ann:" ABC ":1:1:boss\n", ":1: the fifth field"},
    {"ann:" ABC ":1:1:admin:\n", ":1: the line has more than five"},
    {"ann:" ABC "\nann:" ABD "\n", ":2: an earlier line has the same name"},
    {"ann:" ABC "\nbob:" ABC "\n", ":2: an earlier line has the same key"},
};

START_TEST(a_bad_line_is_named)
{
    struct keys *k = NULL;
    struct err e = ERR_INIT;
    put(bad[_i].text);
    ck_assert_int_eq(keys_new(path, &k, &e), ERR_KEYS_FILE);
    ck_assert_msg(strstr(e.text, bad[_i].says) && strstr(e.text, path), "%s", e.text);
    ck_assert_ptr_null(k);
}
END_TEST

START_TEST(a_rate_is_a_minutes_bucket)
{
    struct keys *k = load("ann:" ABC ":6\n");
    struct key *key = find(k, "abc");
    int retry_s = 0;
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(enter(k, key, 1000), ERR_OK);
        key_leave(k, key);
    }
    ck_assert_int_eq(key_enter(k, key, 1000, &retry_s, NULL), ERR_RATE);
    ck_assert_int_eq(retry_s, 10);
    ck_assert_int_eq(key_enter(k, key, 7000, &retry_s, NULL), ERR_RATE);
    ck_assert_int_eq(retry_s, 4);
    ck_assert_int_eq(enter(k, key, 11100), ERR_OK);
    ck_assert_int_eq(enter(k, key, 11100), ERR_RATE);
    for (int i = 0; i < 6; i++) /* an hour refills the pictures of one minute, no more */
        ck_assert_int_eq(enter(k, key, 3600000), ERR_OK);
    ck_assert_int_eq(enter(k, key, 3600000), ERR_RATE);
    key_release(k, key);
    keys_free(k);
}
END_TEST

START_TEST(concurrency_counts_what_is_under_way)
{
    struct keys *k = load("ann:" ABC "::2\nbob:" ABD "\n");
    struct key *ann = find(k, "abc"), *bob = find(k, "abd");
    ck_assert_int_eq(enter(k, ann, 0), ERR_OK);
    ck_assert_int_eq(enter(k, ann, 0), ERR_OK);
    ck_assert_int_eq(enter(k, ann, 0), ERR_RATE);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(enter(k, bob, 0), ERR_OK);
    key_leave(k, ann);
    ck_assert_int_eq(enter(k, ann, 0), ERR_OK);
    key_release(k, ann);
    key_release(k, bob);
    keys_free(k);
}
END_TEST

static enum err_code reload(struct keys *k, struct err *e)
{
    struct keys_table *fresh = NULL;
    enum err_code rc = keys_prepare(k, &fresh, e);
    if (rc == ERR_OK)
        keys_commit(k, fresh);
    return rc;
}

START_TEST(a_reload_changes_keys_and_keeps_counts)
{
    struct keys *k = load("ann:" ABC "::1\nbob:" ABD "\n");
    struct key *held = find(k, "abc"), *gone = find(k, "abd"), *none = NULL;
    ck_assert_int_eq(enter(k, held, 0), ERR_OK);
    put("ann:" ABC "::2:admin\n");
    ck_assert_int_eq(reload(k, NULL), ERR_OK);
    struct key *again = find(k, "abc");
    ck_assert(key_is_admin(k, again));
    ck_assert_int_eq(enter(k, again, 0), ERR_OK);
    ck_assert_int_eq(enter(k, again, 0), ERR_RATE); /* one from before the reload, one after */
    ck_assert_int_eq(keys_find(k, "abd", &none, NULL), ERR_KEY);
    ck_assert_str_eq(key_name(gone), "bob"); /* the key exists while it is held */
    key_leave(k, held);
    key_release(k, held);
    key_release(k, again);
    key_release(k, gone);
    keys_free(k);
}
END_TEST

START_TEST(a_bad_file_leaves_the_old_keys)
{
    struct keys *k = load("ann:" ABC "\n");
    struct err e = ERR_INIT;
    put("ann:junk\n");
    ck_assert_int_eq(reload(k, &e), ERR_KEYS_FILE);
    key_release(k, find(k, "abc"));
    unlink(path);
    ck_assert_int_eq(reload(k, NULL), ERR_IO);
    key_release(k, find(k, "abc"));
    keys_free(k);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keys");
    TCase *t = tcase_create("keys");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, finds_whose_key_it_is);
    tcase_add_loop_test(t, a_bad_line_is_named, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(t, a_rate_is_a_minutes_bucket);
    tcase_add_test(t, concurrency_counts_what_is_under_way);
    tcase_add_test(t, a_reload_changes_keys_and_keeps_counts);
    tcase_add_test(t, a_bad_file_leaves_the_old_keys);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
