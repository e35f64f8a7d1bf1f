/* http_body.c - see http_body.h.
 *
 * The first 33 bytes of the file decide whether it could succeed at all. So a client that sends
 * sixty megabytes of JPEG gets its error at once. */
#include "server/http/http_body.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/http/http_request.h"

/* Returns the size of the unpacked pixels, if the client sent only the head of a file for an
 * estimate. */
static size_t bare_bytes(const struct http_upload *u)
{
    struct png_head h;
    uint64_t most = (uint64_t)u->memory.max_body, pixels = 0;
    if (png_head_read(u->file.data, u->file.length, &u->api.params.limits, &h, NULL) == ERR_OK)
        pixels = png_head_pixel_bytes(&h);
    return (size_t)(pixels < most ? pixels : most);
}

/* Returns the size of the file, as far as it is known. */
static size_t file_bytes(const struct http_request *r, bool whole)
{
    const struct http_upload *u = &r->upload;
    if (u->estimates && whole && u->file.length <= PNG_HEAD_BYTES)
        return bare_bytes(u);
    return whole ? u->file.length : r->framing.sized ? (size_t)r->framing.length : PNG_HEAD_BYTES;
}

/* Judges the picture twice: by its first bytes, which show whether the request can never succeed,
 * and when the file is complete. It ignores the bytes in between, because the verdict must not
 * depend on the size of packets. */
static enum err_code judge(struct http_request *r, bool whole, struct err *e)
{
    struct service *s = r->shared->service;
    struct http_upload *u = &r->upload;
    size_t bytes_known = file_bytes(r, whole);
    u->judged = true;
    const struct need_source source = {
        s->pool, &u->api.params, {u->file.data, u->file.length, bytes_known}};
    enum err_code rc =
        whole ? need_find(&source, &u->need, e) : need_find_least(&source, &u->need, e);
    if (rc != ERR_OK)
        return rc;
    struct request_bounds bounds = {
        .memory = budget_most(&s->budget, BUDGET_WORK),
        .work_timeout_s = s->options->work_timeout,
        .least_s = cost_least_ns(&s->cost, &u->need) / 1e9 / pool_threads(s->pool),
    };
    return admission_bound(&u->need, &bounds, e);
}

/* Reserves room for the whole file once it is no longer small, so that the file need not be moved
 * again. The system provides memory only for the bytes that have arrived. */
static enum err_code make_room(struct http_request *r, size_t length, struct err *e)
{
    size_t whole = (size_t)r->framing.length;
    if (r->framing.chunked || length <= BODY_SMALL || r->upload.file.capacity >= whole)
        return ERR_OK;
    return buf_reserve(&r->upload.file, whole, e);
}

void http_body_release(struct http_request *r)
{
    buf_done(&r->upload.file);
    if (r->upload.begun && admission_give(&r->upload.memory))
        jobs_wake(r->shared->service->jobs);
}

void http_body_done(struct http_request *r)
{
    struct http_upload *u = &r->upload;
    mem_free(u->form);
    http_body_release(r);
    if (u->begun)
        api_request_done(&u->api);
}

static enum err_code take_file(struct http_request *r, const char *bytes, size_t count,
                               struct err *e)
{
    struct http_upload *u = &r->upload;
    size_t length = u->file.length + count;
    enum err_code rc = admission_take(&u->memory, length, e);
    struct jobs *jobs = r->shared->service->jobs;
    if (rc == ERR_BUSY)
        err_set_retry(e, u->estimates ? jobs_retry_s(jobs) : jobs_refuse_upload(jobs, clock_ms()));
    if (rc == ERR_OK)
        rc = make_room(r, length, e);
    if (rc == ERR_OK)
        rc = buf_append(&u->file, bytes, count, e);
    if (rc == ERR_OK && !u->judged && u->file.length >= PNG_HEAD_BYTES)
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

static enum err_code on_part(void *arg, const struct multipart_part *part, struct err *e)
{
    struct http_upload *u = &((struct http_request *)arg)->upload;
    const char *encoding = part->encoding;
    if (!is_file_part(part->name))
        return err_set(e, ERR_BAD_MULTIPART,
                       "the form must have one part, the file, named image, file or data; "
                       "parameters belong in the address");
    if (u->has_file)
        return err_set(e, ERR_BAD_MULTIPART, "the form has more than one file");
    if (*encoding && strcasecmp(encoding, "binary") != 0 && strcasecmp(encoding, "8bit") != 0)
        return err_set(e, ERR_BAD_MULTIPART, "a part's Content-Transfer-Encoding must be binary");
    u->has_file = true;
    snprintf(u->file_name, sizeof u->file_name, "%s", part->file_name);
    return ERR_OK;
}

static enum err_code on_data(void *arg, const char *bytes, size_t count, struct err *e)
{
    return take_file(arg, bytes, count, e);
}

static enum err_code begin_form(struct http_request *r, const char *type, struct err *e)
{
    static const struct multipart_events events = {on_part, on_data};
    struct multipart *form = mem_calloc(1, sizeof *form);
    if (!form)
        return err_set(e, ERR_MEMORY, "no memory to read the form");
    r->upload.form = form;
    return multipart_init(form, type, &events, r, e);
}

enum err_code http_body_begin(struct http_request *r, struct err *e)
{
    struct service *s = r->shared->service;
    struct http_upload *u = &r->upload;
    u->memory = (struct body_memory){
        .budget = &s->budget, .max_body = s->options->max_body, .moves = r->framing.chunked};
    enum err_code rc = admission_body(&u->memory, r->framing.length, e);
    if (rc != ERR_OK)
        return rc;
    if (!r->framing.chunked && r->framing.length == 0)
        return err_set(e, ERR_EMPTY_BODY, "the body is empty; it should be a PNG file");
    buf_init(&u->file, (size_t)s->options->max_body);
    const char *type = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Type");
    return multipart_is_form(type) ? begin_form(r, type, e) : ERR_OK;
}

enum err_code http_body_take(struct http_request *r, const char *bytes, size_t count, struct err *e)
{
    struct http_upload *u = &r->upload;
    uint64_t max = (uint64_t)u->memory.max_body;
    if (atomic_load(&r->job.cancel))
        return err_set(e, ERR_CANCELLED, "the request was cancelled while its body arrived");
    u->received += count;
    if (u->received > max)
        return err_set_limit(e, ERR_BODY_TOO_LARGE, "max-body", max,
                             "the body has more than %llu bytes (--max-body)",
                             (unsigned long long)max);
    return u->form ? multipart_take(u->form, bytes, count, e) : take_file(r, bytes, count, e);
}

enum err_code http_body_end(struct http_request *r, struct err *e)
{
    struct http_upload *u = &r->upload;
    if (u->form) {
        enum err_code rc = multipart_end(u->form, e);
        if (rc != ERR_OK)
            return rc;
        if (!u->has_file)
            return err_set(e, ERR_BAD_MULTIPART, "the form has no file");
    }
    if (r->upload.file.length == 0)
        return err_set(e, ERR_EMPTY_BODY, "the body is empty; it should be a PNG file");
    return judge(r, true, e);
}
