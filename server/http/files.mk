# server/http/files.mk - Everything that sees libmicrohttpd or its sockets.

libserver_a_SOURCES += \
	server/http/http.h \
	server/http/http_answer.h \
	server/http/http_body.c \
	server/http/http_body.h \
	server/http/http_client.c \
	server/http/http_client.h \
	server/http/http_conn.c \
	server/http/http_conn.h \
	server/http/http_estimate.c \
	server/http/http_events.c \
	server/http/http_events.h \
	server/http/http_filter.c \
	server/http/http_filter.h \
	server/http/http_log.c \
	server/http/http_log.h \
	server/http/http_progress.c \
	server/http/http_progress.h \
	server/http/http_raw.c \
	server/http/http_raw.h \
	server/http/http_reload.c \
	server/http/http_reload.h \
	server/http/http_request.c \
	server/http/http_request.h \
	server/http/http_server.c \
	server/http/http_shared.h \
	server/http/http_watchdog.c \
	server/http/http_watchdog.h \
	server/http/http_work.c \
	server/http/http_work.h \
	server/http/intake.c \
	server/http/intake.h \
	server/http/intake_chunks.c \
	server/http/intake_chunks.h \
	server/http/intake_steps.c \
	server/http/intake_steps.h \
	server/http/multipart.c \
	server/http/multipart.h \
	server/http/request_head.c \
	server/http/request_head.h \
	server/http/request_id.c \
	server/http/request_id.h \
	server/http/socket_received.c \
	server/http/socket_received.h \
	server/http/socket_sent.c \
	server/http/socket_sent.h
