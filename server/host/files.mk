# server/host/files.mk - What the machine offers: control groups, processors, sockets, the sandbox.

libserver_a_SOURCES += \
	server/host/cgroup.c \
	server/host/cgroup.h \
	server/host/cpus.c \
	server/host/cpus.h \
	server/host/listen.c \
	server/host/listen.h \
	server/host/memory.c \
	server/host/memory.h \
	server/host/notify.c \
	server/host/notify.h \
	server/host/sandbox.c \
	server/host/sandbox.h \
	server/host/sandbox_landlock.c \
	server/host/sandbox_seccomp.c
