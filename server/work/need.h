/* need.h - what a request needs, told by the bytes of its picture that have arrived. Memory and
 * work are told by the functions that plan them for transcode_run. */
#ifndef UPSCALED_SERVER_WORK_NEED_H
#define UPSCALED_SERVER_WORK_NEED_H

#include "engine/transcode_memory.h"

struct need_source {
    struct pool *pool;
    const struct transcode_params *params;
    struct png_prefix file;
};

struct need {
    size_t file_bytes;
    struct transcode_memory memory;
    int64_t work_bytes;    /* of memory.peak: beside the file; with scratch_bytes */
    int64_t scratch_bytes; /* by which the workers' buffers must grow; they keep it */
    double macs;           /* multiply-adds of the network, halos included */
    uint32_t model;        /* a number of the model: requests of one model share it */
    bool streamed;         /* whether the network runs the fast way */
    int compression;
    bool is_least; /* from need_find_least */
};

/* Needs PNG_HEAD_BYTES at least; with the whole file the figures are closer. The errors of
 * transcode_memory. */
enum err_code need_find(const struct need_source *s, struct need *out, struct err *e);

/* The least that a file can need that begins with these PNG_HEAD_BYTES: it has no transparency that
 * its head does not name, and nothing to keep. What is too much is too much whatever follows. */
enum err_code need_find_least(const struct need_source *s, struct need *out, struct err *e);

#endif
