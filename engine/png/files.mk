# engine/png/files.mk - PNG in and out.

# One source, compiled for each vector unit into its own objects.
pixel_kernels_sources += \
	engine/png/png_kernels_chain.c \
	engine/png/png_kernels_code.c \
	engine/png/png_kernels_filter.c \
	engine/png/png_kernels_match.c \
	engine/png/png_kernels_set.c \
	engine/png/png_kernels_set.h

libengine_a_SOURCES += \
	engine/png/deflate_bits.h \
	engine/png/deflate_block.c \
	engine/png/deflate_block.h \
	engine/png/deflate_codes.c \
	engine/png/deflate_codes.h \
	engine/png/inflate.c \
	engine/png/inflate.h \
	engine/png/png_choose.c \
	engine/png/png_choose.h \
	engine/png/png_each.c \
	engine/png/png_each.h \
	engine/png/png_emit.c \
	engine/png/png_emit.h \
	engine/png/png_exif.c \
	engine/png/png_exif.h \
	engine/png/png_filter.h \
	engine/png/png_foreign.c \
	engine/png/png_foreign.h \
	engine/png/png_frame.c \
	engine/png/png_frame.h \
	engine/png/png_head.c \
	engine/png/png_head.h \
	engine/png/png_idat.c \
	engine/png/png_idat.h \
	engine/png/png_inflow.c \
	engine/png/png_inflow.h \
	engine/png/png_keep.c \
	engine/png/png_keep.h \
	engine/png/png_kernels.c \
	engine/png/png_kernels.h \
	engine/png/png_meta.c \
	engine/png/png_meta.h \
	engine/png/png_pack.c \
	engine/png/png_pack.h \
	engine/png/png_palette.c \
	engine/png/png_palette.h \
	engine/png/png_reader.c \
	engine/png/png_reader.h \
	engine/png/png_reference.c \
	engine/png/png_reference.h \
	engine/png/png_repeats.c \
	engine/png/png_repeats.h \
	engine/png/png_rows.c \
	engine/png/png_rows.h \
	engine/png/png_rules.c \
	engine/png/png_rules.h \
	engine/png/png_rules_text.c \
	engine/png/png_rules_text.h \
	engine/png/png_strip.c \
	engine/png/png_strip.h \
	engine/png/png_strip_job.h \
	engine/png/png_strip_work.c \
	engine/png/png_strip_work.h \
	engine/png/png_unfilter.c \
	engine/png/png_unfilter.h \
	engine/png/png_unpack.c \
	engine/png/png_unpack.h \
	engine/png/png_walk.c \
	engine/png/png_walk.h \
	engine/png/png_warnings.c \
	engine/png/png_warnings.h \
	engine/png/png_writer.c \
	engine/png/png_writer.h \
	engine/png/png_writer_params.h \
	engine/png/png_zlib.c \
	engine/png/png_zlib.h
