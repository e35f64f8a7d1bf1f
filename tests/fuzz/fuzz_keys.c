/* fuzz_keys.c - the file of --api-keys. Claim: a second reader, of the rules in docs/operations.md,
 * takes the same files and finds the same keys in them. */
#include <ctype.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/access/keys_file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 20000;

enum { FIELDS = 5, LINE_BYTES = 4096, ROWS_MAX = 1024 };

/* Divides the line at its colons. Returns how many fields there are; those beyond FIELDS are not
 * kept. */
static int divide(char *line, const char *fields[FIELDS])
{
    int count = 0;
    for (char *field; (field = strsep(&line, ":")); count++)
        if (count < FIELDS)
            fields[count] = field;
    return count;
}

static bool read_digest(const char *text, uint8_t out[SHA256_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 2 * SHA256_BYTES; i++) {
        const char *digit = text[i] ? strchr(digits, tolower((unsigned char)text[i])) : NULL;
        if (!digit)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] * 16 + (digit - digits));
    }
    return text[2 * SHA256_BYTES] == '\0';
}

/* A number of up to six digits; nothing stands for 0. */
static bool read_number(const char *text, int *out)
{
    *out = 0;
    for (int i = 0; text[i]; i++) {
        if (i == 6 || text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + text[i] - '0';
    }
    return true;
}

static bool is_name(const char *text)
{
    size_t length = 0;
    for (; text[length]; length++)
        if (!isalnum((unsigned char)text[length]) && !strchr("._-", text[length]))
            return false;
    return length >= 1 && length <= 32;
}

/* Reads name:sha256[:rate[:concurrency[:admin]]]. */
static bool read_row(char *line, struct key_row *row)
{
    const char *fields[FIELDS] = {"", "", "", "", ""};
    if (divide(line, fields) > FIELDS || !is_name(fields[0]))
        return false;
    *row = (struct key_row){.admin = strcmp(fields[4], "admin") == 0};
    strcpy(row->name, fields[0]);
    return read_digest(fields[1], row->digest) && read_number(fields[2], &row->rate) &&
           read_number(fields[3], &row->concurrency) && (row->admin || !*fields[4]);
}

static bool is_new(const struct key_row *rows, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(rows[i].name, rows[count].name) == 0 ||
            memcmp(rows[i].digest, rows[count].digest, SHA256_BYTES) == 0)
            return false;
    return true;
}

/* Returns the number of keys; 0 if the file must be refused. */
static int read_again(const uint8_t *data, size_t size, struct key_row *rows)
{
    struct input_settings file = {(const char *)data, (const char *)data + size, false};
    char line[LINE_BYTES];
    int count = 0;
    for (; input_setting(&file, line); count++)
        if (!read_row(line, &rows[count]) || !is_new(rows, count))
            return 0;
    return file.bad ? 0 : count;
}

static void check_same(const struct key_row *a, const struct key_row *b)
{
    must(strcmp(a->name, b->name) == 0 && memcmp(a->digest, b->digest, SHA256_BYTES) == 0);
    must(a->rate == b->rate && a->concurrency == b->concurrency && a->admin == b->admin);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct key_row again[ROWS_MAX];
    struct key_rows rows = {0};
    struct err e = ERR_INIT;
    if (size > ROWS_MAX * 2 * SHA256_BYTES) /* every key needs more bytes than its digest */
        return 0;
    enum err_code rc = key_rows_read(input_file(data, size), &rows, &e);
    must(rc == e.code && (rc == ERR_OK || (rc == ERR_KEYS_FILE && e.text[0])));
    int count = read_again(data, size, again);
    must((rc == ERR_OK) == (count > 0));
    if (rc == ERR_OK)
        must(rows.count == count);
    for (int i = 0; i < count; i++)
        check_same(&rows.list[i], &again[i]);
    mem_free(rows.list);
    return 0;
}
