/* convert_bar.c - see convert_bar.h. */
#include "server/commands/convert_bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH = 30, USUAL_COLUMNS = 80 };

bool convert_bar_wanted(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void convert_bar_begin(struct convert_bar *bar, const char *name, int number, int count)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    *bar = (struct convert_bar){name, number, count, known ? size.ws_col : USUAL_COLUMNS, -1};
}

/* Returns the end of a name that fits into `room` bytes, cut between characters of UTF-8. A line
 * longer than the terminal could not be cleared. */
static const char *tail(const char *name, int room)
{
    size_t length = strlen(name);
    if (room < 0)
        room = 0;
    if (length > (size_t)room)
        name += length - (size_t)room;
    while ((*name & 0xc0) == 0x80)
        name++;
    return name;
}

void convert_bar_draw(void *arg, double fraction)
{
    static const char full[] = "##############################";
    struct convert_bar *bar = arg;
    char which[32] = "";
    int percent = (int)(fraction * 100);
    if (percent == bar->shown)
        return;
    bar->shown = percent;
    if (bar->count > 1)
        snprintf(which, sizeof which, "%d/%d ", bar->number, bar->count);
    int room = bar->columns - WIDTH - (int)strlen(" [] 100 %") - (int)strlen(which) - 1;
    int filled = percent * WIDTH / 100;
    fprintf(stderr, "\r\033[K%s%s [%.*s%*s] %3d %%", which, tail(bar->name, room), filled, full,
            WIDTH - filled, "", percent);
}

void convert_bar_end(struct convert_bar *bar)
{
    if (bar->shown >= 0)
        fputs("\r\033[K", stderr);
}
