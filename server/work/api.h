/* api.h - what a request may ask for: names and values to transcode_params.
 *
 * The same words are query parameters and flags of `upscaled convert`: model, scale, width, height,
 * compression (0..9), metadata (keep, color, none), depth (same, 8, 16), edge (replicate, reflect,
 * wrap, zero). */
#ifndef UPSCALED_SERVER_WORK_API_H
#define UPSCALED_SERVER_WORK_API_H

#include "engine/transcode.h"
#include "server/models/models.h"
#include "server/options/options.h"

struct api_request {
    struct transcode_params params;
    const struct model_entry *model; /* held */
    unsigned seen;                   /* parameters given so far, by row of the table */
    char model_name[65];
};

/* A request with nothing asked for: defaults and limits. */
void api_request_init(struct api_request *r, const struct options *o);
void api_request_done(struct api_request *r);

/* Takes one parameter. ERR_BAD_PARAMETER, naming what is allowed, for an unknown or repeated name
 * and for a bad value (NULL: a name without one). */
enum err_code api_set(struct api_request *r, const char *name, const char *value, struct err *e);

/* After the last parameter: those that exclude each other, the model. ERR_UNKNOWN_MODEL. */
enum err_code api_finish(struct api_request *r, struct models *models, struct err *e);

/* The names that api_set knows, for pages and tests: NULL past the last. */
const char *api_parameter(int index);

#endif
