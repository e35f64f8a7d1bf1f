/* convert_bar.h - draws a progress bar on one line of a terminal. The line is cleared at the
 * end. */
#ifndef UPSCALED_SERVER_COMMANDS_CONVERT_BAR_H
#define UPSCALED_SERVER_COMMANDS_CONVERT_BAR_H

#include <stdbool.h>

struct convert_bar {
    const char *name;
    int number, count; /* the number of the file, from 1, and that of all files */
    int columns;       /* of the terminal */
    int shown;         /* percent; -1: nothing is shown yet */
};

/* Whether standard error is a terminal that can clear a line. */
bool convert_bar_wanted(void);

void convert_bar_begin(struct convert_bar *bar, const char *name, int number, int count);

/* An upscale_progress (engine/upscale.h) whose argument is the bar. */
void convert_bar_draw(void *bar, double fraction);

void convert_bar_end(struct convert_bar *bar);

#endif
