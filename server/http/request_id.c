/* request_id.c - see request_id.h. */
#include "server/http/request_id.h"

#include <string.h>
#include <sys/random.h>

void request_id_make(char id[OUR_ID_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[OUR_ID_BYTES / 2] = {0};
    /* getrandom never returns fewer bytes for so small a size; an id of zeros would do no harm
     * either */
    (void)!getrandom(bytes, sizeof bytes, 0);
    for (size_t i = 0; i < OUR_ID_BYTES; i++)
        id[i] = digits[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
    id[OUR_ID_BYTES] = '\0';
}

bool request_id_is_plain(const char *id)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return *id && strlen(id) <= REQUEST_ID_MAX && strspn(id, plain) == strlen(id);
}
