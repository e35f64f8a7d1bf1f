/* keys.h - the keys that may use the API (--api-keys), how often, and for how many pictures at
 * once.
 *
 * The file has one line for each key: name:sha256[:rate[:concurrency[:admin]]]. `sha256` is the
 * SHA-256 of the key's bytes in hexadecimal; `rate` is the number of pictures per minute and
 * `concurrency` the number of pictures at once (0 or empty: no limit); `admin` allows the key to
 * reload. Lines may be empty or begin with #. The keys themselves are not stored. A presented key
 * is compared with all digests, in constant time.
 * Threads: any. */
#ifndef UPSCALED_SERVER_ACCESS_KEYS_H
#define UPSCALED_SERVER_ACCESS_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"

enum { KEY_NAME_MAX = 32, KEYS_MAX = 4096 };

struct keys;
struct keys_table; /* the keys that were read from a file */
struct key;

/* Reads the file. ERR_IO, ERR_MEMORY, or ERR_KEYS_FILE with path:line. On ERR_OK the caller owns
 * *out (keys_free). */
enum err_code keys_new(const char *path, struct keys **out, struct err *e);
void keys_free(struct keys *k); /* NULL is fine; no key may be held */

/* keys_prepare reads the file again and changes nothing. Then keys_commit puts the result in force,
 * or keys_discard frees it (NULL is fine). A key of the same name keeps its counts. The errors are
 * those of keys_new. */
enum err_code keys_prepare(const struct keys *k, struct keys_table **out, struct err *e);
void keys_commit(struct keys *k, struct keys_table *fresh);
void keys_discard(struct keys_table *fresh);

/* Returns how many keys are in force. */
int keys_count(struct keys *k);

/* Finds the key that a request presented; `presented` is NULL if it has none. ERR_NO_KEY, ERR_KEY.
 * On ERR_OK the caller holds *out until key_release. */
enum err_code keys_find(struct keys *k, const char *presented, struct key **out, struct err *e);
void key_release(struct keys *k, struct key *key); /* NULL is fine */

/* Begins a picture for a key. ERR_RATE if the key is over its rate or concurrency; *retry_s is then
 * the seconds to wait. After ERR_OK, key_leave ends the picture. `now_ms` is milliseconds of a
 * monotonic clock. */
enum err_code key_enter(struct keys *k, struct key *key, int64_t now_ms, int *retry_s,
                        struct err *e);

/* Returns what key_enter would return, and counts nothing. `entered`: the caller itself has begun
 * something for the key, which does not count. */
enum err_code key_would_enter(struct keys *k, struct key *key, bool entered, int64_t now_ms,
                              struct err *e);

/* Does the same as key_enter for an estimate, whose body takes memory: it counts toward
 * concurrency, not toward the rate. */
enum err_code key_enter_unrated(struct keys *k, struct key *key, int *retry_s, struct err *e);
void key_leave(struct keys *k, struct key *key);

/* Returns the name of the key, which is valid while the key is held. */
const char *key_name(const struct key *key);

/* Whether the key may reload models and keys. */
bool key_is_admin(struct keys *k, const struct key *key);

#endif
