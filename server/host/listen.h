/* listen.h - listening sockets: those that --listen names, and those inherited from a supervisor.
 * Threads: only one thread may use a struct listeners. */
#ifndef UPSCALED_SERVER_HOST_LISTEN_H
#define UPSCALED_SERVER_HOST_LISTEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/err.h"

enum { LISTEN_URL_MAX = 192, LISTENERS_MAX = 32 };

struct listener {
    int fd;                   /* -1: http.h has taken it over */
    char url[LISTEN_URL_MAX]; /* the address to connect to; it has the port that the system chose */
    char path[108];           /* path of a unix socket, removed at the end; "" for others */
    bool inherited;           /* other processes may accept from it */
};

struct listeners {
    struct listener list[LISTENERS_MAX];
    int count;
};

/* Opens host:port (every address of the host that this machine has), [v6]:port, :port (all
 * addresses of IPv4, and of IPv6 if the machine has it) or unix:/path. An address that is already
 * open is not opened again. Replaces a unix socket on which no process listens. ERR_BAD_PARAMETER
 * for a wrong text, ERR_IO for a failure of the system; the sentence names the address. */
enum err_code listeners_open(struct listeners *l, const char *address, struct err *e);

/* Returns how many descriptors a supervisor passed to the process `own`: the value of LISTEN_FDS,
 * if LISTEN_PID names that process (sd_listen_fds(3)). 0 if either is missing or is not a whole
 * number, and if there are more than LISTENERS_MAX. */
int listeners_passed(const char *listen_pid, const char *listen_fds, pid_t own);

/* Adds the descriptors first .. first + count - 1, and makes them close-on-exec and non-blocking.
 * ERR_IO names a descriptor that is not a listening stream socket; ERR_BAD_PARAMETER beyond
 * LISTENERS_MAX. */
enum err_code listeners_inherit(struct listeners *l, int first, int count, struct err *e);

/* Closes the sockets whose `fd` is not -1, and removes the unix sockets that listeners_open
 * made. */
void listeners_done(struct listeners *l);

#endif
