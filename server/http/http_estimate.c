/* http_estimate.c - POST /v1/estimate: computes from the first bytes of a picture what it would
 * need.
 *
 * A picture that can never be enlarged gets the error that an upload would get. If the key or the
 * queue would refuse the picture now, `admitted` and `code` say so. */
#include "server/base/errors.h"
#include "server/base/json_text.h"
#include "server/http/http_request.h"

/* Lists the models that would run, in order: one name for each run. */
static json_t *models_of(const struct transcode_memory *m)
{
    json_t *names = json_array();
    for (int k = 0; m->work.resized && k < m->chain.count; k++)
        json_add(&names, json_string(plan_model(m->chain.plans[k])->name));
    return names;
}

void http_estimate(struct http_request *r)
{
    struct service *s = r->shared->service;
    const struct transcode_memory *m = &r->upload.need.memory;
    struct err busy = ERR_INIT;
    double expected_ns = cost_expected_ns(&s->cost, &r->upload.need);
    double seconds = expected_ns / 1e9 / service_parallel(s);
    enum err_code rc = http_client_would_enter(r, &busy);
    if (rc == ERR_OK)
        rc = jobs_would_admit(s->jobs, expected_ns / 1e6, &busy);
    const char *why = rc == ERR_OK ? NULL : error_row(rc)->name;
    json_t *o = json_pack(
        "{s:i, s:i, s:I, s:I, s:I, s:I, s:f, s:b, s:s*}", "width", m->out.width, "height",
        m->out.height, "file_bytes", (json_int_t)r->upload.need.file_bytes, "peak_memory_bytes",
        (json_int_t)m->peak, "worker_memory_bytes", (json_int_t)r->upload.need.scratch_bytes,
        "answer_bytes_most", (json_int_t)m->answer, "expected_seconds", seconds, "admitted",
        rc == ERR_OK, "code", why);
    json_put(&o, "models", models_of(m));
    reply_owned(&r->answer.reply, 200, "application/json", json_text(o, JSON_INDENT(2)));
}
