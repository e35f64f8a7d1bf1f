/* need.c - see need.h. */
#include "server/work/need.h"

#include <stdlib.h>
#include <string.h>

static int64_t scratch_growth(struct pool *pool, const struct transcode_memory *m)
{
    int64_t wanted = (int64_t)m->scratch * pool_threads(pool);
    int64_t growth = wanted - (int64_t)pool_scratch_bytes(pool);
    return growth > 0 ? growth : 0;
}

/* Returns the first 32 bits of the model's digest. */
static uint32_t model_id(const struct model *m)
{
    char digits[9] = "";
    memcpy(digits, m->sha256, sizeof digits - 1);
    return (uint32_t)strtoul(digits, NULL, 16);
}

enum err_code need_find(const struct need_source *s, struct need *out, struct err *e)
{
    struct need n = {.file_bytes = s->file.file_bytes, .compression = s->params->compression};
    enum err_code rc = transcode_memory(s->pool, s->params, &s->file, &n.memory, e);
    if (rc != ERR_OK)
        return rc;
    n.scratch_bytes = scratch_growth(s->pool, &n.memory);
    n.work_bytes = (int64_t)(n.memory.peak - s->file.file_bytes) + n.scratch_bytes;
    n.macs = n.memory.work.network.color + n.memory.work.network.alpha;
    const struct plan *last = n.memory.chain.plans[n.memory.chain.count - 1];
    n.model = model_id(plan_model(last)); /* this network does most of the work */
    n.streamed = plan_streams(last);
    *out = n;
    return ERR_OK;
}

enum err_code need_find_least(const struct need_source *s, struct need *out, struct err *e)
{
    static const uint8_t end[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    uint8_t file[PNG_HEAD_BYTES + sizeof end];
    struct need_source least = *s;
    struct png_head h;
    /* Checks the head alone first, so that an error names the kind of file by its own bytes and not
     * by the IEND that is added below. */
    enum err_code rc = png_head_read(s->file.bytes, PNG_HEAD_BYTES, &s->params->limits, &h, e);
    if (rc != ERR_OK)
        return rc;
    memcpy(file, s->file.bytes, PNG_HEAD_BYTES);
    memcpy(file + PNG_HEAD_BYTES, end, sizeof end);
    least.file.bytes = file;
    least.file.length = sizeof file;
    rc = need_find(&least, out, e);
    if (rc == ERR_OK)
        out->is_least = true;
    return rc;
}
