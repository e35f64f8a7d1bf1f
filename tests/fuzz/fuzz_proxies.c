/* fuzz_proxies.c - --trusted-proxies and X-Forwarded-For. The first line is the list of proxies,
 * the second is the peer's address or `unix`, and the rest is the header.
 *
 * Claims: a second reader, address by address and bit by bit, takes the same lists and finds the
 * same client. The two share no code but inet_pton. */
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

/* The list of proxies, as the second reader finds it. */
struct trusted {
    bool local;
    int count;
    struct {
        uint8_t bits[16];
        int length; /* of the network, in bits of IPv6 */
    } networks[PROXIES_MAX];
};

/* Reads the number of bits behind a slash: digits, whose value is at most `most`. */
static bool read_length(const char *text, int most, int *out)
{
    *out = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9')
            return false;
        *out = *out * 10 + (*c - '0');
        if (*out > most)
            return false;
    }
    return *text != '\0';
}

/* Reads an entry: `unix`, an address, or a network. None needs PROXIES_TEXT_MAX bytes. */
static bool read_trusted(char *entry, struct trusted *t)
{
    if (strcmp(entry, "unix") == 0)
        return t->local = true;
    if (t->count == PROXIES_MAX || strlen(entry) >= PROXIES_TEXT_MAX)
        return false;
    char *slash = strchr(entry, '/');
    if (slash)
        *slash = '\0';
    int *length = &t->networks[t->count].length, shift = strchr(entry, ':') ? 0 : 96;
    *length = 128 - shift;
    if (!to_bits(entry, t->networks[t->count].bits) ||
        (slash && !read_length(slash + 1, 128 - shift, length)))
        return false;
    *length += shift;
    t->count++;
    return true;
}

/* Reads a list, whose entries commas and blanks separate. */
static bool read_list(const char *list, struct trusted *t)
{
    char *copy = strdup(list), *rest = copy;
    bool fine = true;
    must(copy != NULL);
    for (char *entry; fine && (entry = strtok_r(rest, ", \t", &rest));)
        fine = read_trusted(entry, t);
    free(copy);
    return fine;
}

static bool is_inside(const uint8_t network[16], int length, const uint8_t bits[16])
{
    for (int i = 0; i < length; i++)
        if ((network[i / 8] ^ bits[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

static bool is_trusted(const struct trusted *t, const char *address)
{
    uint8_t bits[16];
    if (!to_bits(address, bits))
        return strcmp(address, "unix") == 0 && t->local;
    for (int i = 0; i < t->count; i++)
        if (is_inside(t->networks[i].bits, t->networks[i].length, bits))
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

static void find_client(const struct trusted *t, const char *peer, char *forwarded,
                        char out[PROXIES_TEXT_MAX])
{
    snprintf(out, PROXIES_TEXT_MAX, "%s", peer);
    for (char *comma = forwarded; comma && *forwarded && is_trusted(t, out);) {
        comma = strrchr(forwarded, ',');
        char *entry = comma ? comma + 1 : forwarded;
        if (!read_entry(entry, out))
            return;
        if (comma)
            *comma = '\0';
    }
}

static void check_client(const struct proxies *p, const struct trusted *t, const char *peer,
                         char *forwarded)
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
    find_client(t, shown, forwarded, wanted);
    must(strcmp(got, wanted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxies p;
    struct trusted t = {.count = 0};
    struct err e = ERR_INIT;
    char *text = input_text(data, size), *forwarded = text;
    const char *list = input_line(&forwarded), *peer = input_line(&forwarded);
    enum err_code rc = proxies_read(&p, list, &e);
    must(rc == e.code && (rc == ERR_OK || (rc == ERR_BAD_PARAMETER && e.text[0])));
    must((rc == ERR_OK) == read_list(list, &t));
    if (rc == ERR_OK)
        check_client(&p, &t, peer, forwarded);
    free(text);
    return 0;
}
