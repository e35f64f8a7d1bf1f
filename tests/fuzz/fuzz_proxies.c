/* fuzz_proxies.c - --trusted-proxies and X-Forwarded-For. The first line is the list of proxies,
 * the second is the peer's address or `unix`, and the rest is the header.
 *
 * Claim: a second reader, address by address and bit by bit, finds the same client. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "server/access/proxies.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 100000;

/* Writes the bits of an address in the form of IPv6, so that all are compared in one form. Returns
 * false if the text is no address. */
static bool to_bits(const char *text, uint8_t bits[16])
{
    char mapped[96];
    struct in_addr four;
    if (inet_pton(AF_INET, text, &four) == 1) {
        snprintf(mapped, sizeof mapped, "::ffff:%s", text);
        text = mapped;
    }
    return inet_pton(AF_INET6, text, bits) == 1;
}

static bool is_inside(const struct network *n, const uint8_t bits[16])
{
    for (int i = 0; i < n->bits; i++)
        if ((n->bytes[i / 8] ^ bits[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool is_trusted(const struct proxies *p, const char *address)
{
    uint8_t bits[16];
    if (!to_bits(address, bits))
        return strcmp(address, "unix") == 0 && p->local;
    for (int i = 0; i < p->count; i++)
        if (is_inside(&p->list[i], bits))
            return true;
    return false;
}

/* Writes the address of an entry in its usual form. */
static bool read_entry(char *entry, char out[PROXIES_TEXT_MAX])
{
    uint8_t bits[16];
    entry += strspn(entry, " \t");
    size_t length = strlen(entry);
    while (length > 0 && strchr(" \t", entry[length - 1]))
        entry[--length] = '\0';
    if (length >= PROXIES_TEXT_MAX)
        return false;
    char *first = strchr(entry, ':'), *last = strrchr(entry, ':');
    if (*entry == '[') {
        entry++;
        entry[strcspn(entry, "]")] = '\0';
    } else if (first && first == last) {
        *first = '\0';
    }
    if (!to_bits(entry, bits))
        return false;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool four = memcmp(bits, mapped, sizeof mapped) == 0;
    must(inet_ntop(four ? AF_INET : AF_INET6, four ? bits + 12 : bits, out, PROXIES_TEXT_MAX));
    return true;
}

static void find_client(const struct proxies *p, const char *peer, char *forwarded,
                        char out[PROXIES_TEXT_MAX])
{
    snprintf(out, PROXIES_TEXT_MAX, "%s", peer);
    for (char *comma = forwarded; comma && *forwarded && is_trusted(p, out);) {
        comma = strrchr(forwarded, ',');
        char *entry = comma ? comma + 1 : forwarded;
        if (!read_entry(entry, out))
            return;
        if (comma)
            *comma = '\0';
    }
}

static void check_list(const struct proxies *p)
{
    must(p->count >= 0 && p->count <= PROXIES_MAX);
    for (int i = 0; i < p->count; i++)
        must(p->list[i].bits >= 0 && p->list[i].bits <= 128);
}

static void check_client(const struct proxies *p, const char *peer, char *forwarded)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    const struct sockaddr *name = NULL;
    char shown[PROXIES_TEXT_MAX] = "unix", got[PROXIES_TEXT_MAX], wanted[PROXIES_TEXT_MAX];
    if (inet_pton(AF_INET, peer, &four.sin_addr) == 1)
        name = (const struct sockaddr *)&four;
    else if (inet_pton(AF_INET6, peer, &six.sin6_addr) == 1)
        name = (const struct sockaddr *)&six;
    char copy[PROXIES_TEXT_MAX];
    snprintf(copy, sizeof copy, "%.63s", peer);
    if (name)
        must(read_entry(copy, shown) || copy[0] == '[');
    proxies_client(p, name, forwarded, got);
    find_client(p, shown, forwarded, wanted);
    must(strcmp(got, wanted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxies p;
    struct err e = ERR_INIT;
    char *text = input_text(data, size), *forwarded = text;
    const char *list = input_line(&forwarded), *peer = input_line(&forwarded);
    enum err_code rc = proxies_read(&p, list, &e);
    must(rc == e.code && (rc == ERR_OK || (rc == ERR_BAD_PARAMETER && e.text[0])));
    check_list(&p);
    if (rc == ERR_OK)
        check_client(&p, peer, forwarded);
    free(text);
    return 0;
}
