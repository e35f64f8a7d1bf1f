# engine/files.mk - The product: pictures and PNG files enlarged.

libengine_a_SOURCES += \
	engine/decode.c \
	engine/decode.h \
	engine/encode.c \
	engine/encode.h \
	engine/transcode.c \
	engine/transcode.h \
	engine/transcode_memory.c \
	engine/transcode_memory.h \
	engine/transcode_params.h \
	engine/upscale.c \
	engine/upscale.h \
	engine/upscale_size.c
