/* need.h - computes what a request needs, from the bytes of its picture that have arrived. The
 * figures come from the functions with which transcode_run plans its memory and work. Threads:
 * any. */
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
    int64_t work_bytes;    /* memory.peak without the file, and scratch_bytes */
    int64_t scratch_bytes; /* growth of the workers' buffers, which they keep afterwards */
    double macs;           /* multiply-adds of the network, halos included */
    uint32_t model;        /* number of the model; requests of one model have the same */
    bool streamed;         /* the network runs depth first */
    int compression;
    bool is_least; /* the figures are from need_find_least */
};

/* Computes the need. At least PNG_HEAD_BYTES of the file are there; with the whole file the figures
 * are tighter. The errors are those of transcode_memory. */
enum err_code need_find(const struct need_source *s, struct need *out, struct err *e);

/* Computes the least that a file can need that begins with these PNG_HEAD_BYTES: it has no
 * transparency that its head does not name, and no chunks to keep. A request for which this is too
 * much can be refused, whatever follows. The errors are those of transcode_memory. */
enum err_code need_find_least(const struct need_source *s, struct need *out, struct err *e);

#endif
