/* reload.h - reads models and keys again, both or neither, after SIGHUP or a request.
 *
 * Reading takes a while, so the main thread does it, which has nothing else to do. It then calls
 * back those that asked. */
#ifndef UPSCALED_SERVER_SERVICE_RELOAD_H
#define UPSCALED_SERVER_SERVICE_RELOAD_H

#include <pthread.h>

#include "server/service/service.h"

/* Belongs to the caller of reload_ask. The main thread calls `done`; `why` is ERR_OK when
 * the new files are in force. */
struct reload_waiter {
    void (*done)(struct reload_waiter *w, const struct err *why);
    struct reload_waiter *next;
};

struct reload {
    struct service *service;
    pthread_t thread; /* the one that waits for SIGHUP */
    pthread_mutex_t lock;
    struct reload_waiter *first;
    bool closed;
};

/* Call it from the thread that waits for SIGHUP. `s` is borrowed. */
void reload_init(struct reload *r, struct service *s);

/* Asks for a reload by sending SIGHUP. Any thread may call it. Returns ERR_DRAINING after
 * reload_close; `done` is then not called. */
enum err_code reload_ask(struct reload *r, struct reload_waiter *w, struct err *e);

/* Call it after SIGHUP. Reads models and keys, puts both or neither in force, and calls `done` of
 * all waiters that asked before. */
enum err_code reload_run(struct reload *r, struct err *e);

/* Ends reloads. Calls `done` of all waiters with ERR_DRAINING. */
void reload_close(struct reload *r);

#endif
