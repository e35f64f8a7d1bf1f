/* fuzz_etag.c - a list of ETags, If-None-Match. Claim: the answer is 304 for a list that has its
 * tag or `*` as an item, and for no other. */
#include <string.h>

#include "server/answer/etag.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 100000;

/* Whether the next item of the list is the tag, weak or strong, or a star. */
static bool is_match(const char *item, size_t length, const char *tag)
{
    while (length > 0 && (*item == ' ' || *item == '\t'))
        item++, length--;
    while (length > 0 && (item[length - 1] == ' ' || item[length - 1] == '\t'))
        length--;
    bool weak = length > 2 && item[0] == 'W' && item[1] == '/';
    if (weak)
        item += 2, length -= 2;
    return (length == 1 && *item == '*') ||
           (length == strlen(tag) && memcmp(item, tag, length) == 0);
}

/* Whether the list has the tag. Commas within quotes are part of a tag. */
static bool has_tag(const char *list, const char *tag)
{
    int quotes = 0;
    for (const char *start = list;; list++) {
        if (*list == '"')
            quotes++;
        if (*list == '\0' || (*list == ',' && quotes % 2 == 0)) {
            if (is_match(start, (size_t)(list - start), tag))
                return true;
            start = list + 1;
            quotes = 0;
        }
        if (*list == '\0')
            return false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *list = input_text(data, size);
    struct reply r;
    reply_init(&r);
    reply_text(&r, 200, "text/plain", "abc");
    etag_apply(&r, list);
    /* the first half of the SHA-256 of "abc" (FIPS 180-2, appendix B.1) */
    bool found = has_tag(list, "\"ba7816bf8f01cfea414140de5dae2223\"");
    must(r.status == (found ? 304 : 200) && r.header_count == 2);
    reply_done(&r);
    free(list);
    return 0;
}
