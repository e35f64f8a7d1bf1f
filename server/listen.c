/* listen.c - see listen.h. */
#include "server/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static enum err_code io_error(const char *address, const char *what, struct err *e)
{
    char reason[96];
    return err_set(e, ERR_IO, "cannot listen on %.120s: %s: %s", address, what,
                   strerror_r(errno, reason, sizeof reason));
}

/* Whether the path is a socket that nobody answers. */
static int is_stale(const struct sockaddr_un *name)
{
    struct stat st;
    if (lstat(name->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int stale = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return stale;
}

static enum err_code open_unix(const char *address, struct listener *out, struct err *e)
{
    const char *path = address + strlen("unix:");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (*path == '\0' || strlen(path) >= sizeof name.sun_path)
        return err_set(e, ERR_BAD_PARAMETER, "%.120s: a socket's path has 1 to %zu bytes", address,
                       sizeof name.sun_path - 1);
    strcpy(name.sun_path, path);
    if (is_stale(&name))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return io_error(address, "socket", e);
    if (bind(fd, (const struct sockaddr *)&name, sizeof name) != 0 || listen(fd, BACKLOG) != 0) {
        io_error(address, "bind", e);
        close(fd);
        return ERR_IO;
    }
    out->fd = fd;
    strcpy(out->path, path);
    snprintf(out->url, sizeof out->url, "unix:%s", path);
    return ERR_OK;
}

/* host:port or [host]:port, in parts. */
static enum err_code split(const char *address, char *host, size_t host_size, const char **port,
                           struct err *e)
{
    const char *colon = strrchr(address, ':');
    size_t length = colon ? (size_t)(colon - address) : 0;
    const char *start = address;
    if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
        start++;
        length -= 2;
    } else if (!colon || memchr(address, ':', length)) {
        colon = NULL;
    }
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0' || atoi(colon + 1) > 65535 ||
        length >= host_size)
        return err_set(e, ERR_BAD_PARAMETER,
                       "`%.120s` is no address: host:port, [v6]:port or unix:/path", address);
    memcpy(host, start, length);
    host[length] = '\0';
    *port = colon + 1;
    return ERR_OK;
}

static enum err_code describe(int fd, const char *address, struct listener *out, struct err *e)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char host[128], port[16];
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
        getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return io_error(address, "getsockname", e);
    snprintf(out->url, sizeof out->url,
             name.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
    return ERR_OK;
}

static enum err_code open_inet(const char *address, const struct addrinfo *found,
                               struct listener *out, struct err *e)
{
    const int on = 1, unsent = 128 * 1024;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return io_error(address, "socket", e);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Accepted sockets inherit it. Without, the kernel takes megabytes at once and the library's
     * clock of inactivity, which sees only what is taken, ends a slow reader in mid-reply. */
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    if (found->ai_family == AF_INET6) /* so that 0.0.0.0 may be listened on beside [::] */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    enum err_code rc = ERR_OK;
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        rc = io_error(address, "bind", e);
    if (rc == ERR_OK)
        rc = describe(fd, address, out, e);
    if (rc != ERR_OK) {
        close(fd);
        return rc;
    }
    out->fd = fd;
    return ERR_OK;
}

enum err_code listen_open(const char *address, struct listener *out, struct err *e)
{
    char host[128];
    const char *port = NULL;
    struct addrinfo *found, hints = {.ai_family = AF_UNSPEC,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    *out = (struct listener){.fd = -1};
    if (strncmp(address, "unix:", 5) == 0)
        return open_unix(address, out, e);
    enum err_code rc = split(address, host, sizeof host, &port, e);
    if (rc != ERR_OK)
        return rc;
    if (host[0] == '\0')
        hints.ai_family = AF_INET;
    int failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (failed)
        return err_set(e, ERR_IO, "cannot listen on %.120s: %s", address, gai_strerror(failed));
    rc = open_inet(address, found, out, e);
    freeaddrinfo(found);
    return rc;
}
