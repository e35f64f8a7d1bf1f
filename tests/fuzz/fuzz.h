/* fuzz.h - what a fuzz target defines (libFuzzer's interface; AFL++ drives it too), and what the
 * replay in `make check` calls. Returns 0; a broken claim aborts. */
#ifndef UPSCALED_TESTS_FUZZ_FUZZ_H
#define UPSCALED_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
