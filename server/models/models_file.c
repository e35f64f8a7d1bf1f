/* models_file.c - one model's file. See models.h. */
#include <stdio.h>
#include <string.h>

#include "engine/base/buf.h"
#include "server/base/file.h"
#include "server/models/models.h"

/* Makes "photo" of "dir/photo.json". */
static void stem_of(const char *path, char stem[65])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    snprintf(stem, 65, "%.*s", (int)(length > 64 ? 64 : length), name);
}

/* Puts the path where the sentence has the stem. */
static enum err_code name_file(const char *path, const char *stem, const struct err *from,
                               struct err *e)
{
    size_t length = strlen(stem);
    bool opens = strncmp(from->text, stem, length) == 0 && from->text[length] == ':';
    enum err_code rc = err_set(e, from->code, "%.160s: %.150s", path,
                               opens ? from->text + length + 2 : from->text);
    if (e && e->code == rc) {
        e->option = from->option;
        e->limit = from->limit;
    }
    return rc;
}

enum err_code models_read_file(const char *path, const struct model_limits *limits,
                               struct model **out, struct err *e)
{
    char stem[65];
    struct buf bytes;
    stem_of(path, stem);
    buf_init(&bytes, limits->max_bytes);
    enum err_code rc = file_read(path, &file_model, &bytes, e);
    if (rc == ERR_OK) {
        struct err why = ERR_INIT;
        rc = model_read(&(struct model_file){stem, bytes.data, bytes.length}, limits, out, &why);
        if (rc != ERR_OK)
            name_file(path, stem, &why, e);
    }
    buf_done(&bytes);
    return rc;
}
