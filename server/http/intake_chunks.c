/* intake_chunks.c - see intake_chunks.h. */
#include "server/http/intake_chunks.h"

#include <stdio.h>
#include <string.h>

#include "server/http/intake_steps.h"

enum { CHUNK_LINE_MAX = 1024 }; /* size and extensions */

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Reads a size. Extensions may follow after a semicolon, which may have blanks before it (RFC 9112,
 * section 7.1.1). */
static enum err_code read_size(const char *line, size_t length, uint64_t *out, struct err *e)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < length && digit_of(line[i]) >= 0; i++) {
        if (size > INT64_MAX / 16)
            return err_set(e, ERR_BODY_TOO_LARGE, "the size of a chunk is 2^63 bytes or more");
        size = size * 16 + (uint64_t)digit_of(line[i]);
    }
    size_t at = i;
    while (at < length && (line[at] == ' ' || line[at] == '\t'))
        at++;
    if (i == 0 || (i < length && (at == length || line[at] != ';')))
        return err_set(e, ERR_BAD_REQUEST, "the size of a chunk is not a hexadecimal number");
    for (; at < length; at++)
        if (((unsigned char)line[at] < 0x20 && line[at] != '\t') || line[at] == 0x7f)
            return err_set(e, ERR_BAD_REQUEST, "a chunk's extension contains control characters");
    *out = size;
    return ERR_OK;
}

/* Returns the length of the next line of the body's framing, which may have at most `most` bytes.
 * Returns 0 if the line has not arrived yet or was refused. */
static size_t find_line(struct intake *in, size_t most)
{
    enum intake_scan found = intake_scan_line(in, most);
    size_t length = in->scanned;
    if (found == INTAKE_SCAN_LINE) {
        in->scanned = in->line = 0;
        return length;
    }
    if (found == INTAKE_SCAN_BAD) {
        intake_refuse_lines(in, true);
    } else if (length >= most) {
        err_set(&in->verdict, ERR_BAD_REQUEST,
                "a chunk's line, or the trailer, has more than %zu bytes", most);
        intake_refuse(in, true);
    }
    return 0;
}

bool intake_take_size(struct intake *in)
{
    size_t length = find_line(in, CHUNK_LINE_MAX);
    char size[24];
    if (length == 0)
        return false;
    if (read_size(in->bytes + in->raw, length - 2, &in->left, &in->verdict) != ERR_OK)
        return intake_refuse(in, true);
    int n = snprintf(size, sizeof size, "%llx\r\n", (unsigned long long)in->left);
    memcpy(in->bytes + in->raw, size, (size_t)n);
    intake_hand_over(in, in->raw, (size_t)n);
    in->raw += length;
    in->state = in->left > 0 ? INTAKE_CHUNK : INTAKE_TRAILER;
    if (in->state == INTAKE_TRAILER)
        in->left = INTAKE_TRAILER_MAX;
    return true;
}

bool intake_take_chunk_end(struct intake *in)
{
    enum intake_scan found = intake_scan_line(in, 2);
    if (found == INTAKE_SCAN_BAD)
        return intake_refuse_lines(in, true);
    if (found == INTAKE_SCAN_MORE && in->scanned < 2)
        return false;
    if (found == INTAKE_SCAN_MORE) {
        err_set(&in->verdict, ERR_BAD_REQUEST, "a chunk is longer than its size says");
        return intake_refuse(in, true);
    }
    in->scanned = in->line = 0;
    intake_hand_over(in, in->raw, 2);
    in->raw += 2;
    in->state = INTAKE_CHUNK_SIZE;
    return true;
}

bool intake_take_trailer(struct intake *in)
{
    size_t length;
    while ((length = find_line(in, (size_t)in->left)) > 0) {
        const char *line = in->bytes + in->raw;
        if (length > 2 && (*line == ' ' || *line == '\t' || !memchr(line, ':', length))) {
            err_set(&in->verdict, ERR_BAD_REQUEST, "a line of the trailer is not a header line");
            return intake_refuse(in, true);
        }
        in->raw += length;
        in->left -= length;
        if (length > 2)
            continue;
        intake_hand_over(in, in->raw - 2, 2);
        intake_begin_head(in);
        return true;
    }
    return false;
}
