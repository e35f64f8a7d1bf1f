# server/service/files.mk - What all requests share: routes, metrics, log, reload, the page.

libserver_a_SOURCES += \
	server/service/access_log.c \
	server/service/access_log.h \
	server/service/metrics.c \
	server/service/metrics.h \
	server/service/metrics_table.c \
	server/service/page.c \
	server/service/page.h \
	server/service/reload.c \
	server/service/reload.h \
	server/service/routes.c \
	server/service/routes.h \
	server/service/service.h
