/* model_json.h - shared by the files of the model reader, which alone include it.
 *
 * The text becomes a model in two parts. model_json_text.c copies the JSON without its weights. It
 * replaces every list that is the value of "weight" or "bias", and every string that is the value
 * of a tensor's "base64", by a list of one number: the index of a `cutout`, which has the place of
 * the text. Jansson parses this skeleton, which is small. When the parameters of a layer are known,
 * and with them the expected shape, model_json_tensor.c reads each cutout directly into floats. So
 * no weight becomes a node of a tree (40 to 300 bytes per number), and the peak memory is about
 * that of the file and its floats. */
#ifndef UPSCALED_NN_MODEL_JSON_H
#define UPSCALED_NN_MODEL_JSON_H

#include <jansson.h>
#include <locale.h>

#include "engine/base/buf.h"
#include "engine/nn/model.h"

/* A part of the file for which the skeleton has "[index]". */
struct cutout {
    size_t offset, length; /* in the file */
    size_t at, stand_in;   /* position and length of "[index]" in the skeleton */
};

enum { TENSOR_RANK_MAX = 4, PATH_BYTES = 64 };

struct model_reader {
    const char *stem;
    const uint8_t *text;
    size_t length;
    const struct model_limits *limits;
    struct err *e;
    struct model *model;
    struct cutout *cutouts;
    size_t cutout_count, cutout_room;
    struct buf skeleton;
    locale_t numbers;      /* for strtod: has a decimal point, whatever the process's locale */
    char path[PATH_BYTES]; /* of the object being read: "$", "$.layers[3]" */
};

/* Sets the error "STEM: PATH.KEY: sentence" and returns `code`. `key` may be NULL, and may have
 * indices as in "weight[3][0]". Bytes that are not printable ASCII become question marks. */
enum err_code reader_refuse(const struct model_reader *r, enum err_code code, const char *key,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));
enum err_code reader_refuse_limit(const struct model_reader *r, const char *option, uint64_t limit,
                                  const char *key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* Sets ERR_MODEL_JSON with the line and column of a byte of the file. */
enum err_code reader_refuse_text(const struct model_reader *r, size_t offset, const char *sentence);
enum err_code reader_no_memory(const struct model_reader *r);

/* Describes a value, for "..., not %s": `"same"`, `2.5`, `a list of 3`. */
struct found {
    char text[48];
};
struct found reader_found(const json_t *value);

/* Adds a word to a list in a sentence: "a, b". */
void reader_list(char *list, size_t bytes, const char *word);

/* model_json_text.c: fills r->skeleton and r->cutouts. */
enum err_code reader_skeleton(struct model_reader *r);
/* Returns the first place from `at` on that has a quote, a bracket or a comma; or the length. */
size_t reader_mark(const struct model_reader *r, size_t at);
/* Returns the end of the string that opens at `at`: behind its closing quote, or the length. */
size_t reader_string_end(const struct model_reader *r, size_t at);
/* Returns the offset in the file of a position in the skeleton. */
size_t reader_offset(const struct model_reader *r, size_t position);

/* model_json_number.c: returns the end of the JSON number at `at`, or `at` if there is none. */
enum { READER_NUMBER_MOST = 127 }; /* characters of a number of a tensor */
size_t reader_number_end(const uint8_t *text, size_t at, size_t end);
/* Returns the value of such a number, as strtod does. It has at most READER_NUMBER_MOST
 * characters. */
double reader_number(const struct model_reader *r, const char *text, size_t length);

/* model_json_tensor.c */
struct tensor_shape {
    int rank;
    int dims[TENSOR_RANK_MAX]; /* dims[0] = -1: any number, for rank 1 alone */
};
/* Reads a tensor of that shape into *out (mem_free), and adds its floats to the model's parameters.
 * If shape->dims[0] is -1, it becomes the number of floats. */
enum err_code reader_tensor(struct model_reader *r, const char *key, const json_t *value,
                            struct tensor_shape *shape, float **out);

/* model_json_value.c: each function stores the value, or refuses it. */
enum err_code reader_int(const struct model_reader *r, const char *key, const json_t *value,
                         int least, int *out);
enum err_code reader_pair(const struct model_reader *r, const char *key, const json_t *value,
                          int least, struct pair *out);
enum err_code reader_float(const struct model_reader *r, const char *key, const json_t *value,
                           float *out);
enum err_code reader_bool(const struct model_reader *r, const char *key, const json_t *value,
                          bool *out);
/* `words` ends with NULL. *out becomes the index of the word. */
enum err_code reader_word(const struct model_reader *r, const char *key, const json_t *value,
                          const char *const *words, int *out);
/* Reads a text of at most `most` bytes. The caller frees *out with mem_free. */
enum err_code reader_text(const struct model_reader *r, const char *key, const json_t *value,
                          size_t most, char **out);
/* Whether `name` has 1 to 64 characters of A-Z a-z 0-9 . _ - and is neither "." nor "..". */
bool reader_name_fits(const char *name);
enum err_code reader_name(const struct model_reader *r, const char *key, const json_t *value,
                          char **out);

/* model_json_layers.c, model_json_waifu2x.c: fill r->model from `root`. The model owns the tensors
 * of a layer at once. */
enum err_code reader_layers(struct model_reader *r, const json_t *list);
enum err_code reader_waifu2x(struct model_reader *r, const json_t *root);
/* Checks after model_finish that the layers crop as much as the offset in the file says. */
enum err_code reader_waifu2x_offset(struct model_reader *r, const json_t *root);

/* Makes room for `count` zeroed layers in the model, if the limit allows this number. */
enum err_code reader_room(struct model_reader *r, const char *key, size_t count);

#endif
