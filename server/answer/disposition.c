/* disposition.c - see disposition.h. */
#include "server/answer/disposition.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/utf8.h"

enum { STEM_MAX = 30, SUFFIX_BYTES = 24 };

/* Finds the last part of a path with slashes of either kind, without leading dots and without .png.
 * Returns its length. */
static size_t find_stem(const char *path, const char **stem)
{
    const char *base = path;
    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            base = path + 1;
    base += strspn(base, ". ");
    size_t length = strlen(base);
    if (length > 4 && strcasecmp(base + length - 4, ".png") == 0)
        length -= 4;
    *stem = base;
    return length;
}

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr(" -_.()+,", c) != NULL);
}

/* Returns the length of the longest prefix of whole characters within STEM_MAX bytes; 0 if the stem
 * is not UTF-8. Sets *foreign to whether it has characters outside ASCII. */
static size_t cut(const char *stem, size_t length, bool *foreign)
{
    size_t end = 0;
    *foreign = false;
    while (end < length) {
        size_t n = utf8_sequence(stem + end);
        if (n == 0)
            return 0;
        if (end + n > STEM_MAX)
            break;
        *foreign |= n > 1;
        end += n;
    }
    return end;
}

void disposition_apply(struct reply *r, const char *theirs, double scale)
{
    char plain[STEM_MAX + 1], encoded[3 * STEM_MAX + 1] = "", suffix[SUFFIX_BYTES] = "-upscaled";
    const char *stem;
    bool foreign;
    size_t length = find_stem(theirs ? theirs : "", &stem), whole = cut(stem, length, &foreign);
    if (scale > 0)
        snprintf(suffix, sizeof suffix, "-%.3gx", scale);
    if (length > STEM_MAX)
        length = STEM_MAX;
    for (size_t i = 0; i < length; i++)
        plain[i] = is_plain(stem[i]) ? stem[i] : '_';
    plain[length] = '\0';
    for (size_t i = 0; foreign && i < whole; i++)
        snprintf(encoded + 3 * i, 4, "%%%02X", (unsigned char)stem[i]);
    /* The second name follows RFC 8187; browsers prefer it. */
    reply_header(r, "Content-Disposition", "inline; filename=\"%s%s.png\"%s%s%s%s",
                 length > 0 ? plain : "picture", suffix, encoded[0] ? "; filename*=UTF-8''" : "",
                 encoded, encoded[0] ? suffix : "", encoded[0] ? ".png" : "");
}
