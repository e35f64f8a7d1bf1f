/* lines.c - see lines.h. */
#include "server/base/lines.h"

#include <errno.h>
#include <stdbool.h>
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

enum { LINE_BYTES = 4096 }; /* with the line's end, and a NUL */

/* Reads the next line, without its end. Returns false at the end of the file. *wrong says why the
 * line cannot be taken. */
static bool next_line(FILE *f, char line[LINE_BYTES], const char **wrong)
{
    size_t length = 0;
    int c;
    while ((c = getc(f)) != EOF && c != '\n' && !*wrong) {
        if (c == '\0')
            *wrong = "the line has a NUL byte";
        else if (length == LINE_BYTES - 2)
            *wrong = "the line is too long";
        else
            line[length++] = (char)c;
    }
    line[length] = '\0';
    return c != EOF || length > 0 || *wrong;
}

enum err_code lines_read(const char *path, enum err_code malformed, line_taker *take, void *arg,
                         struct err *e)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return file_complain("open", path, e);
    enum err_code rc = ERR_OK;
    char line[LINE_BYTES], where[512];
    const char *wrong = NULL;
    for (int number = 1; rc == ERR_OK && next_line(f, line, &wrong); number++) {
        snprintf(where, sizeof where, "%.480s:%d", path, number);
        char *text = lines_trim(line);
        if (wrong)
            rc = err_set(e, malformed, "%s: %s", where, wrong);
        else if (*text != '\0' && *text != '#')
            rc = take(arg, where, text, e);
    }
    if (rc == ERR_OK && ferror(f))
        rc = err_set(e, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    fclose(f);
    return rc;
}
