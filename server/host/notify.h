/* notify.h - tells the supervisor the state of the service, as sd_notify(3) does. Threads: any
 * thread may send between notify_open and notify_close. */
#ifndef UPSCALED_SERVER_HOST_NOTIFY_H
#define UPSCALED_SERVER_HOST_NOTIFY_H

#include <stdint.h>

struct notify {
    int fd;              /* -1: there is no supervisor */
    int64_t alive_every; /* milliseconds between two WATCHDOG=1; 0: no watchdog */
};

/* Connects to the socket that NOTIFY_SOCKET names. `path` is the value of that variable and
 * `watchdog_us` that of WATCHDOG_USEC, or NULL if it is not set. A failure is ignored, because the
 * service can run without its supervisor. */
void notify_open(struct notify *n, const char *path, const char *watchdog_us);
void notify_close(struct notify *n);

/* Sends lines such as "READY=1". */
void notify_send(const struct notify *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Sends RELOADING=1 with the time, which the supervisor requires. The caller sends READY=1 when the
 * reload is done. */
void notify_reloading(const struct notify *n);

#endif
