/* models_file.c - reads the file of one model; see models.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "server/base/file.h"
#include "server/models/model_list.h"

/* Writes the stem of a path: "photo" for "dir/photo.json". */
static void stem_of(const char *path, char stem[65])
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 5 && strcmp(name + length - 5, ".json") == 0)
        length -= 5;
    snprintf(stem, 65, "%.*s", (int)(length > 64 ? 64 : length), name);
}

/* Returns the end of a name that says that the file is a trained network, or NULL. ncnn has two
 * files; is_foreign_entry finds the .param, and the .bin lies beside it. */
static const char *foreign_end(const char *name)
{
    static const char *const ends[] = {".onnx", ".pth", ".pt", ".safetensors", ".param", ".bin"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcasecmp(name + length - end, ends[i]) == 0)
            return name + length - end;
    }
    return NULL;
}

bool models_is_foreign(const char *name)
{
    return foreign_end(name) != NULL;
}

enum err_code models_refuse_foreign(const char *name, struct err *e)
{
    const char *end = foreign_end(name);
    int stem = (int)(end - name);
    return err_set(e, ERR_MODEL,
                   "%.80s: %s files are not read as they are; `upscaled-import %.80s -o %.*s.json` "
                   "makes a model file",
                   name, end, name, stem < 80 ? stem : 80, name);
}

static int is_foreign_entry(const struct dirent *d)
{
    const char *end = foreign_end(d->d_name);
    return d->d_name[0] != '.' && end && strcasecmp(end, ".bin") != 0;
}

void models_each_foreign(const char *folder, void (*each)(void *arg, const char *path), void *arg)
{
    struct dirent **names;
    int count = folder ? scandir(folder, &names, is_foreign_entry, alphasort) : -1;
    for (int i = 0; i < count; i++) {
        char path[4096], made[4096];
        const char *name = names[i]->d_name;
        int stem = (int)(foreign_end(name) - name);
        int length = snprintf(path, sizeof path, "%s/%s", folder, name);
        snprintf(made, sizeof made, "%s/%.*s.json", folder, stem, name);
        if (length < (int)sizeof path && access(made, F_OK) != 0)
            each(arg, path);
        free(names[i]);
    }
    if (count >= 0)
        free(names);
}

/* Passes an error on, with the path instead of the stem at the start of the sentence. */
static enum err_code name_file(const char *path, const char *stem, const struct err *from,
                               struct err *e)
{
    size_t length = strlen(stem);
    bool opens = strncmp(from->text, stem, length) == 0 && from->text[length] == ':';
    enum err_code rc =
        err_set(e, from->code, "%.160s: %s", path, opens ? from->text + length + 2 : from->text);
    if (e && e->code == rc) {
        e->option = from->option;
        e->limit = from->limit;
    }
    return rc;
}

enum err_code models_read_wanted(const char *path, const struct model_limits *limits,
                                 const struct models_wish *wish, struct model **out, struct err *e)
{
    char stem[65];
    struct buf bytes;
    if (models_is_foreign(path))
        return models_refuse_foreign(path, e);
    stem_of(path, stem);
    buf_init(&bytes, limits->max_bytes);
    enum err_code rc = file_read(path, &file_model, &bytes, e);
    const struct model_file file = {stem, bytes.data, bytes.length, NULL};
    if (rc == ERR_OK && model_list_wants(wish, &file, limits)) {
        struct err why = ERR_INIT;
        rc = model_read(&file, limits, out, &why);
        if (rc != ERR_OK)
            name_file(path, stem, &why, e);
    }
    buf_done(&bytes);
    return rc;
}

enum err_code models_read_file(const char *path, const struct model_limits *limits,
                               struct model **out, struct err *e)
{
    return models_read_wanted(path, limits, &(struct models_wish){NULL, NULL}, out, e);
}
