# server/work/files.mk - From a query to a job: parameters, admission, cost, memory, the queue.

libserver_a_SOURCES += \
	server/work/admission.c \
	server/work/admission.h \
	server/work/api.c \
	server/work/api.h \
	server/work/budget.c \
	server/work/budget.h \
	server/work/clients.c \
	server/work/clients.h \
	server/work/cost.c \
	server/work/cost.h \
	server/work/jobs.c \
	server/work/jobs.h \
	server/work/need.c \
	server/work/need.h \
	server/work/progress.c \
	server/work/progress.h \
	server/work/returns.c \
	server/work/returns.h \
	server/work/turns.c \
	server/work/turns.h
