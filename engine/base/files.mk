# engine/base/files.mk - Errors, sizes, memory, buffers, UTF-8, the thread pool, the vector unit.

libengine_a_SOURCES += \
	engine/base/base64.c \
	engine/base/base64.h \
	engine/base/buf.c \
	engine/base/buf.h \
	engine/base/clock.c \
	engine/base/clock.h \
	engine/base/cpu.c \
	engine/base/cpu.h \
	engine/base/err.c \
	engine/base/err.h \
	engine/base/mem.c \
	engine/base/mem.h \
	engine/base/mem_kept.c \
	engine/base/mem_kept.h \
	engine/base/pool.c \
	engine/base/pool.h \
	engine/base/pool_turns.c \
	engine/base/pool_turns.h \
	engine/base/set_name.h \
	engine/base/sha256.c \
	engine/base/sha256.h \
	engine/base/size.h \
	engine/base/utf8.c \
	engine/base/utf8.h \
	engine/base/vector_unit.c \
	engine/base/vector_unit.h
