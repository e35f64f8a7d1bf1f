/* listen.c - see listen.h. */
#include "server/host/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static enum err_code full(const char *address, struct err *e)
{
    return err_set(e, ERR_BAD_PARAMETER, "%.120s: at most %d addresses are possible", address,
                   LISTENERS_MAX);
}

static enum err_code io_error(const char *address, const char *what, struct err *e)
{
    const char *next =
        errno == EADDRINUSE      ? "; stop the program that uses it, or choose another --listen"
        : errno == EADDRNOTAVAIL ? "; this machine does not have that address (--listen)"
        : errno == EACCES        ? "; choose a port from 1024 on, or a folder you may write to"
                                 : "";
    return err_set(e, ERR_IO, "cannot listen on %.120s: %s: %s%s", address, what, strerror(errno),
                   next);
}

/* Whether the path is a socket on which no process listens. */
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

static enum err_code open_unix(struct listeners *l, const char *address, struct err *e)
{
    const char *path = address + strlen("unix:");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (*path == '\0' || strlen(path) >= sizeof name.sun_path)
        return err_set(e, ERR_BAD_PARAMETER, "%.120s: a socket's path has 1 to %zu bytes", address,
                       sizeof name.sun_path - 1);
    if (l->count == LISTENERS_MAX)
        return full(address, e);
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
    struct listener *out = &l->list[l->count++];
    *out = (struct listener){.fd = fd};
    strcpy(out->path, path);
    snprintf(out->url, sizeof out->url, "unix:%s", path);
    return ERR_OK;
}

/* Splits host:port or [host]:port. */
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
                       "`%.120s` is not an address; write host:port, [v6]:port or unix:/path",
                       address);
    memcpy(host, start, length);
    host[length] = '\0';
    *port = colon + 1;
    return ERR_OK;
}

static enum err_code describe(const char *address, struct listener *out, struct err *e)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    char host[128], port[16];
    if (getsockname(out->fd, (struct sockaddr *)&name, &size) != 0)
        return io_error(address, "getsockname", e);
    if (name.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&name;
        snprintf(out->url, sizeof out->url, "unix:%.*s", (int)sizeof un->sun_path, un->sun_path);
        return ERR_OK;
    }
    int why = getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
                          NI_NUMERICHOST | NI_NUMERICSERV);
    if (why != 0)
        return err_set(e, ERR_IO, "cannot listen on %.120s: %s", address, gai_strerror(why));
    snprintf(out->url, sizeof out->url,
             name.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
    return ERR_OK;
}

/* Limits what the kernel accepts to send, in bytes. Accepted sockets inherit the setting. Without
 * it the kernel takes megabytes at once. Then the inactivity timer of the HTTP library, which sees
 * only what the kernel takes, ends a slow reader in the middle of a reply. With 128 KiB, ten
 * thousand clients that did not read held 2 GB of kernel memory. Fast clients are as fast with 32
 * KiB. */
static void keep_little_unsent(int fd)
{
    const int unsent = 32 * 1024;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
}

static enum err_code open_inet(struct listeners *l, const char *address,
                               const struct addrinfo *found, struct err *e)
{
    const int on = 1;
    struct listener *out = &l->list[l->count];
    if (l->count == LISTENERS_MAX)
        return full(address, e);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return io_error(address, "socket", e);
    *out = (struct listener){.fd = fd};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    keep_little_unsent(fd);
    if (found->ai_family == AF_INET6) /* so that 0.0.0.0 can be opened beside [::] */
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    enum err_code rc = ERR_OK;
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        rc = io_error(address, "bind", e);
    if (rc == ERR_OK)
        rc = describe(address, out, e);
    if (rc != ERR_OK) {
        int why = errno;
        close(fd);
        errno = why;
        return rc;
    }
    l->count++;
    return ERR_OK;
}

/* getaddrinfo may return an address twice. */
static bool is_repeated(const struct addrinfo *first, const struct addrinfo *at)
{
    for (; first != at; first = first->ai_next)
        if (first->ai_addrlen == at->ai_addrlen &&
            memcmp(first->ai_addr, at->ai_addr, at->ai_addrlen) == 0)
            return true;
    return false;
}

/* Whether the last error says that this machine lacks the address. A name such as localhost may
 * have such addresses. */
static bool is_lacking(void)
{
    return errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
}

/* Whether a socket listens on exactly this address already. `:8080` includes all addresses of IPv6,
 * and the user may name these too. */
static bool is_open(const struct listeners *l, const struct addrinfo *at)
{
    for (int i = 0; i < l->count; i++) {
        struct sockaddr_storage name = {0};
        socklen_t size = sizeof name;
        if (getsockname(l->list[i].fd, (struct sockaddr *)&name, &size) == 0 &&
            size == at->ai_addrlen && memcmp(&name, at->ai_addr, size) == 0)
            return true;
    }
    return false;
}

static in_port_t *port_of(struct sockaddr *name)
{
    return name->sa_family == AF_INET6 ? &((struct sockaddr_in6 *)name)->sin6_port
                                       : &((struct sockaddr_in *)name)->sin_port;
}

/* The system chooses a port for 0. This function gives the other addresses of the same host the
 * port that the first one got. */
static void same_port(const struct listeners *l, int before, struct addrinfo *at)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    if (*port_of(at->ai_addr) == 0 && l->count > before &&
        getsockname(l->list[before].fd, (struct sockaddr *)&name, &size) == 0)
        *port_of(at->ai_addr) = *port_of((struct sockaddr *)&name);
}

static enum err_code open_all(struct listeners *l, const char *address, struct addrinfo *first,
                              struct err *e)
{
    int before = l->count;
    struct err lacking = ERR_INIT;
    for (struct addrinfo *at = first; at; at = at->ai_next) {
        struct err why = ERR_INIT;
        if (is_repeated(first, at))
            continue;
        same_port(l, before, at);
        if (is_open(l, at) || open_inet(l, address, at, &why) == ERR_OK)
            continue;
        if (why.code != ERR_IO || !is_lacking())
            return err_set(e, why.code, "%s", why.text);
        err_set(&lacking, why.code, "%s", why.text);
    }
    return lacking.code == ERR_OK || l->count > before
               ? ERR_OK
               : err_set(e, lacking.code, "%s", lacking.text);
}

enum err_code listeners_open(struct listeners *l, const char *address, struct err *e)
{
    char host[128];
    const char *port = NULL;
    struct addrinfo *found, hints = {.ai_family = AF_UNSPEC,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (strncmp(address, "unix:", 5) == 0)
        return open_unix(l, address, e);
    enum err_code rc = split(address, host, sizeof host, &port, e);
    if (rc != ERR_OK)
        return rc;
    int failed = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (failed)
        return err_set(e, ERR_IO, "cannot listen on %.120s: %s", address, gai_strerror(failed));
    rc = open_all(l, address, found, e);
    freeaddrinfo(found);
    return rc;
}

/* Reads a whole number of at most 9 digits; -1 for any other text. */
static long read_whole(const char *text)
{
    size_t digits = text ? strspn(text, "0123456789") : 0;
    return digits > 0 && digits <= 9 && text[digits] == '\0' ? strtol(text, NULL, 10) : -1;
}

int listeners_passed(const char *listen_pid, const char *listen_fds, pid_t own)
{
    long count = read_whole(listen_fds);
    return read_whole(listen_pid) == (long)own && count > 0 && count <= LISTENERS_MAX ? (int)count
                                                                                      : 0;
}

static bool is_listening(int fd)
{
    int type = 0, listening = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
        return false;
    size = sizeof listening;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

enum err_code listeners_inherit(struct listeners *l, int first, int count, struct err *e)
{
    for (int fd = first; fd < first + count; fd++) {
        char name[48];
        struct listener *out = &l->list[l->count];
        snprintf(name, sizeof name, "the inherited descriptor %d", fd);
        if (l->count == LISTENERS_MAX)
            return full(name, e);
        if (!is_listening(fd))
            return err_set(e, ERR_IO, "%s is not a listening stream socket", name);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
        keep_little_unsent(fd);
        *out = (struct listener){.fd = fd, .inherited = true};
        enum err_code rc = describe(name, out, e);
        if (rc != ERR_OK)
            return rc;
        l->count++;
    }
    return ERR_OK;
}

void listeners_done(struct listeners *l)
{
    for (int i = 0; i < l->count; i++) {
        if (l->list[i].fd >= 0)
            close(l->list[i].fd);
        if (l->list[i].path[0])
            unlink(l->list[i].path);
    }
    l->count = 0;
}
