/* admission.h - what a request needs, told by the first bytes of its picture. */
#ifndef UPSCALED_SERVER_ADMISSION_H
#define UPSCALED_SERVER_ADMISSION_H

#include "engine/transcode.h"

struct need {
    int width, height; /* of the output */
    double in_pixels;
    double macs;        /* multiply-accumulates of the network, halos aside */
    double out_samples; /* that are encoded */
    int64_t
        work_bytes; /* the most memory in use at a time, besides the file and the workers' own */
};

/* Who would do the work. */
struct admission_host {
    int threads;             /* of the pool */
    size_t max_output_bytes; /* --max-output-bytes */
};

/* The errors of transcode_judge. */
enum err_code admission_judge(const struct admission_host *host,
                              const struct transcode_params *params, const uint8_t *head,
                              size_t length, struct need *out, struct err *e);

#endif
