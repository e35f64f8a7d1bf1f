/* model_json_digest.c - see model_json_digest.h. */
#include "engine/nn/model_json_digest.h"

enum { LONG = 1 << 20 }; /* bytes whose digest takes a hundred times as long as starting a thread */

static void *compute(void *arg)
{
    struct model_digest *d = arg;
    sha256_hex(d->text, d->length, d->hex);
    return NULL;
}

void model_digest_begin(struct model_digest *d, const uint8_t *text, size_t length)
{
    *d = (struct model_digest){.text = text, .length = length};
    d->beside = length > LONG && pthread_create(&d->thread, NULL, compute, d) == 0;
}

void model_digest_end(struct model_digest *d)
{
    if (d->beside)
        pthread_join(d->thread, NULL);
    else
        compute(d);
}
