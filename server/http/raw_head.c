/* raw_head.c - see raw_head.h. */
#include "server/http/raw_head.h"

static void end_line(struct raw_head *h)
{
    bool empty = h->line == 0;
    h->line = 0;
    if (!empty)
        h->begun = true;
    else if (h->begun)
        h->whole = true;
    else
        h->bytes = 0;
}

static void take(struct raw_head *h, char c)
{
    bool folded = h->begun && h->line == 0 && (c == ' ' || c == '\t');
    if (c == '\0' || folded || (h->last == '\r') != (c == '\n'))
        h->bad = true;
    h->last = c;
    h->bytes++;
    if (c == '\n')
        end_line(h);
    else if (c != '\r')
        h->line++;
}

void raw_head_take(struct raw_head *h, const char *bytes, size_t count)
{
    size_t i = h->body < count ? (size_t)h->body : count;
    h->seen = true;
    h->body -= i;
    while (i < count && !h->whole)
        take(h, bytes[i++]);
    h->behind += count - i;
}

enum err_code raw_head_judge(const struct raw_head *h, size_t bytes, struct err *e)
{
    if (h->seen && (h->bad || !h->whole || h->bytes != bytes))
        return err_set(e, ERR_BAD_REQUEST,
                       "a line of the head does not end in CR and LF, or is "
                       "folded, or has NUL bytes");
    return ERR_OK;
}

void raw_head_next(struct raw_head *h, const char *end, uint64_t body)
{
    struct raw_head next = {.body = body};
    size_t behind = h->behind;
    if (!h->seen)
        return;
    *h = next;
    raw_head_take(h, end, behind);
}
