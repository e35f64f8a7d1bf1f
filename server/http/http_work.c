/* http_work.c - see http_work.h. */
#include "server/http/http_work.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"
#include "server/answer/disposition.h"
#include "server/http/http_progress.h"
#include "server/http/http_request.h"

/* Gives the request back to its event thread. */
static void resume(struct http_request *r)
{
    http_progress_leave(r);
    r->state = REQUEST_READY;
    MHD_resume_connection(r->connection);
}

/* Names the models that ran, in order. One that runs again on its own output is named once. */
static enum err_code name_models(struct http_request *r, struct err *e)
{
    const struct chain *c = &r->work.report.chain;
    char names[CHAIN_MOST * 136] = "";
    size_t used = 0;
    for (int k = 0; k < c->count; k++) {
        const struct model *m = plan_model(c->plans[k]);
        if (k == 0 || c->plans[k] != c->plans[k - 1])
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s@%s", k ? ", " : "",
                                     m->name, m->sha256);
    }
    return used > 0 ? reply_long_header(&r->answer.reply, "X-Upscaled-Model", names, e) : ERR_OK;
}

static enum err_code name_warnings(struct http_request *r, struct err *e)
{
    char warnings[PNG_WARNING_LIST];
    png_warnings_list(&r->work.report.warnings, warnings);
    return *warnings ? reply_long_header(&r->answer.reply, "X-Upscaled-Warning", warnings, e)
                     : ERR_OK;
}

/* Adds the headers of a picture, all of them or an error: without a warning, a picture that lacks
 * something would pass for a whole one. */
static enum err_code describe(struct http_request *r, struct err *e)
{
    enum err_code rc = name_models(r, e);
    if (rc == ERR_OK)
        rc = name_warnings(r, e);
    if (rc != ERR_OK)
        return rc;
    reply_header(&r->answer.reply, "Server-Timing",
                 "queue;dur=%.1f, decode;dur=%.1f, network;dur=%.1f, encode;dur=%.1f",
                 r->work.queue_ms, r->work.report.decode_ms, r->work.report.network_ms,
                 r->work.report.encode_ms);
    const struct upscale_size *size = &r->upload.api.params.size;
    disposition_apply(&r->answer.reply, r->upload.file_name,
                      size->width > 0 || size->height > 0 ? 0 : size->scale);
    return ERR_OK;
}

static void on_admitted(struct job *job)
{
    struct http_request *r = (struct http_request *)job;
    const struct service *s = r->shared->service;
    progress_wait(s->progress, r->ticket, job->number,
                  job->expected_ms / 1000 / service_parallel(s));
    MHD_suspend_connection(r->connection);
}

/* Distinguishes a cancellation that the client asked for from one by --shutdown-timeout or
 * --work-timeout. */
static void tell_failure(struct http_request *r, const struct err *why)
{
    struct err e = ERR_INIT;
    if (why->code == ERR_CANCELLED && atomic_load(&r->shared->service->draining))
        err_set_limit(&e, ERR_DRAINING, "shutdown-timeout",
                      (uint64_t)r->shared->service->options->shutdown_timeout,
                      "the server shut down before the picture was done (--shutdown-timeout)");
    else if (why->code == ERR_CANCELLED && atomic_load(&r->job.timed_out))
        err_set_limit(&e, ERR_BUSY, "work-timeout",
                      (uint64_t)r->shared->service->options->work_timeout,
                      "the work took longer than %lld s (--work-timeout)",
                      (long long)r->shared->service->options->work_timeout);
    else if (why->code == ERR_CANCELLED)
        err_set(&e, ERR_CANCELLED, "the request was cancelled");
    reply_error(&r->answer.reply, e.code != ERR_OK ? &e : why);
}

static void on_progress(void *arg, double fraction)
{
    struct http_request *r = arg;
    progress_move(r->shared->service->progress, r->ticket, fraction, clock_ms());
}

/* Enlarges the picture with its share of the pool. The cost model learns from the run how long such
 * pictures take. */
static enum err_code transcode(struct http_request *r, struct err *e)
{
    struct service *s = r->shared->service;
    const struct pool_claim claim = {r->job.expected_ms * 1e6, r->job.weight};
    struct pool *share;
    enum err_code rc = pool_share(s->pool, &claim, &share, e);
    if (rc != ERR_OK)
        return rc;
    progress_work(s->progress, r->ticket, clock_ms());
    const struct transcode_call call = {.pool = share,
                                        .params = &r->upload.api.params,
                                        .progress = on_progress,
                                        .progress_arg = r,
                                        .cancel = &r->job.cancel};
    rc = transcode_run(&call, &r->upload.file, &r->work.output, &r->work.report, e);
    if (rc == ERR_OK)
        cost_learn(&s->cost, &r->upload.need, &r->work.report);
    if (rc == ERR_OK) {
        metrics_macs(&s->metrics, r->work.report.macs);
        metrics_warnings(&s->metrics, &r->work.report.warnings);
    }
    if (rc == ERR_CANCELLED)
        metrics_cancelled(&s->metrics);
    pool_free(share);
    return rc;
}

static void on_run(struct job *job)
{
    struct http_request *r = (struct http_request *)job;
    struct service *s = r->shared->service;
    struct budget *budget = &s->budget;
    struct err e = ERR_INIT;
    r->work.queue_ms = (double)(clock_ms() - job->queued_ms);
    if (transcode(r, &e) == ERR_OK && describe(r, &e) == ERR_OK) {
        r->answer.held_bytes = (int64_t)r->work.output.capacity;
        budget_charge(budget, BUDGET_REPLIES, r->answer.held_bytes);
        reply_bytes(&r->answer.reply, 200, "image/png", &r->work.output);
    } else {
        tell_failure(r, &e);
    }
    buf_done(&r->work.output);
    budget_grow(budget, BUDGET_SCRATCH, (int64_t)pool_scratch_bytes(s->pool) - s->scratch_bytes);
    budget_give(budget, BUDGET_WORK, job->bytes);
    http_body_release(r);
}

static void on_done(struct job *job)
{
    struct http_request *r = (struct http_request *)job;
    clients_leave(&r->shared->service->clients, r->work.client_place);
    resume(r);
}

static void on_drop(struct job *job, const struct err *why)
{
    struct http_request *r = (struct http_request *)job;
    http_body_release(r);
    clients_leave(&r->shared->service->clients, r->work.client_place);
    tell_failure(r, why);
    resume(r);
}

enum err_code http_work(struct http_request *r, struct err *e)
{
    struct http_shared *shared = r->shared;
    struct service *s = shared->service;
    r->job.admitted = on_admitted;
    r->job.run = on_run;
    r->job.done = on_done;
    r->job.drop = on_drop;
    buf_init(&r->work.output, r->upload.api.params.max_output_bytes);
    if (conns_begin_work(&shared->conns, r->conn, r->interim) != CONN_WORK)
        return err_set(e, ERR_TIMEOUT, "the request did not arrive in time");
    r->job.bytes = r->upload.need.work_bytes;
    r->job.expected_ms = cost_expected_ns(&s->cost, &r->upload.need) / 1e6;
    r->work.client_place = clients_enter(
        &s->clients, r->client.key ? key_name(r->client.key) : r->client.address, &r->job.weight);
    enum err_code rc = jobs_submit(s->jobs, &r->job, clock_ms(), e);
    if (rc != ERR_OK)
        clients_leave(&s->clients, r->work.client_place);
    return rc;
}
