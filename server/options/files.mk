# server/options/files.mk - The table of options, and what is printed from it.

libserver_a_SOURCES += \
	server/options/manual.c \
	server/options/manual.h \
	server/options/options.c \
	server/options/options.h \
	server/options/options_table.c \
	server/options/options_table.h
