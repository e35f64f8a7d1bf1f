/* layers_kinds.h - the functions that the rows of layer_table name. struct layer_row says what each
 * does. */
#ifndef UPSCALED_NN_LAYERS_KINDS_H
#define UPSCALED_NN_LAYERS_KINDS_H

#include "engine/nn/layers.h"

/* layers.c: the activations */
enum err_code plain_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e);
enum err_code prelu_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e);
enum err_code clamp_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e);
enum err_code affine_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e);
void activation_run(const struct layer_run *r);

/* layers_conv.c, layers_conv_run.c */
enum err_code conv2d_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e);
void conv2d_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t conv2d_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count);
void conv2d_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                  struct extent *out);
bool conv2d_whole(const struct layer *l);
double conv2d_macs(const struct layer *l, int channels);
void conv2d_pack(const struct layer *l, float *packed);
void conv2d_run(const struct layer_run *r);
bool conv_packed_floats(const struct layer *l, size_t *count);

enum err_code conv_transpose2d_check(const struct layer *l, const struct layer_inputs *in,
                                     int *out_channels, struct err *e);
void conv_transpose2d_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t conv_transpose2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                              int in_count);
void conv_transpose2d_clean(const struct layer *l, enum axis axis, const struct extent *in,
                            int in_count, struct extent *out);
double conv_transpose2d_macs(const struct layer *l, int channels);
void conv_transpose2d_pack(const struct layer *l, float *packed);
void conv_transpose2d_run(const struct layer_run *r);

/* The output channels that are computed together. Packed weights are padded to whole blocks. */
int conv_lanes(const struct conv_params *c);

/* layers_merge.c */
enum err_code add_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                        struct err *e);
enum err_code concat_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e);
int64_t merge_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count);
void merge_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                 struct extent *out);
void add_run(const struct layer_run *r);
void mul_run(const struct layer_run *r);
void concat_run(const struct layer_run *r);

/* layers_resize.c */
enum err_code pixel_shuffle_check(const struct layer *l, const struct layer_inputs *in,
                                  int *out_channels, struct err *e);
void pixel_shuffle_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t pixel_shuffle_size(const struct layer *l, enum axis axis, const struct extent *in,
                           int in_count);
void pixel_shuffle_clean(const struct layer *l, enum axis axis, const struct extent *in,
                         int in_count, struct extent *out);
void pixel_shuffle_run(const struct layer_run *r);
enum err_code pixel_unshuffle_check(const struct layer *l, const struct layer_inputs *in,
                                    int *out_channels, struct err *e);
void pixel_unshuffle_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t pixel_unshuffle_size(const struct layer *l, enum axis axis, const struct extent *in,
                             int in_count);
void pixel_unshuffle_clean(const struct layer *l, enum axis axis, const struct extent *in,
                           int in_count, struct extent *out);
void pixel_unshuffle_run(const struct layer_run *r);
enum err_code upsample_check(const struct layer *l, const struct layer_inputs *in,
                             int *out_channels, struct err *e);
void upsample_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t upsample_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count);
void upsample_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                    struct extent *out);
bool upsample_whole(const struct layer *l);
double upsample_macs(const struct layer *l, int channels);
void upsample_run(const struct layer_run *r);

/* layers_pool.c */
enum err_code max_pool2d_check(const struct layer *l, const struct layer_inputs *in,
                               int *out_channels, struct err *e);
void max_pool2d_rate(const struct layer *l, enum axis axis, int *up, int *down);
int64_t max_pool2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                        int in_count);
void max_pool2d_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                      struct extent *out);
void max_pool2d_run(const struct layer_run *r);
enum err_code max_unpool2d_check(const struct layer *l, const struct layer_inputs *in,
                                 int *out_channels, struct err *e);
int64_t max_unpool2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                          int in_count);
void max_unpool2d_clean(const struct layer *l, enum axis axis, const struct extent *in,
                        int in_count, struct extent *out);
void max_unpool2d_run(const struct layer_run *r);

#endif
