/* keys_file.h - reads the lines of --api-keys; see keys.h. Threads: pure functions. */
#ifndef UPSCALED_SERVER_ACCESS_KEYS_FILE_H
#define UPSCALED_SERVER_ACCESS_KEYS_FILE_H

#include "engine/base/sha256.h"
#include "server/access/keys.h"

struct key_row {
    char name[KEY_NAME_MAX + 1];
    uint8_t digest[SHA256_BYTES];
    int rate, concurrency; /* 0: no limit */
    bool admin;
};

struct key_rows {
    int count;
    struct key_row *list; /* freed by the caller (mem_free) */
};

/* Reads the file. ERR_IO; ERR_MEMORY; ERR_KEYS_FILE, with path:line, for a bad field, a repeated
 * name or digest, and a file without keys. `out` is empty at first, and may hold rows after an
 * error too. */
enum err_code key_rows_read(const char *path, struct key_rows *out, struct err *e);

#endif
