/* api.h - the parameters of a request: turns names and values into transcode_params.
 *
 * The parameters of a query are also flags of `upscaled convert`: model, scale, width, height,
 * compression (0..9), metadata (keep, color, none), depth (same, 8, 16), edge (replicate, reflect,
 * wrap, zero). */
#ifndef UPSCALED_SERVER_WORK_API_H
#define UPSCALED_SERVER_WORK_API_H

#include "engine/transcode.h"
#include "server/models/models.h"
#include "server/options/options.h"

struct api_request {
    struct transcode_params params;
    const struct model_family *model; /* held */
    unsigned seen; /* the parameters given so far, a bit for each row of the table */
    char model_name[65];
};

/* Sets the defaults and the limits. */
void api_request_init(struct api_request *r, const struct options *o);
void api_request_done(struct api_request *r);

/* Sets one parameter. ERR_BAD_PARAMETER for an unknown or repeated name and for a bad value (NULL:
 * a name without a value). The sentence says what is allowed. */
enum err_code api_set(struct api_request *r, const char *name, const char *value, struct err *e);

/* Call it after the last parameter: checks parameters that exclude each other and finds the model.
 * ERR_BAD_PARAMETER, ERR_UNKNOWN_MODEL. */
enum err_code api_finish(struct api_request *r, struct models *models, struct err *e);

/* The name of a parameter, from 0; NULL after the last. */
const char *api_parameter(int index);

#endif
