/* model_text.h - for tests: small models as text, some to be loaded and some to be refused. */
#ifndef UPSCALED_TESTS_LIB_MODEL_TEXT_H
#define UPSCALED_TESTS_LIB_MODEL_TEXT_H

#include "engine/nn/model.h"

/* A model of scale 2 around some layers for one channel. */
#define FORMAT "{\"format\": \"upscaled-model/1\", "
#define HEAD FORMAT "\"scale\": 2, \"color\": \"y\", "
#define LAYERS(list) HEAD "\"layers\": [" list "]}"
#define DOUBLE "{\"type\": \"upsample\", \"scale_factor\": 2}"
#define RELU "{\"type\": \"relu\"}"
/* the tested layer is $.layers[1] */
#define SECOND(layer) LAYERS(RELU ", " layer ", " DOUBLE)

struct refusal {
    const char *text;
    enum err_code code;
    const char *says; /* a part of the error's sentence */
};

/* Reads a model with the stem "stem", which must succeed. The caller frees it with model_free. */
struct model *model_loaded(const char *text);

/* Checks that the reader refuses the model as the row says, with a sentence of printable
 * characters, and does not change its output. */
void model_refused(const struct refusal *row);

#endif
