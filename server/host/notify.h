/* notify.h - tells the supervisor how things stand: sd_notify(3), in the few lines that it takes.
 */
#ifndef UPSCALED_SERVER_HOST_NOTIFY_H
#define UPSCALED_SERVER_HOST_NOTIFY_H

#include <stdint.h>

struct notify {
    int fd;              /* -1: nobody wants to know */
    int64_t alive_every; /* milliseconds; 0: no watchdog */
};

/* Connects to NOTIFY_SOCKET, whose value is `path` (NULL: not set). `watchdog_us` is WATCHDOG_USEC,
 * or NULL. What does not work is left out: the service is worth more than the news of it. */
void notify_open(struct notify *n, const char *path, const char *watchdog_us);
void notify_close(struct notify *n);

/* Sends lines such as "READY=1". */
void notify_send(const struct notify *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* RELOADING=1 wants the time of it; READY=1 follows. */
void notify_reloading(const struct notify *n);

#endif
