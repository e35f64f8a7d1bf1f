/* harness.h - what every C test shares: a main that speaks TAP, a seeded generator, test data. */
#ifndef UPSCALED_TESTS_LIB_HARNESS_H
#define UPSCALED_TESTS_LIB_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs the suite and reports by TAP on standard output; what main returns. */
int harness_run(Suite *suite);

/* Reports the whole program as skipped, by TAP; what main returns. */
int harness_skip(const char *reason);

/* Reports, before harness_run, that the suite leaves out so many tests, and why: they count as skipped. */
void harness_left_out(int tests, const char *name, const char *reason);

/* Path of a file under the test data folder ($TEST_DATA), in static storage until the next call,
 * or NULL where the folder has no such file. */
const char *harness_data(const char *name);

/* A file's bytes (free()), or NULL. */
uint8_t *harness_read(const char *path, size_t *length);

/* splitmix64 (Steele, Lea, Flood 2014): the generator that C and Python tests share. */
uint64_t harness_random(uint64_t *state);
int harness_between(uint64_t *state, int least, int most); /* both included */
/* Where a test's numbers begin: $TEST_SEED, or `otherwise`; says which on standard output. */
uint64_t harness_seed(uint64_t otherwise);
float harness_float(uint64_t *state); /* -1 <= value < 1, a multiple of 2^-23 */

#endif
