/* strict_http.h - a second reader of the grammar of HTTP/1.1 (RFC 9112), for fuzz targets. It reads
 * one stream byte for byte, and shares no code with the server. */
#ifndef UPSCALED_TESTS_FUZZ_STRICT_HTTP_H
#define UPSCALED_TESTS_FUZZ_STRICT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum strict {
    STRICT_WHOLE,
    STRICT_MORE,  /* the bytes end within it */
    STRICT_WRONG, /* there is no single reading */
};

struct strict_text {
    const char *bytes;
    size_t length;
};

struct strict_message {
    size_t length, head; /* bytes in all, and up to the empty line */
    struct strict_text first, second,
        third; /* words of the first line; the third may have blanks */
    int fields, hosts;
    bool chunked, sized, closes, disguised; /* disguised: a field's name has an underscore */
    const char *body; /* the bytes behind the head; with chunks, these are among them */
    uint64_t body_length, body_sum;
    size_t longest_line, trailer;                          /* of a chunked body */
    struct strict_text type, host, id, authorization, key; /* the last of each; key: X-API-Key */
    int types, ids, credentials; /* how many lines; credentials: Authorization and X-API-Key */
};

/* Reads a request, with the empty lines before it. */
enum strict strict_request(const char *bytes, size_t length, struct strict_message *out);

/* Reads a response to a request of that method. */
enum strict strict_response(const char *bytes, size_t length, bool to_head,
                            struct strict_message *out);

/* Whether the texts are equal, in upper or lower case. */
bool strict_is(struct strict_text a, const char *b);

/* Returns the text without the blanks around it. */
struct strict_text strict_trimmed(struct strict_text t);

#endif
