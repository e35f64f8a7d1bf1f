/* serve_memory.h - divides the memory limit, when the daemon starts and its models are loaded: among
 * the threads, the requests and the connections. What it lowers, it says on standard error.
 *
 * Threads: the main thread. */
#ifndef UPSCALED_SERVER_COMMANDS_SERVE_MEMORY_H
#define UPSCALED_SERVER_COMMANDS_SERVE_MEMORY_H

#include "server/options/options.h"
#include "server/service/service.h"

/* Each thread keeps a working buffer, so a machine of many processors may have more threads than the
 * memory of its container allows. The buffers may use half of what the process leaves of the limit,
 * unless --threads says how many threads there are. */
void serve_fit_threads(struct service *s, const struct options *o);

/* Gives the requests the part of the memory limit that the process with its models and working
 * buffers leaves. ERR_BAD_PARAMETER if that is next to nothing. */
enum err_code serve_divide_memory(struct service *s, const struct options *o, struct err *e);

/* Lowers o->connections, which is the most of each address, where needed. The connections of all
 * addresses may use at most a quarter of the budget, so that clients that only connect leave room
 * for bodies and for work. Each connection is also an open file, of which the system allows a
 * limited number. */
void serve_bound_connections(struct service *s, struct options *o, int addresses);

#endif
