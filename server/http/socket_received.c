/* socket_received.c - see socket_received.h. */
#include "server/http/socket_received.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum { DESCRIPTORS = 1 << 20 };

/* The table is global, because recv has no argument for it. Its unused pages take no memory. */
static _Atomic(struct intake *) watched[DESCRIPTORS];

static _Atomic(struct intake *) *place_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? &watched[fd] : NULL;
}

bool socket_watch(int fd, struct intake *in)
{
    _Atomic(struct intake *) *place = place_of(fd);
    if (place)
        atomic_store(place, in);
    return place != NULL;
}

void socket_forget(int fd)
{
    _Atomic(struct intake *) *place = place_of(fd);
    if (place)
        atomic_store(place, NULL);
}

enum socket_look socket_look(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return SOCKET_SPEAKS;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? SOCKET_STILL : SOCKET_ENDED;
}

/* The function has another name in C, because headers may define recv themselves
 * (_FORTIFY_SOURCE). */
ssize_t received(int fd, void *to, size_t size, int flags) __asm__("recv")
    __attribute__((visibility("default"), used));

ssize_t received(int fd, void *to, size_t size, int flags)
{
    _Atomic(struct intake *) *place = place_of(fd);
    struct intake *in = place && !(flags & MSG_PEEK) ? atomic_load(place) : NULL;
    return in ? intake_receive(in, fd, to, size) : recvfrom(fd, to, size, flags, NULL, NULL);
}
