/* model_text.h - small models as text, for tests: what loads, and what is refused. */
#ifndef UPSCALED_TESTS_LIB_MODEL_TEXT_H
#define UPSCALED_TESTS_LIB_MODEL_TEXT_H

#include "engine/nn/model.h"

/* A model of scale 2 around some layers for one channel. */
#define FORMAT "{\"format\": \"upscaled-model/1\", "
#define HEAD FORMAT "\"scale\": 2, \"color\": \"y\", "
#define LAYERS(list) HEAD "\"layers\": [" list "]}"
#define DOUBLE "{\"type\": \"upsample\", \"scale_factor\": 2}"
#define RELU "{\"type\": \"relu\"}"
/* the layer in question is $.layers[1] */
#define SECOND(layer) LAYERS(RELU ", " layer ", " DOUBLE)

struct refusal {
    const char *text;
    enum err_code code;
    const char *says; /* part of the sentence */
};

/* Reads a model whose stem is "stem"; it must load. model_free. */
struct model *model_loaded(const char *text);

/* It must be refused as the row says, in printable words, without touching the output. */
void model_refused(const struct refusal *row);

#endif
