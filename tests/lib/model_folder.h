/* model_folder.h - for tests: a folder of small model files. folder_begin and folder_end are a
 * fixture that makes it and removes it. */
#ifndef UPSCALED_TESTS_LIB_MODEL_FOLDER_H
#define UPSCALED_TESTS_LIB_MODEL_FOLDER_H

#include "server/models/models.h"

extern char folder_path[64];
extern struct pool *folder_pool; /* has one thread */

void folder_begin(void);
void folder_end(void);

/* Write a file. folder_put_model writes a model of one layer, whose description tells its versions
 * apart. folder_put_member writes a model of a family, which repeats every pixel. folder_put_text
 * writes any text. */
void folder_put_model(const char *file, const char *name, const char *description);
void folder_put_member(const char *file, const char *name, const char *family, int scale);
void folder_put_text(const char *file, const char *text);
void folder_remove(const char *file);

/* Loads the models of the folder, or what a request for `only` needs, which must succeed. The
 * caller frees the result with models_free. */
struct models *folder_models(const char *only);

#endif
