/* admission.c - see admission.h. Memory is transcode_memory's formula, the same that /v1/estimate
 * tells. */
#include "server/work/admission.h"

#include <stdio.h>
#include <string.h>

/* What one pass of the network enlarges after `times` passes. */
static double enlarged(double pixels, int scale, int times)
{
    for (; times > 0; times--)
        pixels *= (double)scale * scale;
    return pixels;
}

/* The network is repeated until the output's size is reached; alpha takes a pass of its own. */
static double count_macs(const struct model *m, const struct transcode_memory *need)
{
    const struct image_format *from = &need->in, *to = &need->out;
    double in = (double)from->width * from->height, out = (double)to->width * to->height;
    double pixels = 0;
    if (to->width == from->width && to->height == from->height)
        return 0;
    for (int k = 0; k < 3 && (k == 0 || enlarged(in, m->scale, k) < out); k++)
        pixels += enlarged(in, m->scale, k);
    bool has_alpha = from->channels % 2 == 0;
    return pixels * m->geometry.macs_per_pixel * (has_alpha ? 2 : 1);
}

static int64_t scratch_growth(struct pool *pool, const struct transcode_memory *need)
{
    int64_t wanted = (int64_t)need->scratch * pool_threads(pool);
    int64_t growth = wanted - (int64_t)pool_scratch_bytes(pool);
    return growth > 0 ? growth : 0;
}

enum err_code admission_judge(struct pool *pool, const struct transcode_params *params,
                              const uint8_t *file, size_t length, size_t file_bytes,
                              struct need *out, struct err *e)
{
    struct need n = {.file_bytes = file_bytes};
    enum err_code rc = transcode_memory(pool, params, file, length, file_bytes, &n.memory, e);
    if (rc != ERR_OK)
        return rc;
    const struct image_format *to = &n.memory.out;
    n.work_bytes = (int64_t)(n.memory.peak - file_bytes) + scratch_growth(pool, &n.memory);
    n.macs = count_macs(plan_model(params->plan), &n.memory);
    n.out_samples = (double)to->width * to->height * to->channels;
    *out = n;
    return ERR_OK;
}

enum err_code admission_judge_head(struct pool *pool, const struct transcode_params *params,
                                   const uint8_t *head, size_t file_bytes, struct need *out,
                                   struct err *e)
{
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    uint8_t file[PNG_HEAD_BYTES + sizeof end];
    struct png_head h;
    /* alone: what is no PNG is named by all of its bytes, which the end is none of */
    enum err_code rc = png_head_read(head, PNG_HEAD_BYTES, &params->limits, &h, e);
    if (rc != ERR_OK)
        return rc;
    memcpy(file, head, PNG_HEAD_BYTES);
    memcpy(file + PNG_HEAD_BYTES, end, sizeof end);
    return admission_judge(pool, params, file, sizeof file, file_bytes, out, e);
}

static enum err_code refuse(const struct queue_state *q, const char *option, int64_t limit,
                            const char *text, struct err *e)
{
    err_set_limit(e, ERR_BUSY, option, (uint64_t)limit, "%s", text);
    err_set_retry(e, q->retry_s);
    return ERR_BUSY;
}

enum err_code admission_queue(const struct queue_state *q, struct err *e)
{
    char text[160];
    int idle = q->drivers - q->running; /* each takes a job at once, which then does not wait */
    if (q->waiting >= q->places + idle) {
        snprintf(text, sizeof text,
                 "the queue is full: %d requests run or wait (--max-running, --queue)",
                 q->running + q->waiting);
        return refuse(q, "queue", q->places, text, e);
    }
    if (q->wait_ms > (double)q->timeout_ms) {
        long long most = (long long)(q->timeout_ms / 1000);
        snprintf(text, sizeof text,
                 "the request would wait about %.0f s; the limit is %lld s (--queue-timeout)",
                 q->wait_ms / 1000, most);
        return refuse(q, "queue-timeout", most, text, e);
    }
    return ERR_OK;
}
