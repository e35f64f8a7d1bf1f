/* http_body.c - the body of an upload: the file itself, or a form with one file in it.
 *
 * The first 33 bytes of the file decide whether it could be answered at all, so that nobody sends
 * sixty megabytes to be told that they are a JPEG. */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/http/http_request.h"

enum {
    FORM_BUFFER = 4096, /* bounds a part's headers */
    SMALL_STEP = 4096,  /* in which the budget is charged, for files.. */
    SMALL_FILE = 65536, /* ..up to here, and from here on */
    LARGE_STEP = 65536,
};

/* The size of a file of which only its head was sent, to be told what it would need: that of its
 * bare pixels. */
static size_t bare_bytes(const struct http_request *r)
{
    struct png_head h;
    uint64_t most = (uint64_t)r->shared->service->options->max_body, pixels = 0;
    if (png_head_read(r->file.data, r->file.length, &r->api.params.limits, &h, NULL) == ERR_OK)
        pixels = png_head_pixel_bytes(&h);
    return (size_t)(pixels < most ? pixels : most);
}

/* The size of the file, as far as is known. */
static size_t file_bytes(const struct http_request *r, bool whole)
{
    if (r->estimates && whole && r->file.length <= PNG_HEAD_BYTES)
        return bare_bytes(r);
    return whole ? r->file.length : r->framing.sized ? (size_t)r->framing.length : PNG_HEAD_BYTES;
}

/* Once by the first bytes, which tell what could never be, and again by the whole file; never by
 * what happens to have come, or packets would decide. */
static enum err_code judge(struct http_request *r, bool whole, struct err *e)
{
    struct service *s = r->shared->service;
    const struct options *o = s->options;
    size_t bytes_known = file_bytes(r, whole);
    r->judged = true;
    enum err_code rc = whole ? admission_judge(s->pool, &r->api.params, r->file.data,
                                               r->file.length, bytes_known, &r->need, e)
                             : admission_judge_head(s->pool, &r->api.params, r->file.data,
                                                    bytes_known, &r->need, e);
    if (rc != ERR_OK)
        return rc;
    int64_t most = budget_most(&s->budget, BUDGET_WORK),
            bytes = (int64_t)r->need.file_bytes + r->need.work_bytes;
    if (bytes > most)
        return err_set_limit(e, ERR_TOO_MUCH_MEMORY, "memory-limit", (uint64_t)most,
                             "the request would need up to %lld bytes of memory; there are %lld "
                             "for requests (--memory-limit)",
                             (long long)bytes, (long long)most);
    double seconds = cost_expected_ns(&s->cost, &r->need) / 1e9 / pool_threads(s->pool);
    if (seconds > (double)o->work_timeout)
        return err_set_limit(e, ERR_TOO_MUCH_WORK, "work-timeout", (uint64_t)o->work_timeout,
                             "the request would take some %.0f s; the limit is %lld "
                             "(--work-timeout)",
                             seconds, (long long)o->work_timeout);
    return ERR_OK;
}

static int64_t round_up(int64_t bytes, int64_t step)
{
    return (bytes + step - 1) / step * step;
}

static enum err_code too_large_for_memory(int64_t bytes, int64_t most, struct err *e)
{
    return err_set_limit(e, ERR_BODY_TOO_LARGE, "memory-limit", (uint64_t)most,
                         "the body takes %lld bytes of memory; there are %lld for bodies "
                         "(--memory-limit)",
                         (long long)bytes, (long long)most);
}

/* Charges a file of `length` bytes. One whose length is not known is moved as it grows, and for a
 * moment there twice. */
static enum err_code charge(struct http_request *r, size_t length, struct err *e)
{
    struct service *s = r->shared->service;
    int64_t bytes = (int64_t)length * (r->framing.chunked ? 2 : 1);
    int64_t most = budget_most(&s->budget, BUDGET_BODIES);
    bytes = round_up(bytes, bytes <= SMALL_FILE ? SMALL_STEP : LARGE_STEP);
    if (bytes <= r->body_bytes)
        return ERR_OK;
    if (bytes > most)
        return too_large_for_memory(bytes, most, e);
    if (!budget_take(&s->budget, BUDGET_BODIES, bytes - r->body_bytes)) {
        err_set_limit(e, ERR_BUSY, "memory-limit", (uint64_t)most,
                      "the memory for requests is in use (--memory-limit)");
        err_set_retry(e, jobs_retry_s(s->jobs));
        return ERR_BUSY;
    }
    r->body_bytes = bytes;
    return ERR_OK;
}

/* A file that is no longer small gets its room at once, so that it need not be moved again; the
 * system gives memory only to what has come. */
static enum err_code make_room(struct http_request *r, size_t length, struct err *e)
{
    size_t whole = (size_t)r->framing.length;
    if (r->framing.chunked || length <= SMALL_FILE || r->file.capacity >= whole)
        return ERR_OK;
    return buf_reserve(&r->file, whole, e);
}

void http_body_release(struct http_request *r)
{
    buf_done(&r->file);
    if (r->body_bytes == 0)
        return;
    budget_give(&r->shared->service->budget, BUDGET_BODIES, r->body_bytes);
    r->body_bytes = 0;
    jobs_wake(r->shared->service->jobs);
}

static enum err_code take_file(struct http_request *r, const char *bytes, size_t count,
                               struct err *e)
{
    enum err_code rc = charge(r, r->file.length + count, e);
    if (rc == ERR_OK)
        rc = make_room(r, r->file.length + count, e);
    if (rc == ERR_OK)
        rc = buf_append(&r->file, bytes, count, e);
    if (rc == ERR_OK && !r->judged && r->file.length >= PNG_HEAD_BYTES)
        rc = judge(r, false, e);
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

/* The library says no more than no: errno, cleared before it was asked, says whether that was for
 * memory's sake. */
static enum err_code bad_form(const char *why, struct err *e)
{
    if (errno == ENOMEM)
        return err_set(e, ERR_MEMORY, "no memory to read the form");
    return err_set(e, ERR_BAD_MULTIPART, "%s", why);
}

static enum err_code check_part(struct http_request *r, const char *key, const char *name,
                                const char *encoding, struct err *e)
{
    if (!key || !is_file_part(key))
        return bad_form("the form may have one part, the file, named image, file or data; "
                        "parameters go into the address",
                        e);
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
    int64_t most = budget_most(&r->shared->service->budget, BUDGET_BODIES);
    if (r->framing.length > (uint64_t)most)
        return too_large_for_memory((int64_t)r->framing.length, most, e);
    if (!r->framing.chunked && r->framing.length == 0)
        return err_set(e, ERR_EMPTY_BODY, "the body is empty; it should be a PNG file");
    buf_init(&r->file, max);
    if (!is_form(r))
        return ERR_OK;
    errno = 0;
    r->form = MHD_create_post_processor(r->connection, FORM_BUFFER, on_part, r);
    if (r->form)
        return ERR_OK;
    return bad_form("the Content-Type of the form names no boundary", e);
}

enum err_code http_body_take(struct http_request *r, const char *bytes, size_t count, struct err *e)
{
    uint64_t max = (uint64_t)r->shared->service->options->max_body;
    if (atomic_load(&r->job.cancel))
        return err_set(e, ERR_CANCELLED, "the request was cancelled while its body came");
    r->received += count;
    if (r->received > max)
        return err_set_limit(e, ERR_BODY_TOO_LARGE, "max-body", max,
                             "the body has more than %llu bytes (--max-body)",
                             (unsigned long long)max);
    if (!r->form)
        return take_file(r, bytes, count, e);
    errno = 0;
    enum MHD_Result parsed = MHD_post_process(r->form, bytes, count);
    if (r->verdict.code != ERR_OK)
        return r->verdict.code;
    return parsed == MHD_YES ? ERR_OK : bad_form("the form cannot be read", e);
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
    return judge(r, true, e);
}
