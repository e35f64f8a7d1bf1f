/* http_estimate.c - what a picture would need, told by its first bytes.
 *
 * Who can never be served gets the error that the picture itself would get; who could be, but not
 * now, is told so. */
#include "server/base/errors.h"
#include "server/base/json_text.h"
#include "server/http/http_request.h"

void http_estimate(struct http_request *r)
{
    struct service *s = r->shared->service;
    const struct transcode_memory *m = &r->need.memory;
    struct err busy = ERR_INIT;
    double expected_ns = cost_expected_ns(&s->cost, &r->need);
    double seconds = expected_ns / 1e9 / pool_threads(s->pool);
    enum err_code rc = jobs_would_admit(s->jobs, expected_ns / 1e6, &busy);
    const char *why = rc == ERR_OK ? NULL : error_row(rc)->name;
    json_t *o =
        json_pack("{s:i, s:i, s:I, s:I, s:I, s:f, s:b, s:s*}", "width", m->out.width, "height",
                  m->out.height, "file_bytes", (json_int_t)r->need.file_bytes, "peak_memory_bytes",
                  (json_int_t)m->peak, "answer_bytes_most", (json_int_t)m->answer,
                  "expected_seconds", seconds, "admitted", rc == ERR_OK, "code", why);
    reply_owned(&r->reply, 200, "application/json", json_text(o, JSON_INDENT(2)));
}
