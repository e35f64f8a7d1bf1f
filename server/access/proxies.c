/* proxies.c - see proxies.h. */
#include "server/access/proxies.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96 };

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

/* Both kinds of address in one, so that ::ffff:10.0.0.1 is 10.0.0.1. */
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

/* The next word of the list into `word`; false at the end. */
static bool next_word(const char **list, char *word, size_t size)
{
    *list += strspn(*list, ", \t");
    size_t length = strcspn(*list, ", \t");
    snprintf(word, size, "%.*s", (int)length, *list);
    *list += length;
    return length > 0;
}

enum err_code proxies_read(struct proxies *p, const char *text, struct err *e)
{
    char word[PROXIES_TEXT_MAX];
    *p = (struct proxies){0};
    while (text && next_word(&text, word, sizeof word)) {
        char shown[PROXIES_TEXT_MAX];
        snprintf(shown, sizeof shown, "%s", word);
        if (strcmp(word, "unix") == 0)
            p->local = true;
        else if (p->count == PROXIES_MAX)
            return err_set(e, ERR_BAD_PARAMETER, "trusted-proxies: more than %d", PROXIES_MAX);
        else if (!read_network(word, &p->list[p->count++]))
            return err_set(e, ERR_BAD_PARAMETER,
                           "trusted-proxies: `%s` is no address, no network and not `unix`", shown);
    }
    return ERR_OK;
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

/* Whether the peer, whose address is put into `bytes`, is trusted; `unix` where it has none. */
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

/* An entry of the header, perhaps with a port: a, a:1, [b], [b]:1. */
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

/* Each proxy appends who came to it, so what counts is read from the end, as far as the word of the
 * one who appended it does. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, const char *forwarded,
                    char out[PROXIES_TEXT_MAX])
{
    uint8_t bytes[16];
    bool trusted = look_at_peer(p, peer, bytes, out);
    size_t end = forwarded ? strlen(forwarded) : 0;
    while (trusted && end > 0) {
        size_t start = end;
        while (start > 0 && forwarded[start - 1] != ',')
            start--;
        size_t from = start + strspn(forwarded + start, " \t"), to = end;
        while (to > from && strchr(" \t", forwarded[to - 1]))
            to--;
        if (from >= to || !read_entry(forwarded + from, to - from, bytes))
            return;
        write_address(bytes, out);
        trusted = is_trusted(p, bytes);
        end = start > 0 ? start - 1 : 0;
    }
}
