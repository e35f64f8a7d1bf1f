# server/base/files.mk - What every part of the server may use.

libserver_a_SOURCES += \
	server/base/errors.c \
	server/base/errors.h \
	server/base/file.c \
	server/base/file.h \
	server/base/json_text.c \
	server/base/json_text.h \
	server/base/lines.c \
	server/base/lines.h \
	server/base/list.c \
	server/base/list.h \
	server/base/nearest.c \
	server/base/nearest.h \
	server/base/params.c \
	server/base/params.h
