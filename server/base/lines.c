/* lines.c - see lines.h. */
#include "server/base/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/base/file.h"

char *lines_trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

enum err_code lines_read(const char *path, enum err_code malformed, line_taker *take, void *arg,
                         struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return file_complain("open", path, e);
    enum err_code rc = ERR_OK;
    char line[4096], where[512];
    for (int number = 1; rc == ERR_OK && fgets(line, sizeof line, f); number++) {
        snprintf(where, sizeof where, "%.480s:%d", path, number);
        if (!strchr(line, '\n') && !feof(f)) {
            rc = err_set(e, malformed, "%s: the line is too long", where);
            continue;
        }
        char *text = lines_trim(line);
        if (*text != '\0' && *text != '#')
            rc = take(arg, where, text, e);
    }
    if (rc == ERR_OK && ferror(f))
        rc = err_set(e, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    fclose(f);
    return rc;
}
