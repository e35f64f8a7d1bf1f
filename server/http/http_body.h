/* http_body.h - the body of an upload: the file itself, or a form with one file in it. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_BODY_H
#define UPSCALED_SERVER_HTTP_HTTP_BODY_H

#include "engine/base/buf.h"
#include "server/http/multipart.h"
#include "server/work/admission.h"
#include "server/work/api.h"

struct http_request;

struct http_upload {
    bool begun;     /* the route takes pictures, and `api` is in use */
    bool estimates; /* the route only estimates what the picture would need */
    bool judged;    /* the first bytes of the file have been judged */
    struct api_request api;
    struct multipart *form; /* NULL: the body is the file */
    bool has_file;          /* the form's file has begun */
    char file_name[128];    /* as the form gives it, or "" */
    struct buf file;
    uint64_t received, drained; /* bytes of the body that were taken, and thrown away */
    struct body_memory memory;
    struct need need; /* valid once `judged` is set */
};

/* Prepares for the body. ERR_BODY_TOO_LARGE, ERR_EMPTY_BODY, ERR_BAD_MULTIPART. */
enum err_code http_body_begin(struct http_request *r, struct err *e);

/* Takes a piece of the body. Returns any error that the picture's first bytes or its size can
 * cause. */
enum err_code http_body_take(struct http_request *r, const char *bytes, size_t count,
                             struct err *e);

/* Judges the whole body. */
enum err_code http_body_end(struct http_request *r, struct err *e);

/* Frees the file, and gives its memory back to the budget. */
void http_body_release(struct http_request *r);

/* Frees the form's reader, the file and the model. */
void http_body_done(struct http_request *r);

/* http_estimate.c: fills the reply with what the picture would need. */
void http_estimate(struct http_request *r);

#endif
