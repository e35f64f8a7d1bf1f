# engine/image/files.mk - Pictures: samples, colour, resampling.

# One source, compiled for each vector unit into its own objects.
pixel_kernels_sources += \
	engine/image/row_kernels_color.c \
	engine/image/row_kernels_resample.c \
	engine/image/row_kernels_set.c \
	engine/image/row_kernels_set.h

libengine_a_SOURCES += \
	engine/image/bleed.c \
	engine/image/bleed.h \
	engine/image/color.c \
	engine/image/color.h \
	engine/image/image.c \
	engine/image/image.h \
	engine/image/resample.c \
	engine/image/resample.h \
	engine/image/row_kernels.c \
	engine/image/row_kernels.h
