/* clock.h - reads the monotonic clock, which never jumps, and the processor time of a thread or of
 * the process. The program measures time with these functions alone. Threads: any. */
#ifndef UPSCALED_BASE_CLOCK_H
#define UPSCALED_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

int64_t clock_ns(void);
int64_t clock_ms(void);

/* These return the processor time that the calling thread has used, and that all threads of the
 * process have used, in nanoseconds. */
int64_t clock_thread_ns(void);
int64_t clock_process_ns(void);

/* Returns the milliseconds between two readings of clock_ns. */
double clock_ms_between(int64_t from_ns, int64_t to_ns);

/* Returns the moment `ns` nanoseconds from now, for waits on the monotonic clock. */
struct timespec clock_after(int64_t ns);

#endif
