# server/access/files.mk - Keys, and the proxies whose word counts.

libserver_a_SOURCES += \
	server/access/keys.c \
	server/access/keys.h \
	server/access/keys_file.c \
	server/access/keys_file.h \
	server/access/proxies.c \
	server/access/proxies.h
