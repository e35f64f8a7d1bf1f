/* embedded.h - the model files in the binary. weights/embed.sh makes the table. */
#ifndef UPSCALED_SERVER_MODELS_EMBEDDED_H
#define UPSCALED_SERVER_MODELS_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded_model {
    const char *stem; /* "photo" for photo.json */
    const uint8_t *bytes;
    size_t length;
    const char *sha256; /* SHA-256 of the bytes, 64 hex digits */
};

extern const struct embedded_model embedded_models[];
extern const int embedded_count;

#endif
