/* notify.c - see notify.h. */
#include "server/host/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"

void notify_open(struct notify *n, const char *path, const char *watchdog_us)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t length = path ? strlen(path) : 0;
    *n = (struct notify){.fd = -1};
    if ((length > 0 && path[0] != '/' && path[0] != '@') || length < 2 ||
        length >= sizeof name.sun_path)
        return;
    memcpy(name.sun_path, path, length);
    if (path[0] == '@')
        name.sun_path[0] = '\0'; /* an abstract name, without a NUL at its end */
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->fd >= 0 && connect(n->fd, (const struct sockaddr *)&name, size) != 0)
        notify_close(n);
    if (n->fd >= 0 && watchdog_us)
        n->alive_every = strtoll(watchdog_us, NULL, 10) / 1000 / 2;
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    *n = (struct notify){.fd = -1};
}

void notify_send(const struct notify *n, const char *format, ...)
{
    char text[512];
    va_list args;
    if (n->fd < 0)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_reloading(const struct notify *n)
{
    notify_send(n, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_ns() / 1000);
}
