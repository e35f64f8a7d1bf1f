/* keys_file.c - see keys_file.h. */
#include "server/access/keys_file.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/base/file.h"
#include "server/base/lines.h"

static bool read_name(const char *text, char out[KEY_NAME_MAX + 1])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(text);
    if (length == 0 || length > KEY_NAME_MAX || strspn(text, plain) != length)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static bool read_digest(const char *text, uint8_t out[SHA256_BYTES])
{
    if (strlen(text) != 2 * SHA256_BYTES || strspn(text, "0123456789abcdefABCDEF") != strlen(text))
        return false;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        const char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

static bool read_limit(const char *text, int *out)
{
    size_t digits = strspn(text, "0123456789");
    *out = atoi(text);
    return digits <= 6 && text[digits] == '\0'; /* empty is 0 */
}

static bool read_admin(const char *text, bool *out)
{
    *out = strcmp(text, "admin") == 0;
    return *out || *text == '\0';
}

/* Fills the row. Returns what is wrong with the line, or NULL. */
static const char *read_row(char *line, struct key_row *row)
{
    enum { FIELDS = 5 };
    char *fields[FIELDS] = {line};
    int count = 1;
    for (char *at = line; (at = strchr(at, ':')) != NULL; *at++ = '\0') {
        if (count == FIELDS)
            return "the line has more than five fields";
        fields[count++] = at + 1;
    }
    *row = (struct key_row){.rate = 0};
    if (!read_name(fields[0], row->name))
        return "the name must be 1 to 32 letters, digits, dots, dashes or underscores";
    if (count < 2 || !read_digest(fields[1], row->digest))
        return "the second field must be a SHA-256 in 64 hexadecimal digits";
    if (count > 2 && !read_limit(fields[2], &row->rate))
        return "the third field must be a rate in pictures per minute";
    if (count > 3 && !read_limit(fields[3], &row->concurrency))
        return "the fourth field must be a number of pictures at a time";
    if (count > 4 && !read_admin(fields[4], &row->admin))
        return "the fifth field must be `admin` or empty";
    return NULL;
}

static const char *compare(const struct key_rows *rows, const struct key_row *row)
{
    for (int i = 0; i < rows->count; i++) {
        if (strcmp(rows->list[i].name, row->name) == 0)
            return "an earlier line has the same name";
        if (memcmp(rows->list[i].digest, row->digest, SHA256_BYTES) == 0)
            return "an earlier line has the same key";
    }
    return rows->count == KEYS_MAX ? "the file has too many keys" : NULL;
}

static enum err_code add_row(struct key_rows *rows, const struct key_row *row, struct err *e)
{
    size_t size = sizeof *row, count = (size_t)rows->count;
    struct key_row *list = mem_resize(rows->list, count * size, (count + 1) * size);
    if (!list)
        return err_set(e, ERR_MEMORY, "no memory for the keys");
    rows->list = list;
    rows->list[rows->count++] = *row;
    return ERR_OK;
}

static enum err_code take_line(void *arg, const char *where, char *line, struct err *e)
{
    struct key_rows *rows = arg;
    struct key_row row;
    const char *wrong = read_row(line, &row);
    if (!wrong)
        wrong = compare(rows, &row);
    if (wrong)
        return err_set(e, ERR_KEYS_FILE, "%.200s: %s", where, wrong);
    return add_row(rows, &row, e);
}

enum err_code key_rows_read(const char *path, struct key_rows *out, struct err *e)
{
    enum err_code rc = file_must_be_regular(path, e); /* a reload reads it again */
    if (rc == ERR_OK)
        rc = lines_read(path, ERR_KEYS_FILE, take_line, out, e);
    if (rc == ERR_OK && out->count == 0)
        rc = err_set(e, ERR_KEYS_FILE, "%.160s: the file contains no key", path);
    return rc;
}
