/* model_folder.h - a folder of small model files, for tests: a fixture makes it and removes it. */
#ifndef UPSCALED_TESTS_LIB_MODEL_FOLDER_H
#define UPSCALED_TESTS_LIB_MODEL_FOLDER_H

#include "server/models/models.h"

extern char folder_path[64];
extern struct pool *folder_pool; /* of one thread */

void folder_begin(void);
void folder_end(void);

/* Write a file: a model of one layer, whose description tells its versions apart; a model of a
 * family, which repeats every pixel; any text. */
void folder_put_model(const char *file, const char *name, const char *description);
void folder_put_member(const char *file, const char *name, const char *family, int scale);
void folder_put_text(const char *file, const char *text);
void folder_remove(const char *file);

/* Loads the folder's models, or what a request for `only` needs. It must load. models_free. */
struct models *folder_models(const char *only);

#endif
