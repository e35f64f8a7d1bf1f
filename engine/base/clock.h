/* clock.h - the monotonic clock, which never jumps, and the time that a thread has computed.
 * Nothing else in the program measures time.
 *
 * Threads: pure functions. */
#ifndef UPSCALED_BASE_CLOCK_H
#define UPSCALED_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_ns(void);
int64_t clock_ms(void);

/* Nanoseconds that the calling thread has been running on a processor. */
int64_t clock_thread_ns(void);

/* Milliseconds between two readings of clock_ns. */
double clock_ms_between(int64_t from_ns, int64_t to_ns);

/* The moment `ns` nanoseconds from now, for waits on this clock. */
struct timespec clock_after(int64_t ns);

#endif
