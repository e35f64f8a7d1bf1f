# server/commands/files.mk - The sub-commands.

libserver_a_SOURCES += \
	server/commands/bench.c \
	server/commands/bench.h \
	server/commands/bench_picture.c \
	server/commands/bench_png.c \
	server/commands/bench_report.c \
	server/commands/bench_stage.c \
	server/commands/cmd_hash_key.c \
	server/commands/cmd_models.c \
	server/commands/commands.c \
	server/commands/commands.h \
	server/commands/convert.c \
	server/commands/convert_bar.c \
	server/commands/convert_bar.h \
	server/commands/health.c \
	server/commands/help.c \
	server/commands/help.h \
	server/commands/lint.c \
	server/commands/lint.h \
	server/commands/lint_picture.c \
	server/commands/lint_picture.h \
	server/commands/serve.c \
	server/commands/serve_memory.c \
	server/commands/serve_memory.h
