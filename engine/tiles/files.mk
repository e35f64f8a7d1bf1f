# engine/tiles/files.mk - How a picture is cut.

libengine_a_SOURCES += \
	engine/tiles/alpha.c \
	engine/tiles/alpha.h \
	engine/tiles/bands.c \
	engine/tiles/bands.h \
	engine/tiles/border.c \
	engine/tiles/border.h \
	engine/tiles/chain.c \
	engine/tiles/chain.h \
	engine/tiles/flat.c \
	engine/tiles/flat.h \
	engine/tiles/gray.c \
	engine/tiles/gray.h \
	engine/tiles/source.c \
	engine/tiles/source.h \
	engine/tiles/strip_run.c \
	engine/tiles/strip_run.h \
	engine/tiles/strips.c \
	engine/tiles/strips.h \
	engine/tiles/tile.c \
	engine/tiles/tile.h \
	engine/tiles/tile_chain.c \
	engine/tiles/tile_chain.h \
	engine/tiles/tile_job.h \
	engine/tiles/tile_layout.c \
	engine/tiles/tile_layout.h \
	engine/tiles/window.c \
	engine/tiles/window.h
