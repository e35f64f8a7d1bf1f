/* intake_steps.h - the steps that heads and chunked bodies share on their way through an intake. */
#ifndef UPSCALED_SERVER_HTTP_INTAKE_STEPS_H
#define UPSCALED_SERVER_HTTP_INTAKE_STEPS_H

#include "server/http/intake.h"

/* Refuses the request for the reason in `verdict`. Returns false: nothing is to be handed over. */
bool intake_refuse(struct intake *in, bool in_body);

/* Refuses a line for which intake_scan_line returned INTAKE_SCAN_BAD. Returns false. */
bool intake_refuse_lines(struct intake *in, bool in_body);

/* Makes the `length` bytes at `from` the clean bytes. All clean bytes before must have been handed
 * over. */
void intake_hand_over(struct intake *in, size_t from, size_t length);

/* Notes that the next raw byte is the first one of a head. */
void intake_begin_head(struct intake *in);

enum intake_scan {
    INTAKE_SCAN_MORE, /* the line has not ended yet */
    INTAKE_SCAN_LINE, /* `scanned` is after the end of a line */
    INTAKE_SCAN_BAD,  /* a line does not end in CR LF, or a CR, LF or NUL is within a line */
};

/* Scans the raw bytes up to the end of the line, or until `scanned` is `most`. What lies behind is not
 * looked at, even if it has arrived: the verdict must not depend on how the stream is divided. */
enum intake_scan intake_scan_line(struct intake *in, size_t most);

#endif
