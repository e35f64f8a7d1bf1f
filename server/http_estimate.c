/* http_estimate.c - what a picture would need, told by its first bytes.
 *
 * Who can never be served gets the error that the picture itself would get; who could be, but not
 * now, is told so. */
#include <jansson.h>
#include <stdlib.h>

#include "engine/transcode_memory.h"
#include "server/errors.h"
#include "server/http_request.h"

/* The file's size: what came, or, where that is only its beginning, that of its bare pixels. */
static size_t file_bytes(const struct http_request *r, const struct png_head *h)
{
    uint64_t pixels = png_head_pixel_bytes(h),
             most = (uint64_t)r->shared->service->options->max_body;
    if (r->received > PNG_HEAD_BYTES)
        return r->received;
    return (size_t)(pixels < most ? pixels : most);
}

enum err_code http_estimate(struct http_request *r, struct err *e)
{
    struct service *s = r->shared->service;
    struct err busy = ERR_INIT;
    struct transcode_memory m;
    struct png_head h;
    enum err_code rc = png_head_read(r->file.data, r->file.length, &r->api.params.limits, &h, e);
    size_t file = rc == ERR_OK ? file_bytes(r, &h) : 0;
    if (rc == ERR_OK)
        rc = transcode_memory(s->pool, &r->api.params, r->file.data, r->file.length, file, &m, e);
    if (rc != ERR_OK)
        return rc;
    double seconds = cost_expected_ns(&s->cost, &r->need) / 1e9 / pool_threads(s->pool);
    rc = jobs_would_admit(s->jobs, seconds * 1e3, &busy);
    const char *why = rc == ERR_OK ? NULL : error_row(rc)->name;
    json_t *o =
        json_pack("{s:i, s:i, s:I, s:I, s:I, s:f, s:b, s:s*}", "width", m.out.width, "height",
                  m.out.height, "file_bytes", (json_int_t)file, "peak_memory_bytes",
                  (json_int_t)m.peak, "answer_bytes_most", (json_int_t)m.answer, "expected_seconds",
                  seconds, "admitted", rc == ERR_OK, "code", why);
    reply_owned(&r->reply, 200, "application/json",
                o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : NULL);
    json_decref(o);
    return ERR_OK;
}
