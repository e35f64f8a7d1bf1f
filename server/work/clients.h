/* clients.h - counts the requests that each client has in progress, so that many requests of one
 * client do not delay a request of another. Clients whose names have the same place in the table
 * share their weight. No client is refused. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_CLIENTS_H
#define UPSCALED_SERVER_WORK_CLIENTS_H

#include <stdatomic.h>

enum { CLIENTS_PLACES = 4096 };

struct clients {
    atomic_int in_work[CLIENTS_PLACES];
};

/* Counts one more request of the client `name` (the name of a key, or an address). Returns its
 * place, for clients_leave. *weight becomes the weight of the request: 1 for the client's only one,
 * 1/2 for its second. */
int clients_enter(struct clients *c, const char *name, double *weight);
void clients_leave(struct clients *c, int place);

#endif
