/* http_accept.c - see http_accept.h. */
#include "server/http/http_accept.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "server/http/http_conn_phase.h"

enum {
    FULL_MS = 1000, /* a connection that the library has not taken by then is lost */
    ERROR_MS = 100, /* the pause when the system has no descriptor or no memory for another */
    AT_ONCE = 64,   /* connections accepted from one socket before the others have their turn */
};

enum err_code acceptor_init(struct acceptor *a, struct conns *conns, struct err *e)
{
    *a = (struct acceptor){.conns = conns, .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return a->wake < 0 ? err_set(e, ERR_IO, "cannot create an event descriptor") : ERR_OK;
}

struct door *acceptor_add(struct acceptor *a, int fd, bool shared, unsigned most)
{
    struct door *door = &a->doors[a->count];
    *door =
        (struct door){.acceptor = a, .fd = fd, .address = a->count, .shared = shared, .most = most};
    a->count++;
    return door;
}

static void wake(struct acceptor *a)
{
    eventfd_write(a->wake, 1);
}

void door_begun(struct door *door)
{
    atomic_fetch_add(&door->begun, 1);
}

/* The thread sets `crowded` before it reads `ended`. This function does the reverse, so that the
 * thread misses no end of a connection. */
void door_ended(struct door *door)
{
    atomic_fetch_add(&door->ended, 1);
    if (atomic_load(&door->crowded))
        wake(door->acceptor);
}

static bool is_full(const struct door *door)
{
    return door->given - atomic_load(&door->ended) >= door->most;
}

/* Closes an idle connection, because a client waits and there is no place for it. */
static void make_room(struct door *door, int64_t pause_ms)
{
    conns_make_room(door->acceptor->conns, door->address);
    door->paused_ms = clock_ms() + pause_ms;
    atomic_store(&door->crowded, true);
}

static bool take_one(struct door *door)
{
    struct sockaddr_storage name = {0};
    socklen_t size = sizeof name;
    int client = accept4(door->fd, (struct sockaddr *)&name, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
        return errno != EAGAIN;
    if (client < 0) {
        make_room(door, ERROR_MS);
        return false;
    }
    door->given++;
    if (MHD_add_connection(door->library, client, (const struct sockaddr *)&name, size) != MHD_YES)
        door->given--; /* the library has closed it */
    return true;
}

static void take(struct door *door)
{
    if (is_full(door))
        make_room(door, FULL_MS);
    for (int i = 0; i < AT_ONCE && !is_full(door) && take_one(door); i++)
        continue;
}

/* Ends a pause that is over. Returns how many milliseconds are left, or -1 if there is no pause. */
static int pause_left(struct door *door, int64_t now_ms)
{
    if (door->paused_ms == 0)
        return -1;
    bool over = now_ms >= door->paused_ms;
    if (over && is_full(door))
        door->given = atomic_load(&door->begun);
    if (!over && (is_full(door) || door->paused_ms - now_ms <= ERROR_MS))
        return (int)(door->paused_ms - now_ms);
    door->paused_ms = 0;
    atomic_store(&door->crowded, false);
    return -1;
}

/* Fills the list for poll. Returns how many milliseconds it may wait, or -1. */
static int prepare(struct acceptor *a, struct pollfd *polled)
{
    int64_t now_ms = clock_ms();
    int wait_ms = -1;
    polled[a->count] = (struct pollfd){.fd = a->wake, .events = POLLIN};
    for (int i = 0; i < a->count; i++) {
        int left = pause_left(&a->doors[i], now_ms);
        polled[i] = (struct pollfd){.fd = left < 0 ? a->doors[i].fd : -1, .events = POLLIN};
        if (left >= 0 && (wait_ms < 0 || left < wait_ms))
            wait_ms = left;
    }
    return wait_ms;
}

static void *accept_all(void *arg)
{
    struct acceptor *a = arg;
    struct pollfd polled[LISTENERS_MAX + 1];
    eventfd_t wakes;
    while (!atomic_load(&a->stop)) {
        int ready = poll(polled, (nfds_t)a->count + 1, prepare(a, polled));
        for (int i = 0; ready > 0 && i < a->count; i++)
            if (polled[i].revents)
                take(&a->doors[i]);
        if (ready > 0 && polled[a->count].revents)
            eventfd_read(a->wake, &wakes);
    }
    return NULL;
}

enum err_code acceptor_start(struct acceptor *a, struct err *e)
{
    a->running = pthread_create(&a->thread, NULL, accept_all, a) == 0;
    return a->running ? ERR_OK
                      : err_set(e, ERR_MEMORY, "the thread that accepts could not be started");
}

void acceptor_stop(struct acceptor *a)
{
    atomic_store(&a->stop, true);
    if (a->running) {
        wake(a);
        pthread_join(a->thread, NULL);
    }
    for (int i = 0; i < a->count; i++) {
        struct door *door = &a->doors[i];
        while (a->running && !door->shared && !is_full(door) && take_one(door))
            continue;
        if (door->fd >= 0)
            close(door->fd);
        door->fd = -1;
    }
    a->running = false;
}

void acceptor_done(struct acceptor *a)
{
    if (a->wake >= 0)
        close(a->wake);
}
