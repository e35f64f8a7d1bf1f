/* clients.h - how much each client has in work, so that many requests of one do not push aside one
 * of another. Clients that share a place of the table share their weight; nobody is refused.
 * Threads: any. */
#ifndef UPSCALED_SERVER_WORK_CLIENTS_H
#define UPSCALED_SERVER_WORK_CLIENTS_H

#include <stdatomic.h>

enum { CLIENTS_PLACES = 4096 };

struct clients {
    atomic_int in_work[CLIENTS_PLACES];
};

/* The client of that name (a key's, or an address) has one request more: its place, for
 * clients_leave; *weight is what each of its requests counts for, 1 for the only one. */
int clients_enter(struct clients *c, const char *name, double *weight);
void clients_leave(struct clients *c, int place);

#endif
