/* fuzz_keys.c - the file of --api-keys. Claims: an accepted file satisfies the rules of keys.h, and
 * a file that is written again from its keys is read the same. */
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/access/keys_file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 20000;

enum { LINE_BYTES = 160 };

static void write_row(const struct key_row *row, char line[LINE_BYTES])
{
    int at = snprintf(line, LINE_BYTES, "%s:", row->name);
    for (int i = 0; i < SHA256_BYTES; i++)
        at += snprintf(line + at, LINE_BYTES - (size_t)at, "%02x", row->digest[i]);
    snprintf(line + at, LINE_BYTES - (size_t)at, ":%d:%d%s\n", row->rate, row->concurrency,
             row->admin ? ":admin" : "");
}

static void check_row(const struct key_rows *rows, int i)
{
    const struct key_row *row = &rows->list[i];
    size_t length = strnlen(row->name, sizeof row->name);
    must(length > 0 && length <= KEY_NAME_MAX && !strpbrk(row->name, ": \t#\r\n"));
    must(row->rate >= 0 && row->rate <= 999999 && row->concurrency >= 0 &&
         row->concurrency <= 999999);
    for (int k = 0; k < i; k++)
        must(strcmp(rows->list[k].name, row->name) != 0 &&
             memcmp(rows->list[k].digest, row->digest, SHA256_BYTES) != 0);
}

static void check_again(const struct key_rows *rows)
{
    struct key_rows again = {0};
    char *text = malloc((size_t)rows->count * LINE_BYTES + 1), *at = text;
    must(text != NULL);
    for (int i = 0; i < rows->count; i++, at += strlen(at)) {
        check_row(rows, i);
        write_row(&rows->list[i], at);
    }
    must(key_rows_read(input_file(text, (size_t)(at - text)), &again, NULL) == ERR_OK);
    must(again.count == rows->count);
    for (int i = 0; i < rows->count; i++) {
        const struct key_row *a = &rows->list[i], *b = &again.list[i];
        must(strcmp(a->name, b->name) == 0 && memcmp(a->digest, b->digest, SHA256_BYTES) == 0);
        must(a->rate == b->rate && a->concurrency == b->concurrency && a->admin == b->admin);
    }
    mem_free(again.list);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_rows rows = {0};
    struct err e = ERR_INIT;
    enum err_code rc = key_rows_read(input_file(data, size), &rows, &e);
    must(rc == e.code && (rc == ERR_OK || (rc == ERR_KEYS_FILE && e.text[0])));
    if (rc == ERR_OK) {
        must(rows.count > 0);
        check_again(&rows);
    }
    mem_free(rows.list);
    return 0;
}
