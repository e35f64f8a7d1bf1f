/* input.h - turns the bytes of a fuzzer into the forms that parsers take. */
#ifndef UPSCALED_TESTS_FUZZ_INPUT_H
#define UPSCALED_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns a copy up to the first NUL byte, which ends it. Its memory is exact, so that a sanitizer
 * notices a read beyond it. The caller frees it with free(). */
char *input_text(const uint8_t *data, size_t size);

/* Cuts off the first line of a text, and moves *at past it. Returns the line, "" at the end. */
char *input_line(char **at);

/* A file of settings, as lines.h describes it, read a second time. */
struct input_settings {
    const char *at, *end;
    bool bad; /* a line has 4 kB or more, or a NUL byte */
};

/* Finds the next line that is neither empty nor a comment, and copies it without the blanks around
 * it. Returns false at the end, or at a bad line. */
bool input_setting(struct input_settings *s, char out[4096]);

/* Writes the bytes into a file, the same one at each call. Returns its path, in static storage. */
const char *input_file(const void *data, size_t size);

#endif
