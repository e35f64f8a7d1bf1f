/* test_sha256.c - compares SHA-256 and base64 with the vectors of their standards. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/sha256.h"
#include "tests/lib/harness.h"

/* NIST, "Examples with Intermediate Values" and the FIPS 180-2 appendix. */
static const struct {
    const char *text, *digest;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrs"
     "mnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

START_TEST(digests_of_the_standard)
{
    char hex[65];
    sha256_hex(vectors[_i].text, strlen(vectors[_i].text), hex);
    ck_assert_str_eq(hex, vectors[_i].digest);
}
END_TEST

START_TEST(digest_of_a_million_letters_in_any_pieces)
{
    enum { LETTERS = 1000000 };
    uint8_t *letters = malloc(LETTERS), whole[SHA256_BYTES], pieces[SHA256_BYTES];
    char hex[65];
    ck_assert_ptr_nonnull(letters);
    memset(letters, 'a', LETTERS);
    sha256_hex(letters, LETTERS, hex);
    ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, letters, LETTERS);
    sha256_end(&s, whole);
    uint64_t seed = 7;
    for (int round = 0; round < 20; round++) {
        sha256_init(&s);
        for (size_t done = 0; done < LETTERS;) {
            size_t part = (size_t)harness_between(&seed, 0, 200);
            part = part < LETTERS - done ? part : LETTERS - done;
            sha256_add(&s, letters + done, part);
            done += part;
        }
        sha256_end(&s, pieces);
        ck_assert_mem_eq(pieces, whole, sizeof whole);
    }
    free(letters);
}
END_TEST

/* RFC 4648, section 10. */
static const struct {
    const char *text, *bytes;
} encoded[] = {
    {"", ""},
    {"Zg==", "f"},
    {"Zm8=", "fo"},
    {"Zm9v", "foo"},
    {"Zm9vYg==", "foob"},
    {"Zm9vYmE=", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"+/+/", "\xfb\xff\xbf"},
};

START_TEST(base64_of_the_standard)
{
    const uint8_t *text = (const uint8_t *)encoded[_i].text;
    size_t length = strlen(encoded[_i].text), bytes;
    uint8_t out[8];
    ck_assert(base64_bytes(text, length, &bytes));
    ck_assert_uint_eq(bytes, strlen(encoded[_i].bytes));
    ck_assert_uint_eq(base64_decode(text, length, out), length);
    ck_assert_int_eq(memcmp(out, encoded[_i].bytes, bytes), 0);
}
END_TEST

static const struct {
    const char *text;
    int wrong; /* position of the fault; -1: the length */
} malformed[] = {
    {"Z", -1},   {"Zg", -1},   {"Zg=", -1},      {"Zm9vYg=", -1}, {"Zh==", 1},
    {"Zm9=", 2}, {"Zm9\n", 3}, {"Zm 9", 2},      {"Zm-_", 2},     {"Zg==Zg==", 2},
    {"====", 0}, {"A===", 1},  {"Zm9v\\/Y=", 4},
};

START_TEST(base64_that_is_not_strict_is_refused)
{
    const uint8_t *text = (const uint8_t *)malformed[_i].text;
    size_t length = strlen(malformed[_i].text), bytes;
    uint8_t out[8];
    bool counted = base64_bytes(text, length, &bytes);
    ck_assert_int_eq(counted, malformed[_i].wrong >= 0);
    if (counted)
        ck_assert_uint_eq(base64_decode(text, length, out), (size_t)malformed[_i].wrong);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sha256");
    TCase *c = tcase_create("sha256");
    tcase_add_loop_test(c, digests_of_the_standard, 0, sizeof vectors / sizeof *vectors);
    tcase_add_test(c, digest_of_a_million_letters_in_any_pieces);
    tcase_add_loop_test(c, base64_of_the_standard, 0, sizeof encoded / sizeof *encoded);
    tcase_add_loop_test(c, base64_that_is_not_strict_is_refused, 0,
                        sizeof malformed / sizeof *malformed);
    suite_add_tcase(s, c);
    return harness_run(s);
}
