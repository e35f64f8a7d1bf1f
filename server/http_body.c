/* http_body.c - the body of an upload: the file itself, or a form with one file in it.
 *
 * The first 33 bytes of the file decide whether it could be answered at all, so that nobody sends
 * sixty megabytes to be told that they are a JPEG. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/http_request.h"

enum { FORM_BUFFER = 4096 }; /* bounds a part's headers */

static enum err_code judge(struct http_request *r, struct err *e)
{
    int width, height;
    r->judged = true;
    return transcode_judge(&r->api.params, r->file.data, r->file.length, &width, &height, e);
}

static enum err_code take_file(struct http_request *r, const char *bytes, size_t count,
                               struct err *e)
{
    enum err_code rc = buf_append(&r->file, bytes, count, e);
    if (rc == ERR_OK && !r->judged && r->file.length >= PNG_HEAD_BYTES)
        rc = judge(r, e);
    return rc;
}

static bool is_file_part(const char *key)
{
    static const char *const keys[] = {"image", "file", "data"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static enum err_code check_part(struct http_request *r, const char *key, const char *name,
                                const char *encoding, struct err *e)
{
    if (!key || !is_file_part(key))
        return err_set(e, ERR_BAD_MULTIPART,
                       "the form may have one part, the file, named image, file or data; "
                       "parameters go into the address");
    if (r->form_has_file)
        return err_set(e, ERR_BAD_MULTIPART, "the form has more than one file");
    if (encoding && strcasecmp(encoding, "binary") != 0 && strcasecmp(encoding, "8bit") != 0)
        return err_set(e, ERR_BAD_MULTIPART, "a part's Content-Transfer-Encoding must be binary");
    r->form_has_file = true;
    snprintf(r->file_name, sizeof r->file_name, "%s", name ? name : "");
    return ERR_OK;
}

static enum MHD_Result on_part(void *arg, enum MHD_ValueKind kind, const char *key,
                               const char *filename, const char *type, const char *encoding,
                               const char *bytes, uint64_t offset, size_t count)
{
    struct http_request *r = arg;
    (void)kind, (void)type;
    if (r->verdict.code != ERR_OK)
        return MHD_NO;
    /* the library may tell of a part twice from its start: first without bytes, where its first
     * bytes might still be the boundary */
    bool again = offset == 0 && r->part_empty && count > 0;
    enum err_code rc =
        offset == 0 && !again ? check_part(r, key, filename, encoding, &r->verdict) : ERR_OK;
    r->part_empty = offset == 0 && count == 0;
    if (rc == ERR_OK && count > 0)
        rc = take_file(r, bytes, count, &r->verdict);
    return rc == ERR_OK ? MHD_YES : MHD_NO;
}

static bool is_form(const struct http_request *r)
{
    static const char form[] = "multipart/form-data";
    const char *type = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Type");
    return type && strncasecmp(type, form, sizeof form - 1) == 0;
}

enum err_code http_body_begin(struct http_request *r, struct err *e)
{
    uint64_t max = (uint64_t)r->shared->service->options->max_body;
    if (r->framing.length > max)
        return err_set_limit(e, ERR_BODY_TOO_LARGE, "max-body", max,
                             "the body has %llu bytes; the limit is %llu (--max-body)",
                             (unsigned long long)r->framing.length, (unsigned long long)max);
    if (!r->framing.chunked && r->framing.length == 0)
        return err_set(e, ERR_EMPTY_BODY, "the body is empty; it should be a PNG file");
    buf_init(&r->file, max);
    if (!is_form(r))
        return ERR_OK;
    r->form = MHD_create_post_processor(r->connection, FORM_BUFFER, on_part, r);
    if (!r->form)
        return err_set(e, ERR_BAD_MULTIPART, "the Content-Type of the form names no boundary");
    return ERR_OK;
}

enum err_code http_body_take(struct http_request *r, const char *bytes, size_t count, struct err *e)
{
    uint64_t max = (uint64_t)r->shared->service->options->max_body;
    r->received += count;
    if (r->received > max)
        return err_set_limit(e, ERR_BODY_TOO_LARGE, "max-body", max,
                             "the body has more than %llu bytes (--max-body)",
                             (unsigned long long)max);
    if (!r->form)
        return take_file(r, bytes, count, e);
    enum MHD_Result parsed = MHD_post_process(r->form, bytes, count);
    if (r->verdict.code != ERR_OK)
        return r->verdict.code;
    if (parsed != MHD_YES)
        return err_set(e, ERR_BAD_MULTIPART, "the form cannot be read");
    return ERR_OK;
}

enum err_code http_body_end(struct http_request *r, struct err *e)
{
    if (r->form) {
        enum MHD_Result whole = MHD_destroy_post_processor(r->form);
        r->form = NULL;
        if (r->verdict.code != ERR_OK)
            return r->verdict.code;
        if (whole != MHD_YES)
            return err_set(e, ERR_BAD_MULTIPART, "the form ends too early");
        if (!r->form_has_file)
            return err_set(e, ERR_BAD_MULTIPART, "the form has no file");
    }
    if (r->file.length == 0)
        return err_set(e, ERR_EMPTY_BODY, "the body is empty; it should be a PNG file");
    return r->judged ? ERR_OK : judge(r, e);
}
