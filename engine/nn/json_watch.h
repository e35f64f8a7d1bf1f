/* json_watch.h - tells whether Jansson ran out of memory.
 *
 * Jansson 2.14 continues where a buffer of its own cannot grow: json_loads then loses letters of a
 * string, and json_dumps leaves a hole. So the allocations are watched, on top of the functions that
 * were set before. json_set_alloc_funcs is one setting for the whole process; only this file calls
 * it, once, before the first use of Jansson that is watched.
 * Threads: each thread sees its own failures. */
#ifndef UPSCALED_NN_JSON_WATCH_H
#define UPSCALED_NN_JSON_WATCH_H

#include <stdbool.h>

/* Begins to watch in this thread; earlier failures are forgotten. */
void json_watch(void);

/* Whether an allocation failed in this thread since json_watch. */
bool json_watch_failed(void);

#endif
