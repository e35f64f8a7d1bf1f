/* http_log.c - see http_log.h. */
#include "server/http/http_log.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "engine/base/clock.h"
#include "server/base/errors.h"
#include "server/http/http_request.h"

enum { LEFT = 499 }; /* no status was sent, because the client had left */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whether the work was cancelled because the client had left. What is sent to it then is not its
 * answer. */
static bool left_first(const struct http_request *r, const struct http_end *end)
{
    return end->said.left && r->answer.reply.status == error_row(ERR_CANCELLED)->status;
}

static void describe_end(const struct http_request *r, const struct http_end *end,
                         struct access_entry *x)
{
    if (end->said.code != ERR_OK) {
        x->status = error_row(end->said.code)->status;
        x->code = error_row(end->said.code)->name;
        x->bytes_out = end->said.bytes;
        return;
    }
    if (!r->answer.queued && end->status > 0) { /* the library refused it by itself */
        x->status = end->status;
        x->code = error_row(ERR_BAD_REQUEST)->name;
        return;
    }
    if (!r->answer.queued || left_first(r, end)) {
        x->status = LEFT;
        x->code = "client_left";
        return;
    }
    x->status = r->answer.reply.status;
    x->code = r->answer.reply.code;
    if (!end->whole && !x->code)
        x->code = "client_left";
    if (r->answer.reply.status != 304 && strcmp(r->method, "HEAD") != 0)
        x->bytes_out = r->answer.reply.length;
}

static void describe_picture(const struct http_request *r, struct access_entry *x)
{
    const struct transcode_report *report = &r->work.report;
    if (r->upload.api.model)
        x->model = r->upload.api.model->name;
    x->memory = (uint64_t)r->job.bytes;
    x->width = report->in.width;
    x->height = report->in.height;
    x->out_width = report->out.width;
    x->out_height = report->out.height;
    x->queue_ms = r->work.queue_ms;
    x->decode_ms = report->decode_ms;
    x->network_ms = report->network_ms;
    x->encode_ms = report->encode_ms;
}

void http_log(struct http_request *r, const struct http_end *end)
{
    struct access_entry x = {
        .time_ms = now_ms(),
        .id = http_client_id(&r->client),
        .client = r->client.address,
        .key = r->client.key ? key_name(r->client.key) : NULL,
        .method = r->method,
        .target = r->target,
        .bytes_in = r->upload.received + r->upload.drained,
        .total_ms = (double)(clock_ms() - r->began_ms),
    };
    describe_end(r, end, &x);
    if (r->upload.begun)
        describe_picture(r, &x);
    metrics_request(&r->shared->service->metrics, &x);
    access_log_write(&r->shared->service->log, &x);
}

void http_log_refused(struct service *s, const struct refused_request *r)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    char address[PROXIES_TEXT_MAX];
    bool known = getpeername(r->fd, (struct sockaddr *)&peer, &size) == 0;
    proxies_client(&s->proxies, known ? (const struct sockaddr *)&peer : NULL, NULL, address);
    struct access_entry x = {
        .time_ms = now_ms(),
        .id = r->id,
        .client = address,
        .method = r->method,
        .target = r->target,
        .status = error_row(r->said.code)->status,
        .code = error_row(r->said.code)->name,
        .bytes_out = r->said.bytes,
        .total_ms = (double)r->took_ms,
    };
    metrics_request(&s->metrics, &x);
    access_log_write(&s->log, &x);
}
