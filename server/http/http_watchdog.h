/* http_watchdog.h - the thread that closes connections whose time has run out, or whose client has
 * left. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_WATCHDOG_H
#define UPSCALED_SERVER_HTTP_HTTP_WATCHDOG_H

#include "server/http/http_conn.h"

/* Starts the thread, which also calls jobs_tick. */
enum err_code watchdog_start(struct conns *c, struct err *e);
void watchdog_stop(struct conns *c); /* fine if it was not started */

#endif
