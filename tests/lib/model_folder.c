/* model_folder.c - see model_folder.h. */
#include "tests/lib/model_folder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/harness.h"

#define FORMAT "{\"format\": \"upscaled-model/1\", \"name\": \"%s\", "
#define LAYERS                                                                                     \
    "\"layers\": [{\"type\": \"upsample\", \"scale_factor\": %d, \"mode\": \"nearest\"}]}"

char folder_path[64];
struct pool *folder_pool;

void folder_begin(void)
{
    strcpy(folder_path, "/tmp/upscaled-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder_path));
    ck_assert_int_eq(pool_new(1, &folder_pool, NULL), ERR_OK);
}

void folder_end(void)
{
    char command[128];
    pool_free(folder_pool);
    snprintf(command, sizeof command, "rm -rf %s", folder_path);
    ck_assert_int_eq(system(command), 0);
}

static void put(const char *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(const char *file, const char *format, ...)
{
    char path[200];
    va_list values;
    snprintf(path, sizeof path, "%s/%s", folder_path, file);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    va_start(values, format);
    vfprintf(f, format, values);
    va_end(values);
    fclose(f);
}

void folder_put_model(const char *file, const char *name, const char *description)
{
    put(file,
        FORMAT "\"scale\": 2, \"color\": \"y\", \"border\": \"replicate\", "
               "\"description\": \"%s\", " LAYERS,
        name, description, 2);
}

void folder_put_member(const char *file, const char *name, const char *family, int scale)
{
    put(file, FORMAT "\"family\": \"%s\", \"scale\": %d, \"color\": \"y\", " LAYERS, name, family,
        scale, scale);
}

void folder_put_text(const char *file, const char *text)
{
    put(file, "%s", text);
}

void folder_remove(const char *file)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", folder_path, file);
    ck_assert_int_eq(unlink(path), 0);
}

struct models *folder_models(const char *only)
{
    struct models *m = NULL;
    struct err e = ERR_INIT;
    const struct models_source from = {folder_path, NULL, model_default_limits, only};
    ck_assert_msg(models_new(folder_pool, &from, &m, &e) == ERR_OK, "%s", e.text);
    return m;
}
