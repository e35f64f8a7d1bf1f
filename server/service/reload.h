/* reload.h - models and keys read anew, together or not at all; by SIGHUP or by request.
 *
 * Reading takes a while, so the main thread does it, which has nothing else to do; whoever asks is
 * called back. */
#ifndef UPSCALED_SERVER_SERVICE_RELOAD_H
#define UPSCALED_SERVER_SERVICE_RELOAD_H

#include <pthread.h>

#include "server/service/service.h"

/* Belongs to who asks, until `done`, which is called from the main thread; `why` is ERR_OK when
 * the new is in force. */
struct reload_waiter {
    void (*done)(struct reload_waiter *w, const struct err *why);
    struct reload_waiter *next;
};

struct reload {
    struct service *service;
    pthread_t thread; /* that waits for SIGHUP */
    pthread_mutex_t lock;
    struct reload_waiter *first;
    bool closed;
};

/* To be called from the thread that waits for SIGHUP. `s` is borrowed. */
void reload_init(struct reload *r, struct service *s);

/* Asks for a reload, from any thread: SIGHUP is sent. ERR_DRAINING after reload_close; then `done`
 * is not called. */
enum err_code reload_ask(struct reload *r, struct reload_waiter *w, struct err *e);

/* After SIGHUP: loads, swaps both or neither, and tells all who asked before. */
enum err_code reload_run(struct reload *r, struct err *e);

/* No reload will follow: those who asked are told so. */
void reload_close(struct reload *r);

#endif
