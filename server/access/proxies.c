/* proxies.c - see proxies.h. */
#include "server/access/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/list.h"

enum { MAPPED_BITS = 96 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Reads an IPv4 or IPv6 address into the form of IPv6, so that ::ffff:10.0.0.1 is the same as
 * 10.0.0.1. */
static bool read_address(const char *text, uint8_t bytes[16], bool *four)
{
    memcpy(bytes, mapped, sizeof mapped);
    *four = inet_pton(AF_INET, text, bytes + sizeof mapped) == 1;
    return *four || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool read_network(char *text, struct network *out)
{
    bool four;
    char *slash = strchr(text, '/');
    if (slash)
        *slash++ = '\0';
    if (!read_address(text, out->bytes, &four))
        return false;
    long most = four ? 32 : 128, bits = most;
    if (slash) {
        char *end;
        bits = strtol(slash, &end, 10);
        if (*slash < '0' || *slash > '9' || *end || bits > most)
            return false;
    }
    out->bits = (int)bits + (four ? MAPPED_BITS : 0);
    return true;
}

/* Takes an entry of the list. */
static enum err_code take_entry(struct proxies *p, const struct list_item *item, struct err *e)
{
    char word[PROXIES_TEXT_MAX];
    if (list_item_is(item, "unix")) {
        p->local = true;
        return ERR_OK;
    }
    if (p->count == PROXIES_MAX)
        return err_set(e, ERR_BAD_PARAMETER, "trusted-proxies: there are more than %d entries",
                       PROXIES_MAX);
    snprintf(word, sizeof word, "%.*s", (int)item->length, item->start);
    if (item->length >= sizeof word || !read_network(word, &p->list[p->count++]))
        return err_set(e, ERR_BAD_PARAMETER,
                       "trusted-proxies: `%.*s` is neither an address, a network nor `unix`",
                       (int)item->length, item->start);
    return ERR_OK;
}

enum err_code proxies_read(struct proxies *p, const char *text, struct err *e)
{
    struct list_item item;
    enum err_code rc = ERR_OK;
    *p = (struct proxies){0};
    while (rc == ERR_OK && text && list_next(&text, ", \t", &item))
        rc = take_entry(p, &item, e);
    return rc;
}

static bool is_within(const struct network *n, const uint8_t bytes[16])
{
    int whole = n->bits / 8, rest = n->bits % 8;
    if (memcmp(n->bytes, bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || ((n->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}

static bool is_trusted(const struct proxies *p, const uint8_t bytes[16])
{
    for (int i = 0; i < p->count; i++)
        if (is_within(&p->list[i], bytes))
            return true;
    return false;
}

static void write_address(const uint8_t bytes[16], char out[PROXIES_TEXT_MAX])
{
    if (memcmp(bytes, mapped, sizeof mapped) == 0)
        inet_ntop(AF_INET, bytes + sizeof mapped, out, PROXIES_TEXT_MAX);
    else
        inet_ntop(AF_INET6, bytes, out, PROXIES_TEXT_MAX);
}

/* Writes the peer's address to `bytes` and `out` ("unix" for a peer without one). Returns whether
 * the peer is trusted. */
static bool look_at_peer(const struct proxies *p, const struct sockaddr *peer, uint8_t bytes[16],
                         char out[PROXIES_TEXT_MAX])
{
    memcpy(bytes, mapped, sizeof mapped);
    if (peer && peer->sa_family == AF_INET) {
        memcpy(bytes + sizeof mapped, &((const struct sockaddr_in *)peer)->sin_addr, 4);
    } else if (peer && peer->sa_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)peer)->sin6_addr, 16);
    } else {
        snprintf(out, PROXIES_TEXT_MAX, "unix");
        return p->local;
    }
    write_address(bytes, out);
    return is_trusted(p, bytes);
}

/* Reads an entry of the header, which may have a port: a, a:1, [b], [b]:1. */
static bool read_entry(const char *start, size_t length, uint8_t bytes[16])
{
    char text[PROXIES_TEXT_MAX];
    bool four;
    if (length == 0 || length >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)length, start);
    if (text[0] == '[') {
        text[strcspn(text, "]")] = '\0';
        return read_address(text + 1, bytes, &four);
    }
    char *colon = strchr(text, ':');
    if (colon && !strchr(colon + 1, ':'))
        *colon = '\0';
    return read_address(text, bytes, &four);
}

/* Each proxy appends the address that connected to it. So the list is read from its end, for as
 * long as the address that was read last is that of a trusted proxy. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, const char *forwarded,
                    char out[PROXIES_TEXT_MAX])
{
    uint8_t bytes[16];
    bool trusted = look_at_peer(p, peer, bytes, out);
    size_t end = forwarded ? strlen(forwarded) : 0;
    struct list_item item;
    while (trusted && list_last(forwarded, &end, &item)) {
        if (!read_entry(item.start, item.length, bytes))
            return;
        write_address(bytes, out);
        trusted = is_trusted(p, bytes);
    }
}
