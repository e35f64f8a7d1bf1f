/* socket_received.c - see socket_received.h. */
#include "server/http/socket_received.h"

#include <stdatomic.h>
#include <sys/socket.h>

enum { DESCRIPTORS = 1 << 20 };

/* Global, since recv has no argument for us. Pages of it that are not used take no memory. */
static _Atomic(struct raw_head *) watched[DESCRIPTORS];

static _Atomic(struct raw_head *) *place_of(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? &watched[fd] : NULL;
}

bool socket_watch(int fd, struct raw_head *h)
{
    _Atomic(struct raw_head *) *place = place_of(fd);
    if (place)
        atomic_store(place, h);
    return place != NULL;
}

void socket_forget(int fd)
{
    _Atomic(struct raw_head *) *place = place_of(fd);
    if (place)
        atomic_store(place, NULL);
}

/* By another name here, since headers may define recv themselves (_FORTIFY_SOURCE). */
ssize_t received(int fd, void *to, size_t size, int flags) __asm__("recv")
    __attribute__((visibility("default"), used));

ssize_t received(int fd, void *to, size_t size, int flags)
{
    _Atomic(struct raw_head *) *place = place_of(fd);
    ssize_t count = recvfrom(fd, to, size, flags, NULL, NULL);
    struct raw_head *h = place && count > 0 && !(flags & MSG_PEEK) ? atomic_load(place) : NULL;
    if (h)
        raw_head_take(h, to, (size_t)count);
    return count;
}
