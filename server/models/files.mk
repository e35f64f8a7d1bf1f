# server/models/files.mk - The models that are served.

libserver_a_SOURCES += \
	server/models/embedded.h \
	server/models/models.c \
	server/models/models.h \
	server/models/models_json.c
