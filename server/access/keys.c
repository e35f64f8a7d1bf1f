/* keys.c - see keys.h; keys_file.c reads the lines of the file. */
#include "server/access/keys.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/access/keys_file.h"

static const double MS_A_MINUTE = 60000;

struct key {
    struct key_row row;
    int holders; /* references: from the table in force, and from requests */
    int active;  /* pictures in progress */
    double tokens;
    int64_t filled_ms;
    bool started; /* tokens and filled_ms are set */
};

struct keys {
    pthread_mutex_t lock;
    char *path;
    int count;
    struct key **list; /* not sorted, because keys_find compares all of them */
};

struct keys_table {
    int count;
    struct key **list;
};

static void table_free(struct key **list, int count)
{
    for (int i = 0; i < count; i++)
        if (list[i] && --list[i]->holders == 0)
            mem_free(list[i]);
    mem_free(list);
}

/* Makes a table of new keys, which holds each of them once. */
static enum err_code make_table(const struct key_rows *rows, struct keys_table **out, struct err *e)
{
    struct keys_table *t = mem_calloc(1, sizeof *t);
    bool whole = t && (t->list = mem_calloc((size_t)rows->count, sizeof *t->list));
    for (int i = 0; whole && i < rows->count; i++) {
        struct key *key = t->list[t->count] = mem_calloc(1, sizeof *key);
        whole = key != NULL;
        if (whole) {
            key->row = rows->list[i];
            key->holders = 1;
            t->count++;
        }
    }
    if (!whole) {
        keys_discard(t);
        return err_set(e, ERR_MEMORY, "no memory for the keys");
    }
    *out = t;
    return ERR_OK;
}

enum err_code keys_prepare(const struct keys *k, struct keys_table **out, struct err *e)
{
    struct key_rows rows = {0, NULL};
    enum err_code rc = key_rows_read(k->path, &rows, e);
    if (rc == ERR_OK)
        rc = make_table(&rows, out, e);
    mem_free(rows.list);
    return rc;
}

void keys_discard(struct keys_table *fresh)
{
    if (!fresh)
        return;
    table_free(fresh->list, fresh->count);
    mem_free(fresh);
}

static struct key *named(const struct keys *k, const char *name)
{
    for (int i = 0; i < k->count; i++)
        if (strcmp(k->list[i]->row.name, name) == 0)
            return k->list[i];
    return NULL;
}

/* Call it under the lock. The fresh table takes over the old keys of the same name, with their
 * counts. */
static void adopt(const struct keys *k, struct keys_table *fresh)
{
    for (int i = 0; i < fresh->count; i++) {
        struct key *old = named(k, fresh->list[i]->row.name);
        if (!old)
            continue;
        const struct key_row *row = &fresh->list[i]->row;
        memcpy(old->row.digest, row->digest, sizeof row->digest);
        old->row.rate = row->rate; /* the name stays, because holders read it without the lock */
        old->row.concurrency = row->concurrency;
        old->row.admin = row->admin;
        old->holders++;
        mem_free(fresh->list[i]);
        fresh->list[i] = old;
    }
}

void keys_commit(struct keys *k, struct keys_table *fresh)
{
    pthread_mutex_lock(&k->lock);
    adopt(k, fresh);
    table_free(k->list, k->count);
    k->list = fresh->list;
    k->count = fresh->count;
    pthread_mutex_unlock(&k->lock);
    mem_free(fresh);
}

enum err_code keys_new(const char *path, struct keys **out, struct err *e)
{
    struct keys_table *first = NULL;
    struct keys *k = mem_calloc(1, sizeof *k);
    if (!k || !(k->path = mem_strdup(path))) {
        mem_free(k);
        return err_set(e, ERR_MEMORY, "no memory for the keys");
    }
    pthread_mutex_init(&k->lock, NULL);
    enum err_code rc = keys_prepare(k, &first, e);
    if (rc != ERR_OK) {
        keys_free(k);
        return rc;
    }
    keys_commit(k, first);
    *out = k;
    return ERR_OK;
}

void keys_free(struct keys *k)
{
    if (!k)
        return;
    table_free(k->list, k->count);
    pthread_mutex_destroy(&k->lock);
    mem_free(k->path);
    mem_free(k);
}

int keys_count(struct keys *k)
{
    pthread_mutex_lock(&k->lock);
    int count = k->count;
    pthread_mutex_unlock(&k->lock);
    return count;
}

/* Compares two digests in a time that does not depend on them. */
static bool same_digest(const uint8_t *a, const uint8_t *b)
{
    unsigned different = 0;
    for (int i = 0; i < SHA256_BYTES; i++)
        different |= (unsigned)(a[i] ^ b[i]);
    return different == 0;
}

enum err_code keys_find(struct keys *k, const char *presented, struct key **out, struct err *e)
{
    struct sha256 sum;
    uint8_t digest[SHA256_BYTES];
    if (!presented)
        return err_set(e, ERR_NO_KEY,
                       "a key is needed: Authorization: Bearer KEY, or X-API-Key: KEY");
    sha256_init(&sum);
    sha256_add(&sum, presented, strlen(presented));
    sha256_end(&sum, digest);
    struct key *found = NULL;
    pthread_mutex_lock(&k->lock);
    for (int i = 0; i < k->count; i++)
        if (same_digest(k->list[i]->row.digest, digest))
            found = k->list[i];
    if (found)
        found->holders++;
    pthread_mutex_unlock(&k->lock);
    if (!found)
        return err_set(e, ERR_KEY, "the key is not known to this server");
    *out = found;
    return ERR_OK;
}

void key_release(struct keys *k, struct key *key)
{
    if (!key)
        return;
    pthread_mutex_lock(&k->lock);
    bool last = --key->holders == 0;
    pthread_mutex_unlock(&k->lock);
    if (last)
        mem_free(key);
}

/* Refills the token bucket, which holds the pictures of one minute. */
static void refill(struct key *key, int64_t now_ms)
{
    double rate = key->row.rate;
    if (!key->started)
        key->tokens = rate;
    else
        key->tokens += (double)(now_ms - key->filled_ms) * rate / MS_A_MINUTE;
    if (key->tokens > rate)
        key->tokens = rate;
    key->filled_ms = now_ms;
    key->started = true;
}

static enum err_code judge_place(const struct key *key, int active, int *retry_s, struct err *e)
{
    const struct key_row *row = &key->row;
    *retry_s = 1;
    if (row->concurrency > 0 && active >= row->concurrency)
        return err_set(e, ERR_RATE, "the key %s may have at most %d pictures in work at a time",
                       row->name, row->concurrency);
    return ERR_OK;
}

static enum err_code judge_rate(struct key *key, int64_t now_ms, int *retry_s, struct err *e)
{
    const struct key_row *row = &key->row;
    if (row->rate == 0)
        return ERR_OK;
    refill(key, now_ms);
    if (key->tokens < 1) {
        *retry_s = (int)ceil((1 - key->tokens) * MS_A_MINUTE / row->rate / 1000);
        return err_set(e, ERR_RATE, "the key %s may send at most %d pictures per minute", row->name,
                       row->rate);
    }
    return ERR_OK;
}

enum err_code key_enter(struct keys *k, struct key *key, int64_t now_ms, int *retry_s,
                        struct err *e)
{
    pthread_mutex_lock(&k->lock);
    enum err_code rc = judge_place(key, key->active, retry_s, e);
    if (rc == ERR_OK)
        rc = judge_rate(key, now_ms, retry_s, e);
    if (rc == ERR_OK) {
        key->tokens -= key->row.rate > 0 ? 1 : 0;
        key->active++;
    }
    pthread_mutex_unlock(&k->lock);
    return rc;
}

enum err_code key_would_enter(struct keys *k, struct key *key, bool entered, int64_t now_ms,
                              struct err *e)
{
    int retry_s;
    pthread_mutex_lock(&k->lock);
    enum err_code rc = judge_place(key, key->active - entered, &retry_s, e);
    if (rc == ERR_OK)
        rc = judge_rate(key, now_ms, &retry_s, e);
    pthread_mutex_unlock(&k->lock);
    return rc;
}

enum err_code key_enter_unrated(struct keys *k, struct key *key, int *retry_s, struct err *e)
{
    pthread_mutex_lock(&k->lock);
    enum err_code rc = judge_place(key, key->active, retry_s, e);
    if (rc == ERR_OK)
        key->active++;
    pthread_mutex_unlock(&k->lock);
    return rc;
}

void key_leave(struct keys *k, struct key *key)
{
    pthread_mutex_lock(&k->lock);
    key->active--;
    pthread_mutex_unlock(&k->lock);
}

const char *key_name(const struct key *key)
{
    return key->row.name;
}

bool key_is_admin(struct keys *k, const struct key *key)
{
    pthread_mutex_lock(&k->lock);
    bool admin = key->row.admin;
    pthread_mutex_unlock(&k->lock);
    return admin;
}
