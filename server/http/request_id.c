/* request_id.c - see request_id.h. */
#include "server/http/request_id.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

void request_id_make(char id[OUR_ID_BYTES + 1])
{
    unsigned char bytes[OUR_ID_BYTES / 2] = {0};
    /* getrandom never returns fewer bytes for so small a size; an id of zeros would do no harm
     * either */
    (void)!getrandom(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

bool request_id_is_plain(const char *id)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return *id && strlen(id) <= REQUEST_ID_MAX && strspn(id, plain) == strlen(id);
}
