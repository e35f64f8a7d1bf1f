/* cmd_hash_key.c - `upscaled hash-key`: makes a line of --api-keys from a key on standard input. */
#include <stdio.h>
#include <string.h>

#include "engine/base/sha256.h"
#include "server/access/keys.h"
#include "server/commands/commands.h"

int command_hash_key(int argc, char **argv)
{
    char key[256], hex[2 * SHA256_BYTES + 1];
    if (argc > 1) {
        fputs("usage: upscaled hash-key [NAME], with the key on standard input\n", stderr);
        return 2;
    }
    if (argc > 0 && (strpbrk(argv[0], ":# \t") || strlen(argv[0]) > KEY_NAME_MAX || !*argv[0])) {
        fprintf(stderr,
                "upscaled: `%s` cannot be the name of a key; use 1 to %d letters, without : # and "
                "blanks\n",
                argv[0], KEY_NAME_MAX);
        return 2;
    }
    if (!fgets(key, sizeof key, stdin))
        key[0] = '\0';
    size_t length = strcspn(key, "\r\n");
    if (length == 0 || length == sizeof key - 1) {
        fprintf(stderr,
                "upscaled: a key has 1 to %zu bytes; write it to standard input as one line\n",
                sizeof key - 2);
        return 1;
    }
    sha256_hex(key, length, hex);
    printf("%s:%s\n", argc > 0 ? argv[0] : "name", hex);
    return 0;
}
