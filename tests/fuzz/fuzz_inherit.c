/* fuzz_inherit.c - LISTEN_PID (the first line) and LISTEN_FDS (the second). Claim: sockets are
 * taken over if these are whole numbers for this process, and never otherwise. */
#include <stdio.h>
#include <string.h>

#include "server/host/listen.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 100000;

/* Whether the text is the number. Zeros before it are allowed. */
static bool is_number(const char *text, int number)
{
    char plain[16];
    snprintf(plain, sizeof plain, "%d", number);
    size_t zeros = strspn(text, "0");
    if (strlen(text) > 9)
        return false;
    return strcmp(text + zeros, plain) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { OWN = 1234 };
    char *text = input_text(data, size), *rest = text;
    const char *pid = input_line(&rest), *count = input_line(&rest);
    int passed = listeners_passed(pid, count, OWN), wanted = 0;
    for (int n = 1; n <= LISTENERS_MAX && is_number(pid, OWN); n++)
        if (is_number(count, n))
            wanted = n;
    must(passed == wanted);
    must(listeners_passed(NULL, count, OWN) == 0 && listeners_passed(pid, NULL, OWN) == 0);
    free(text);
    return 0;
}
