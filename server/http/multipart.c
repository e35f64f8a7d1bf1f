/* multipart.c - see multipart.h.
 *
 * The delimiter begins with its only CR. So when a byte does not match, the bytes that matched
 * before are data, and this byte can only begin a new match. */
#include "server/http/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "server/base/params.h"

bool multipart_is_form(const char *content_type)
{
    return content_type && params_begin(&content_type, "multipart/form-data");
}

/* RFC 2046, section 5.1.1: 1 to 70 characters, of which the last is no blank. */
static bool is_boundary(const struct param *p)
{
    static const char chars[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'()+_,-./:=? ";
    size_t length = strlen(p->value);
    return !p->cut && length > 0 && length <= BOUNDARY_MAX && strspn(p->value, chars) == length &&
           p->value[length - 1] != ' ';
}

enum err_code multipart_init(struct multipart *m, const char *content_type,
                             const struct multipart_events *events, void *arg, struct err *e)
{
    struct param p;
    enum params found = PARAMS_END;
    const char *at = content_type;
    *m = (struct multipart){.matched = 2, .fresh = true, .events = events, .arg = arg};
    params_begin(&at, "multipart/form-data");
    while ((found = params_next(&at, &p)) == PARAMS_ONE) {
        if (strcasecmp(p.name, "boundary") != 0)
            continue;
        if (m->delimiter_length > 0 || !is_boundary(&p))
            return err_set(e, ERR_BAD_MULTIPART, "the boundary of the form is malformed");
        m->delimiter_length = 4 + strlen(p.value);
        memcpy(m->delimiter, "\r\n--", 4);
        memcpy(m->delimiter + 4, p.value, strlen(p.value));
    }
    if (found == PARAMS_BAD)
        return err_set(e, ERR_BAD_MULTIPART, "the Content-Type of the form is malformed");
    if (m->delimiter_length == 0)
        return err_set(e, ERR_BAD_MULTIPART, "the Content-Type of the form names no boundary");
    return ERR_OK;
}

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* Decodes %XX in place: either every one, or only those that browsers write for quotes and line
 * ends. */
static void decode(char *text, bool all)
{
    char *out = text;
    for (; *text; text++) {
        int high = *text == '%' ? digit_of(text[1]) : -1;
        int low = high >= 0 ? digit_of(text[2]) : -1;
        int byte = high * 16 + low;
        bool taken = low >= 0 && byte != 0 && (all || byte == '"' || byte == '\r' || byte == '\n');
        *out++ = taken ? (char)byte : *text;
        text += taken ? 2 : 0;
    }
    *out = '\0';
}

/* Takes filename* (RFC 8187), which has the form charset'language'bytes, if its charset is UTF-8 and
 * the name is not empty. Returns whether it does. */
static bool take_extended_name(struct multipart_part *part, char *value)
{
    char *language = strchr(value, '\''), *name = language ? strchr(language + 1, '\'') : NULL;
    if (!name || name[1] == '\0' || strncasecmp(value, "UTF-8'", 6) != 0)
        return false;
    decode(++name, true);
    snprintf(part->file_name, sizeof part->file_name, "%.127s", name);
    return true;
}

static enum err_code take_disposition(struct multipart *m, const char *value, struct err *e)
{
    struct param p;
    enum params found;
    bool named = false, extended = false;
    if (m->disposed || !params_begin(&value, "form-data"))
        return err_set(e, ERR_BAD_MULTIPART, "a part's Content-Disposition is not form-data");
    m->disposed = true;
    while ((found = params_next(&value, &p)) == PARAMS_ONE) {
        if (strcasecmp(p.name, "name") == 0) {
            if (named)
                return err_set(e, ERR_BAD_MULTIPART, "a part has two names");
            named = true;
            if (strlen(p.value) < sizeof m->part.name)
                strcpy(m->part.name, p.value);
        } else if (strcasecmp(p.name, "filename*") == 0) {
            extended |= take_extended_name(&m->part, p.value);
        } else if (strcasecmp(p.name, "filename") == 0 && !extended) {
            decode(p.value, false);
            snprintf(m->part.file_name, sizeof m->part.file_name, "%.127s", p.value);
        }
    }
    if (found == PARAMS_BAD)
        return err_set(e, ERR_BAD_MULTIPART, "a part's Content-Disposition is malformed");
    return ERR_OK;
}

/* Takes one unfolded header line of a part. */
static enum err_code take_line(struct multipart *m, char *line, struct err *e)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return err_set(e, ERR_BAD_MULTIPART, "a part has a line that is not a header line");
    *colon++ = '\0';
    colon += strspn(colon, " \t");
    if (strcasecmp(line, "Content-Disposition") == 0)
        return take_disposition(m, colon, e);
    if (strcasecmp(line, "Content-Transfer-Encoding") == 0)
        snprintf(m->part.encoding, sizeof m->part.encoding, "%.*s", (int)strcspn(colon, " \t"),
                 colon);
    return ERR_OK;
}

static void begin_part(struct multipart *m)
{
    m->state = MULTIPART_HEAD;
    m->head_length = m->head_total = 0;
    m->last = '\n';
    m->disposed = false;
    memset(&m->part, 0, sizeof m->part);
}

/* Takes the line that is held. It is complete, because no blank follows its end. */
static enum err_code end_line(struct multipart *m, struct err *e)
{
    if (m->head_length == 0)
        return ERR_OK;
    m->head[m->head_length] = '\0';
    m->head_length = 0;
    return take_line(m, m->head, e);
}

/* An empty line ends the head. Its CR LF may also begin the delimiter; then the part is empty. */
static enum err_code end_head(struct multipart *m, struct err *e)
{
    m->state = MULTIPART_DATA;
    m->matched = 1;
    m->fresh = true;
    enum err_code rc = end_line(m, e);
    return rc == ERR_OK ? m->events->part(m->arg, &m->part, e) : rc;
}

/* Takes one byte of the head of a part. A line that begins with a blank continues the one
 * before. */
static enum err_code take_head(struct multipart *m, char c, struct err *e)
{
    char last = m->last;
    enum err_code rc = ERR_OK;
    m->last = c;
    if (++m->head_total == PART_HEAD_MAX)
        return err_set(e, ERR_BAD_MULTIPART, "the headers of a part have %d bytes or more",
                       PART_HEAD_MAX);
    if (c == '\0' || (c == '\n') != (last == '\r'))
        return err_set(e, ERR_BAD_MULTIPART, "a header line of a part does not end in CR LF");
    if (c == '\r' && last == '\n')
        return end_head(m, e);
    if (c == '\r' || c == '\n')
        return ERR_OK;
    if (last == '\n' && c != ' ' && c != '\t')
        rc = end_line(m, e);
    m->head[m->head_length++] = c;
    return rc;
}

/* Takes one byte after a boundary. Padding and CR LF follow a boundary, or two dashes if it is the
 * last one. */
static enum err_code take_boundary(struct multipart *m, char c, struct err *e)
{
    char last = m->last;
    m->last = c == '\t' ? ' ' : c;
    if (c == '-' && last == '-')
        m->state = MULTIPART_EPILOGUE;
    else if (c == '\n' && last == '\r')
        begin_part(m);
    else if ((last != '\0' && last != ' ') || !strchr("\r \t-", c) || c == '\0' ||
             (c == '-' && last != '\0'))
        return err_set(e, ERR_BAD_MULTIPART, "a boundary of the form is followed by other bytes");
    return ERR_OK;
}

static enum err_code give(const struct multipart *m, const char *bytes, size_t count, struct err *e)
{
    bool wanted = m->state == MULTIPART_DATA && count > 0;
    return wanted ? m->events->data(m->arg, bytes, count, e) : ERR_OK;
}

/* Hands over the bytes that had matched: they were no delimiter, so they are data. */
static enum err_code give_matched(struct multipart *m, struct err *e)
{
    size_t skip = m->fresh ? 2 : 0, count = m->matched;
    m->matched = 0;
    m->fresh = false;
    if (count < skip)
        return err_set(e, ERR_BAD_MULTIPART, "the head of a part does not end in CR LF");
    return give(m, m->delimiter + skip, count - skip, e);
}

/* Takes bytes up to the next delimiter, or some of them. Sets *used to their number. */
static enum err_code take_data(struct multipart *m, const char *bytes, size_t count, size_t *used,
                               struct err *e)
{
    *used = 0;
    if (m->matched == 0) {
        const char *cr = memchr(bytes, '\r', count);
        *used = cr ? (size_t)(cr - bytes) : count;
        m->matched = cr ? 1 : 0;
        enum err_code rc = give(m, bytes, *used, e);
        *used += m->matched;
        return rc;
    }
    if (bytes[0] != m->delimiter[m->matched])
        return give_matched(m, e);
    *used = 1;
    if (++m->matched == m->delimiter_length) {
        m->state = MULTIPART_BOUNDARY;
        m->matched = 0;
        m->fresh = false;
        m->last = '\0';
    }
    return ERR_OK;
}

enum err_code multipart_take(struct multipart *m, const char *bytes, size_t count, struct err *e)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0, used = 1; rc == ERR_OK && i < count; i += used, used = 1)
        switch (m->state) {
        case MULTIPART_PREAMBLE:
        case MULTIPART_DATA:
            rc = take_data(m, bytes + i, count - i, &used, e);
            break;
        case MULTIPART_BOUNDARY:
            rc = take_boundary(m, bytes[i], e);
            break;
        case MULTIPART_HEAD:
            rc = take_head(m, bytes[i], e);
            break;
        case MULTIPART_EPILOGUE:
            return ERR_OK;
        }
    return rc;
}

enum err_code multipart_end(const struct multipart *m, struct err *e)
{
    if (m->state != MULTIPART_EPILOGUE)
        return err_set(e, ERR_BAD_MULTIPART, "the form ends too early");
    return ERR_OK;
}
