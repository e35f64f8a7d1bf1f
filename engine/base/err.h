/* err.h - says why something failed: a code for programs, a sentence for people.
 *
 * The function that knows the numbers calls err_set; callers pass the code up unchanged. The first
 * error wins: a later err_set on the same struct is ignored, so that clean-up cannot hide the
 * cause. A `struct err` starts as ERR_INIT and is used by one thread at a time. */
#ifndef UPSCALED_BASE_ERR_H
#define UPSCALED_BASE_ERR_H

#include <stdint.h>

enum err_code {
    ERR_OK = 0,
    /* the process */
    ERR_MEMORY,    /* an allocation failed */
    ERR_INTERNAL,  /* a fault of the program */
    ERR_IO,        /* a file or socket could not be read or written */
    ERR_CANCELLED, /* the client has left, or cancelled the request */
    /* the picture */
    ERR_NOT_PNG,          /* there is no PNG signature; the sentence names the kind of file */
    ERR_PNG_HEADER,       /* IHDR is missing or has forbidden values */
    ERR_PNG_TRUNCATED,    /* the file ends before IEND */
    ERR_PNG_CRC,          /* a chunk's check sum is wrong */
    ERR_PNG_ZLIB,         /* the compressed pixels are damaged */
    ERR_PNG_CHUNK,        /* a chunk is malformed or misplaced, or is critical and unknown */
    ERR_PNG_UNSUPPORTED,  /* a format related to PNG: CgBI, MNG, JNG */
    ERR_PNG_LIMIT,        /* the ancillary chunks are too many or too large */
    ERR_TOO_WIDE,         /* a side of the input is over the limit */
    ERR_TOO_MANY_PIXELS,  /* the input has more pixels than the limit */
    ERR_OUTPUT_TOO_LARGE, /* the output would be over its limit */
    /* the model */
    ERR_MODEL_JSON,  /* not JSON */
    ERR_MODEL,       /* JSON, but no model that can run */
    ERR_MODEL_LIMIT, /* over a limit on models */
    /* the request */
    ERR_BAD_PARAMETER,
    ERR_UNKNOWN_MODEL,
    ERR_BAD_REQUEST,     /* the head is malformed, or two programs could read it differently */
    ERR_HTTP_VERSION,    /* neither HTTP/1.1 nor HTTP/1.0 */
    ERR_TARGET_TOO_LONG, /* the request line is over its limit */
    ERR_HEAD_TOO_LARGE,  /* all header lines together are over their limit */
    ERR_CONTENT_CODING,  /* the body is compressed by a Content-Encoding */
    ERR_BAD_MULTIPART,
    ERR_EMPTY_BODY,
    ERR_NO_ROUTE,
    ERR_METHOD,
    ERR_NO_KEY,    /* the request has no key */
    ERR_KEY,       /* the key is unknown, or may not do this */
    ERR_KEYS_FILE, /* the file of keys cannot be used */
    ERR_RATE,      /* the key is used too often */
    ERR_BODY_TOO_LARGE,
    ERR_TIMEOUT,
    ERR_TOO_MUCH_MEMORY, /* the request needs more than the whole budget */
    ERR_TOO_MUCH_WORK,   /* the request would take longer than a request may run */
    ERR_BUSY,
    ERR_DRAINING,
    ERR_COUNT
};

struct err {
    enum err_code code;
    const char *option; /* the option that sets the limit, or NULL; in static storage */
    uint64_t limit;     /* that limit, when option is set */
    char text[320];     /* one sentence, no full stop, no newline */
    unsigned retry_s;   /* a retry may succeed after so many seconds; 0: not known */
};

#define ERR_INIT                                                                                   \
    {                                                                                              \
        ERR_OK, 0, 0, "", 0                                                                        \
    }

/* Records `code` and a printf-like sentence unless `e` already holds an error; `e` may be NULL.
 * Returns `code`, so that `return err_set(...)` reads as one step. */
enum err_code err_set(struct err *e, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Does the same for a limit that was exceeded. `option` is the name of its option without dashes
 * ("max-pixels"), in static storage. */
enum err_code err_set_limit(struct err *e, enum err_code code, const char *option, uint64_t limit,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Adds to the error in `e` the seconds after which a retry may succeed, unless it has them already.
 * `e` may be NULL. */
void err_set_retry(struct err *e, unsigned retry_s);

#endif
