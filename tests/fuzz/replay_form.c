/* replay_form.c - checks the claims of fuzz_form for generated requests and forms, damaged at
 * random. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/lib/harness.h"

enum { ROUNDS = 3000, PIECES = 12, MOST = 4096 };

static const char *const pieces[] = {
    "--X",
    "\r\n--X",
    "\r\n",
    "--",
    "--X--\r\n",
    "\r\n\r\n",
    "Content-Disposition: form-data; name=\"image\"; filename=\"a%22.png\"\r\n",
    "Content-Disposition: form-data; name=image; filename*=UTF-8''%e2%82%ac\r\n",
    "Content-Transfer-Encoding: binary\r\n",
    "\tfolded\r\n",
    "data\r\r\n\r\n-\r\n--",
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "POST http://b/?x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "5\r\nabcde\r\n",
    "0;x=y\r\n",
    "Cookie: a=\"\r\n",
    "ffffffffffffffff\r\n",
};

static size_t make(char *out, uint64_t *seed)
{
    static const char type[] = "multipart/form-data; boundary=X\n";
    size_t length = sizeof type - 1;
    memcpy(out, type, length);
    for (int n = harness_between(seed, 1, PIECES); n > 0; n--) {
        const char *piece = pieces[harness_random(seed) % (sizeof pieces / sizeof *pieces)];
        memcpy(out + length, piece, strlen(piece));
        length += strlen(piece);
    }
    for (int n = harness_between(seed, 0, 2); n > 0; n--)
        out[harness_random(seed) % length] = (char)harness_random(seed);
    return length;
}

START_TEST(claims_hold_over_generated_bytes)
{
    uint64_t seed = harness_seed(16);
    for (int i = 0; i < ROUNDS; i++) {
        char bytes[MOST];
        size_t length = make(bytes, &seed);
        uint8_t *copy = malloc(length); /* exact, so that a sanitizer notices a read beyond it */
        memcpy(copy, bytes, length);
        LLVMFuzzerTestOneInput(copy, length);
        free(copy);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("form");
    TCase *t = tcase_create("replay");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, claims_hold_over_generated_bytes);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
