/* input.c - see input.h. */
#include "tests/fuzz/input.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

char *input_text(const uint8_t *data, size_t size)
{
    size_t length = strnlen((const char *)data, size);
    char *text = malloc(length + 1);
    must(text != NULL);
    if (length > 0)
        memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

char *input_line(char **at)
{
    char *line = *at, *end = line + strcspn(line, "\n");
    *at = *end ? end + 1 : end;
    *end = '\0';
    return line;
}

bool input_setting(struct input_settings *s, char out[4096])
{
    while (s->at < s->end && !s->bad) {
        size_t left = (size_t)(s->end - s->at);
        const char *from = s->at, *stop = memchr(from, '\n', left), *to = stop ? stop : s->end;
        s->at = stop ? stop + 1 : s->end;
        s->bad = to - from >= 4095 || memchr(from, '\0', (size_t)(to - from));
        while (from < to && (*from == ' ' || *from == '\t'))
            from++;
        while (to > from && (to[-1] == ' ' || to[-1] == '\t' || to[-1] == '\r'))
            to--;
        if (s->bad || from == to || *from == '#')
            continue;
        memcpy(out, from, (size_t)(to - from));
        out[to - from] = '\0';
        return true;
    }
    return false;
}

const char *input_file(const void *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}
