/* fuzz.h - the functions that a fuzz target defines. The interface is libFuzzer's; AFL++ uses it
 * too, and the replay in `make check` calls it. They return 0; a broken claim aborts. */
#ifndef UPSCALED_TESTS_FUZZ_FUZZ_H
#define UPSCALED_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The number of changed seeds that replay.c tries. */
extern const int fuzz_rounds;

/* Ends the program and prints the place if a claim does not hold. */
#define must(claim) ((claim) ? (void)0 : fuzz_broken(__FILE__, __LINE__))

static inline _Noreturn void fuzz_broken(const char *file, int line)
{
    fprintf(stderr, "%s:%d: the claim is broken\n", file, line);
    abort();
}

#endif
