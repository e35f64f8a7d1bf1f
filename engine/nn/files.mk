# engine/nn/files.mk - The network.

libengine_a_SOURCES += \
	engine/nn/dtype.c \
	engine/nn/dtype.h \
	engine/nn/geometry.c \
	engine/nn/geometry.h \
	engine/nn/json_watch.c \
	engine/nn/json_watch.h \
	engine/nn/kernels.c \
	engine/nn/kernels.h \
	engine/nn/kernels_c.c \
	engine/nn/kernels_conv.inc \
	engine/nn/kernels_sets.h \
	engine/nn/kernels_tall.inc \
	engine/nn/kernels_template.inc \
	engine/nn/kernels_vector.inc \
	engine/nn/kernels_winograd.inc \
	engine/nn/kernels_winograd_4.inc \
	engine/nn/kernels_winograd_6.inc \
	engine/nn/layers.c \
	engine/nn/layers.h \
	engine/nn/layers_conv.c \
	engine/nn/layers_conv_run.c \
	engine/nn/layers_kinds.h \
	engine/nn/layers_merge.c \
	engine/nn/layers_pool.c \
	engine/nn/layers_resize.c \
	engine/nn/layers_table.c \
	engine/nn/layerwise.c \
	engine/nn/layerwise.h \
	engine/nn/lower.c \
	engine/nn/lower.h \
	engine/nn/model.c \
	engine/nn/model.h \
	engine/nn/model_json.c \
	engine/nn/model_json.h \
	engine/nn/model_json_digest.c \
	engine/nn/model_json_digest.h \
	engine/nn/model_json_layers.c \
	engine/nn/model_json_number.c \
	engine/nn/model_json_refuse.c \
	engine/nn/model_json_tensor.c \
	engine/nn/model_json_text.c \
	engine/nn/model_json_value.c \
	engine/nn/model_json_waifu2x.c \
	engine/nn/plan.c \
	engine/nn/plan.h \
	engine/nn/plan_cost.c \
	engine/nn/plan_io.h \
	engine/nn/plan_ways.h \
	engine/nn/plan_work.c \
	engine/nn/plan_work.h \
	engine/nn/profile.h \
	engine/nn/stream.h \
	engine/nn/stream_area.c \
	engine/nn/stream_area.h \
	engine/nn/stream_args.c \
	engine/nn/stream_args.h \
	engine/nn/stream_build.c \
	engine/nn/stream_builder.c \
	engine/nn/stream_builder.h \
	engine/nn/stream_choose.c \
	engine/nn/stream_fuse.c \
	engine/nn/stream_keep.c \
	engine/nn/stream_moves.c \
	engine/nn/stream_moves.h \
	engine/nn/stream_pack.c \
	engine/nn/stream_pack.h \
	engine/nn/stream_range.c \
	engine/nn/stream_rows.c \
	engine/nn/stream_rows.h \
	engine/nn/stream_run.c \
	engine/nn/stream_run.h \
	engine/nn/stream_strip.c \
	engine/nn/stream_wave.c \
	engine/nn/stream_wave.h \
	engine/nn/stream_work.c

# The kernels: a file a set, with the flags it needs.
libnnavx2_a_SOURCES = engine/nn/kernels_avx2.c
libnnavx2_a_CFLAGS = $(AM_CFLAGS) $(KERNEL_CFLAGS) -mavx2 -mfma
libnnavx512_a_SOURCES = engine/nn/kernels_avx512.c
libnnavx512_a_CFLAGS = $(AM_CFLAGS) $(KERNEL_CFLAGS) -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma
libnnneon_a_SOURCES = engine/nn/kernels_neon.c

EXTRA_DIST += engine/nn/SPEED.md
