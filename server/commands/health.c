/* health.c - `upscaled health`: asks a server whether it is ready. Containers without curl use it.
 */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/commands/commands.h"
#include "server/options/options.h"

extern char **environ;

enum { SECONDS = 5 }; /* for everything: resolving, connecting, waiting for the answer */

/* The address to ask: http://host:port/path, host:port, [v6]:port or unix:/path. */
struct place {
    char host[256], port[16], path[256];
    bool is_unix; /* `host` is the path of a socket */
    bool bracket; /* `host` is an IPv6 address, which a URL has in brackets */
};

static bool parse(const char *url, struct place *p)
{
    *p = (struct place){.port = "80", .path = "/readyz"};
    if (strncmp(url, "unix:", 5) == 0) {
        p->is_unix = true;
        return snprintf(p->host, sizeof p->host, "%s", url + 5) < (int)sizeof p->host;
    }
    if (strncmp(url, "http://", 7) == 0)
        url += 7;
    p->bracket = *url == '[';
    url += p->bracket;
    size_t host = strcspn(url, p->bracket ? "]" : ":/");
    if (host == 0 || host >= sizeof p->host)
        return false;
    memcpy(p->host, url, host);
    url += host;
    if (p->bracket && *url++ != ']')
        return false;
    if (*url == ':') {
        size_t port = strcspn(++url, "/");
        if (port == 0 || port >= sizeof p->port)
            return false;
        memcpy(p->port, url, port);
        p->port[port] = 0;
        url += port;
    }
    if (*url == '/' && url[1])
        return snprintf(p->path, sizeof p->path, "%s", url) < (int)sizeof p->path;
    return *url == 0 || *url == '/';
}

static int connect_to(const struct sockaddr *address, socklen_t length, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, address, length) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    return connect_to((const struct sockaddr *)&address, sizeof address, AF_UNIX);
}

static int connect_inet(const struct place *p)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1, why = getaddrinfo(p->host, p->port, &hints, &list);
    if (why != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        fd = connect_to(a->ai_addr, a->ai_addrlen, a->ai_family);
    freeaddrinfo(list);
    return fd;
}

/* Writes the request to `text`. Returns its length. */
static int write_request(const struct place *p, char *text, size_t size)
{
    const char *opens = p->bracket ? "[" : "", *closes = p->bracket ? "]" : "";
    const char *host = p->is_unix ? "localhost" : p->host;
    return snprintf(text, size, "GET %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: close\r\n\r\n",
                    p->path, opens, host, closes, p->port);
}

/* Sends a GET. Returns the status of the answer, or -1 with errno. */
static int ask(const struct place *p)
{
    char text[640];
    int fd = p->is_unix ? connect_unix(p->host) : connect_inet(p);
    if (fd < 0)
        return -1;
    int length = write_request(p, text, sizeof text);
    size_t have = 0;
    ssize_t got = send(fd, text, (size_t)length, MSG_NOSIGNAL);
    while (got > 0 && have < 12) { /* "HTTP/1.1 200" */
        got = recv(fd, text + have, sizeof text - 1 - have, 0);
        have += got > 0 ? (size_t)got : 0;
    }
    int why = got < 0 ? errno : EPROTO, status = -1;
    close(fd);
    text[have] = 0;
    if (have < 12 || sscanf(text, "HTTP/1.%*1d %3d", &status) != 1)
        status = -1;
    errno = why;
    return status;
}

static void give_up(int number)
{
    static const char text[] = "upscaled: the server did not answer within 5 s\n";
    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(1);
}

/* Returns the address to ask for an address of --listen. If a server listens on every address, it
 * is asked at the loopback address. */
static const char *ask_here(const char *listen, char *text, size_t size)
{
    if (strncmp(listen, "0.0.0.0:", 8) == 0 || *listen == ':')
        snprintf(text, size, "127.0.0.1:%s", strchr(listen, ':') + 1);
    else if (strncmp(listen, "[::]:", 5) == 0)
        snprintf(text, size, "[::1]:%s", listen + 5);
    else
        return listen;
    return text;
}

int command_health(int argc, char **argv)
{
    struct options o;
    struct err e = ERR_INIT;
    struct place place;
    struct option_words words = {argc, argv};
    int status = 2;
    char here[300];
    if (options_read(&o, FOR_HEALTH, &words, environ, &e) != ERR_OK)
        return command_misused("health", &e);
    const char *listen = o.listen.count > 0 ? o.listen.items[0] : o.fallback_listen;
    const char *url = words.count > 0 ? argv[0] : ask_here(listen, here, sizeof here);
    if (words.count > 1 || !parse(url, &place)) {
        fprintf(stderr, "upscaled: health takes one http://host:port or unix:/path, not `%s`\n",
                url);
    } else {
        signal(SIGALRM, give_up);
        alarm(SECONDS);
        int answer = ask(&place);
        alarm(0);
        status = answer == 200 ? 0 : 1;
        if (answer < 0)
            fprintf(stderr, "upscaled: %s: %s; check that `serve` prints this address\n", url,
                    strerror(errno));
        else if (answer != 200)
            fprintf(stderr, "upscaled: %s answered %d\n", url, answer);
    }
    options_done(&o);
    return status;
}
