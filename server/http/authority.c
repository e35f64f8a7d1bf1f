/* authority.c - see authority.h. */
#include "server/http/authority.h"

#include <arpa/inet.h>
#include <string.h>

#define UNRESERVED "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~"
#define SUB_DELIMS "!$&'()*+,;="

static bool is_hex(char c)
{
    return c != '\0' && strchr("0123456789ABCDEFabcdef", c) != NULL;
}

/* Returns the length of the characters of `allowed` and of the %XX at the start of the text. */
static size_t span(const char *text, size_t length, const char *allowed)
{
    size_t i = 0;
    while (i < length && text[i] != '\0') {
        bool coded = text[i] == '%' && i + 2 < length && is_hex(text[i + 1]) && is_hex(text[i + 2]);
        if (!coded && !strchr(allowed, text[i]))
            break;
        i += coded ? 3 : 1;
    }
    return i;
}

/* Whether the text between the brackets is an IPv6 address: fe80::1, or fe80::1%eth0. */
static bool is_ipv6(const char *text, size_t length)
{
    struct in6_addr address;
    char copy[INET6_ADDRSTRLEN];
    const char *zone = memchr(text, '%', length);
    size_t bare = zone ? (size_t)(zone - text) : length, rest = length - bare;
    if (bare >= sizeof copy || memchr(text, '\0', bare))
        return false;
    memcpy(copy, text, bare);
    copy[bare] = '\0';
    if (inet_pton(AF_INET6, copy, &address) != 1)
        return false;
    return rest == 0 || (rest > 1 && span(zone + 1, rest - 1, UNRESERVED) == rest - 1);
}

/* Returns the length of the host at the start of the text, or 0 if there is none. */
static size_t host_length(const char *text, size_t length)
{
    if (length == 0 || *text != '[')
        return span(text, length, UNRESERVED SUB_DELIMS);
    const char *end = memchr(text, ']', length);
    size_t inner = end ? (size_t)(end - text) - 1 : 0;
    return end && is_ipv6(text + 1, inner) ? inner + 2 : 0;
}

bool authority_is_valid(const char *text, size_t length)
{
    size_t i = host_length(text, length);
    if (i == 0 || (i < length && text[i++] != ':'))
        return false;
    while (i < length && text[i] >= '0' && text[i] <= '9')
        i++;
    return i == length;
}
