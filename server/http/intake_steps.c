/* intake_steps.c - see intake_steps.h. */
#include "server/http/intake_steps.h"

bool intake_refuse(struct intake *in, bool in_body)
{
    in->state = INTAKE_REFUSED;
    in->in_body = in_body;
    in->events->refused(in->arg);
    return false;
}

void intake_hand_over(struct intake *in, size_t from, size_t length)
{
    in->clean = from;
    in->clean_end = from + length;
}

void intake_begin_head(struct intake *in)
{
    in->state = INTAKE_HEAD;
    in->scanned = in->line = 0;
    in->begun = false;
}

enum intake_scan intake_scan_line(struct intake *in, size_t most)
{
    if (in->raw == in->raw_end)
        return INTAKE_SCAN_MORE; /* there may be no memory to point into */
    const char *bytes = in->bytes + in->raw;
    size_t count = in->raw_end - in->raw < most ? in->raw_end - in->raw : most;
    for (size_t i = in->scanned; i < count; i++) {
        bool after_cr = i > 0 && in->line > 0 && bytes[i - 1] == '\r';
        if (bytes[i] == '\0' || after_cr != (bytes[i] == '\n'))
            return INTAKE_SCAN_BAD;
        in->line++;
        if (bytes[i] == '\n') {
            in->scanned = i + 1;
            return INTAKE_SCAN_LINE;
        }
    }
    in->scanned = count;
    return INTAKE_SCAN_MORE;
}

bool intake_refuse_lines(struct intake *in, bool in_body)
{
    err_set(&in->verdict, ERR_BAD_REQUEST,
            "a line of the request does not end in CR LF, or contains a NUL byte");
    return intake_refuse(in, in_body);
}
