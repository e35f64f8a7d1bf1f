/* keys.h - who may use the API (--api-keys), how often, and how many times at once.
 *
 * The file has a line a key, name:sha256[:rate[:concurrency[:admin]]], where sha256 is that of the
 * key's bytes in hex, rate is pictures a minute (0 or nothing: any number), concurrency pictures at
 * once (the same), and `admin` lets it reload. Lines may be empty or begin with #. The keys
 * themselves are nowhere, and are compared by their digests, all of them, in constant time.
 * Threads: all functions may be called from any thread. */
#ifndef UPSCALED_SERVER_ACCESS_KEYS_H
#define UPSCALED_SERVER_ACCESS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"

enum { KEY_NAME_MAX = 32, KEYS_MAX = 4096 };

struct keys;
struct keys_table; /* a file that was read */
struct key;

/* Reads the file. ERR_IO, or ERR_KEYS_FILE with path:line. On ERR_OK the caller owns *out. */
enum err_code keys_new(const char *path, struct keys **out, struct err *e);
void keys_free(struct keys *k); /* NULL is fine; no key may be held */

/* Reads the file again, and puts it in force; or not (NULL is fine). Between the two nothing has
 * changed. A key of the same name keeps its counts. */
enum err_code keys_prepare(const struct keys *k, struct keys_table **out, struct err *e);
void keys_commit(struct keys *k, struct keys_table *fresh);
void keys_discard(struct keys_table *fresh);
int keys_count(struct keys *k);

/* Finds who presents a key (NULL: none): ERR_NO_KEY, ERR_KEY. Hold it until key_release. */
enum err_code keys_find(struct keys *k, const char *presented, struct key **out, struct err *e);
void key_release(struct keys *k, struct key *key); /* NULL is fine */

/* Begins a picture for a key. ERR_RATE: over its rate or concurrency; *retry_s is when to come
 * again. On ERR_OK, key_leave ends it. `now_ms` is of a monotonic clock. */
enum err_code key_enter(struct keys *k, struct key *key, int64_t now_ms, int *retry_s,
                        struct err *e);

/* The same for one that is only looked at: its memory takes a place, and it is none of the rate's.
 */
enum err_code key_enter_unrated(struct keys *k, struct key *key, int *retry_s, struct err *e);
void key_leave(struct keys *k, struct key *key);

const char *key_name(const struct key *key);
bool key_is_admin(struct keys *k, const struct key *key);

#endif
