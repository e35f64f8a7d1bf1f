/* service.h - the daemon within a test program: its parts, started as `upscaled serve` starts them,
 * on a Unix socket, without the sandbox and with small limits. There are two: one without keys, and
 * one that needs a key, SERVICE_KEY, which is no admin's. */
#ifndef UPSCALED_TESTS_FUZZ_SERVICE_H
#define UPSCALED_TESTS_FUZZ_SERVICE_H

#include <stdbool.h>

#define SERVICE_KEY "abc"

/* Starts the daemon at the first call; it stops when the program ends. Returns a new connection. */
int service_connect(bool keyed);

#endif
