/* model_json_digest.h - computes the SHA-256 of a model's text. If the text is long, a second
 * thread computes it while the model is read: the digest of a file of 90 MB takes a third of a
 * second. */
#ifndef UPSCALED_NN_MODEL_JSON_DIGEST_H
#define UPSCALED_NN_MODEL_JSON_DIGEST_H

#include <pthread.h>
#include <stdbool.h>

#include "engine/base/sha256.h"

struct model_digest {
    const uint8_t *text;
    size_t length;
    char hex[2 * SHA256_BYTES + 1]; /* valid after model_digest_end */
    bool beside;                    /* `thread` computes the digest */
    pthread_t thread;
};

/* Begins the digest. The text must stay valid until model_digest_end, which must be called. */
void model_digest_begin(struct model_digest *d, const uint8_t *text, size_t length);
void model_digest_end(struct model_digest *d);

#endif
