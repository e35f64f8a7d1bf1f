/* json_watch.h - notices when Jansson ran out of memory.
 *
 * Jansson 2.14 continues when one of its buffers cannot grow: json_loads then loses letters of a
 * string, and json_dumps omits text. So this file watches the allocations. It wraps the functions
 * that were set before. json_set_alloc_funcs is one setting for the whole process. Only this file
 * calls it, once, before the first watched use of Jansson.
 * Threads: each thread sees its own failures. */
#ifndef UPSCALED_NN_JSON_WATCH_H
#define UPSCALED_NN_JSON_WATCH_H

#include <stdbool.h>

/* Begins to watch in this thread, and forgets earlier failures. */
void json_watch(void);

/* Whether an allocation failed in this thread since json_watch. */
bool json_watch_failed(void);

#endif
