/* http_log.c - what the log says of a request. */
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "server/base/errors.h"
#include "server/http/http_request.h"

enum { LEFT = 499 }; /* no status was sent: the client had gone */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void describe_end(const struct http_request *r, enum err_code said, int status, bool whole,
                         struct access_entry *x)
{
    if (said != ERR_OK) {
        x->status = error_row(said)->status;
        x->code = error_row(said)->name;
        return;
    }
    if (!r->answered && status > 0) { /* the library could not read it, and said so itself */
        x->status = status;
        x->code = error_row(ERR_BAD_REQUEST)->name;
        return;
    }
    x->status = r->answered ? r->reply.status : LEFT;
    x->code = r->answered ? r->reply.code : "client_left";
    if (r->answered && !whole && !x->code)
        x->code = "client_left";
    if (r->answered && r->reply.status != 304 && strcmp(r->method, "HEAD") != 0)
        x->bytes_out = r->reply.length;
}

static void describe_picture(const struct http_request *r, struct access_entry *x)
{
    const struct transcode_report *report = &r->report;
    if (r->api.model)
        x->model = r->api.model->model->name;
    x->memory = (uint64_t)r->job.bytes;
    x->width = report->in.width;
    x->height = report->in.height;
    x->out_width = report->out.width;
    x->out_height = report->out.height;
    x->queue_ms = r->queue_ms;
    x->decode_ms = report->decode_ms;
    x->network_ms = report->network_ms;
    x->encode_ms = report->encode_ms;
}

void http_log(struct http_request *r, enum err_code said, int status, bool whole)
{
    struct access_entry x = {
        .time_ms = now_ms(),
        .id = r->their_id[0] ? r->their_id : r->our_id,
        .client = r->client,
        .key = r->key ? key_name(r->key) : NULL,
        .method = r->method,
        .target = r->target,
        .bytes_in = r->received + r->drained,
        .total_ms = (double)(clock_ms() - r->began_ms),
    };
    describe_end(r, said, status, whole, &x);
    if (r->is_upload)
        describe_picture(r, &x);
    metrics_request(&r->shared->service->metrics, &x);
    access_log_write(&r->shared->service->log, &x);
}
