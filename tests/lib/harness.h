/* harness.h - shared by all C tests: a runner that reports in TAP, a seeded generator, test
 * data. */
#ifndef UPSCALED_TESTS_LIB_HARNESS_H
#define UPSCALED_TESTS_LIB_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each assertion that holds would write its place to a file, so that a crash can name the last one.
 * In a test that asserts something of each pixel, that was half of the time. */
#define _mark_point(file, line) ((void)0)

/* Whether the thread sanitizer is in force, and whether any is that keeps memory. */
#ifndef __has_feature /* clang's way to say what gcc says by macros */
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define HARNESS_TSAN true
#else
#define HARNESS_TSAN false
#endif
#if HARNESS_TSAN || defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define HARNESS_SANITIZED true
#else
#define HARNESS_SANITIZED false
#endif

/* Runs the suite and reports in TAP on standard output. Returns the result of main. */
int harness_run(Suite *suite);

/* Reports the whole program as skipped, in TAP. Returns the result of main. */
int harness_skip(const char *reason);

/* Reports that the suite leaves out this number of tests, and why. They count as skipped. 0 stands
 * for a part of a test. Call it before harness_run. */
void harness_left_out(int tests, const char *name, const char *reason);

/* Returns whether the system has pngcheck. */
bool harness_has_pngcheck(void);

/* Returns the path of a file in the test data folder ($TEST_DATA), or NULL if the folder has no
 * such file. The text is valid until the next call. */
const char *harness_data(const char *name);

/* Returns the bytes of a file, which the caller frees with free(), or NULL. */
uint8_t *harness_read(const char *path, size_t *length);

/* These use splitmix64 (Steele, Lea, Flood 2014), which C and Python tests share. */
uint64_t harness_random(uint64_t *state);
int harness_between(uint64_t *state, int least, int most); /* least and most included */
/* Returns the seed of a test, $TEST_SEED or else `otherwise`, and prints it to standard output. */
uint64_t harness_seed(uint64_t otherwise);
float harness_float(uint64_t *state); /* -1 <= value < 1, a multiple of 2^-23 */

#endif
