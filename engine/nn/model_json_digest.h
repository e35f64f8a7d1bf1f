/* model_json_digest.h - computes the SHA-256 of a model's text, beside the reading of it where the
 * text is long: the digest of a file of 90 MB takes a third of a second. */
#ifndef UPSCALED_NN_MODEL_JSON_DIGEST_H
#define UPSCALED_NN_MODEL_JSON_DIGEST_H

#include <pthread.h>
#include <stdbool.h>

#include "engine/base/sha256.h"

struct model_digest {
    const uint8_t *text;
    size_t length;
    char hex[2 * SHA256_BYTES + 1]; /* valid after model_digest_end */
    bool beside;                    /* by a thread of its own */
    pthread_t thread;
};

/* Begins. The text must stay until model_digest_end, which must be called. */
void model_digest_begin(struct model_digest *d, const uint8_t *text, size_t length);
void model_digest_end(struct model_digest *d);

#endif
