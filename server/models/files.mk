# server/models/files.mk - The models that are served.

libserver_a_SOURCES += \
	server/models/embedded.h \
	server/models/model_list.c \
	server/models/model_list.h \
	server/models/models.c \
	server/models/models.h \
	server/models/models_file.c \
	server/models/models_json.c
