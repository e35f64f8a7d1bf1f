# server/answer/files.mk - The parts of an answer.

libserver_a_SOURCES += \
	server/answer/cors.c \
	server/answer/cors.h \
	server/answer/disposition.c \
	server/answer/disposition.h \
	server/answer/etag.c \
	server/answer/etag.h \
	server/answer/problem.c \
	server/answer/problem.h \
	server/answer/reply.c \
	server/answer/reply.h
