/* api.h - the parameters of a request: turns names and values into transcode_params.
 *
 * The parameters of a query are also options of `upscaled convert`. api.c has the table of their
 * names and setters. Threads: a struct api_request belongs to one thread at a time. */
#ifndef UPSCALED_SERVER_WORK_API_H
#define UPSCALED_SERVER_WORK_API_H

#include "engine/transcode.h"
#include "server/models/models.h"
#include "server/options/options.h"

struct api_request {
    struct transcode_params params;
    const struct model_family *model; /* held until api_request_done; NULL before api_finish */
    unsigned seen; /* the parameters that were given, one bit for each row of the table */
    char model_name[65];
};

/* Sets the defaults, and the limits of the options. */
void api_request_init(struct api_request *r, const struct options *o);
/* Releases the model. */
void api_request_done(struct api_request *r);

/* Sets one parameter. ERR_BAD_PARAMETER for an unknown or repeated name and for a bad value (NULL:
 * a name without a value). The sentence says what is allowed. */
enum err_code api_set(struct api_request *r, const char *name, const char *value, struct err *e);

/* Call it after the last parameter: checks parameters that exclude each other and finds the model.
 * ERR_BAD_PARAMETER, ERR_UNKNOWN_MODEL. */
enum err_code api_finish(struct api_request *r, struct models *models, struct err *e);

/* Returns the name of parameter `index`, from 0; NULL after the last. */
const char *api_parameter(int index);

#endif
