/* test_proxies.c - which peers are believed about the client's address. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "server/access/proxies.h"
#include "tests/lib/harness.h"

static const struct sockaddr *address(const char *text)
{
    static struct sockaddr_in four;
    static struct sockaddr_in6 six;
    static struct sockaddr_un local = {.sun_family = AF_UNIX};
    four.sin_family = AF_INET;
    six.sin6_family = AF_INET6;
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return (const struct sockaddr *)&four;
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        return (const struct sockaddr *)&six;
    return (const struct sockaddr *)&local;
}

static const struct {
    const char *trusted, *peer, *forwarded, *client;
} cases[] = {
    /* no peer is trusted by default */
    {NULL, "10.0.0.1", "1.2.3.4", "10.0.0.1"},
    {"", "10.0.0.1", "1.2.3.4", "10.0.0.1"},
    {"10.0.0.2", "10.0.0.1", "1.2.3.4", "10.0.0.1"},
    {"10.0.0.1", "unix", "1.2.3.4", "unix"},
    /* trusted peers are believed */
    {"10.0.0.1", "10.0.0.1", "1.2.3.4", "1.2.3.4"},
    {"10.0.0.1", "10.0.0.1", NULL, "10.0.0.1"},
    {"10.0.0.1", "10.0.0.1", "", "10.0.0.1"},
    {"unix", "unix", "1.2.3.4", "1.2.3.4"},
    {"::1", "::1", "2001:db8::5", "2001:db8::5"},
    {"10.0.0.1", "::ffff:10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"},
    {"192.0.2.1 ,10.0.0.0/8", "10.200.3.4", "1.2.3.4", "1.2.3.4"},
    /* networks end after their bits */
    {"10.0.0.0/9", "10.127.255.255", "1.2.3.4", "1.2.3.4"},
    {"10.0.0.0/9", "10.128.0.0", "1.2.3.4", "10.128.0.0"},
    {"0.0.0.0/0", "10.128.0.0", "1.2.3.4", "1.2.3.4"},
    {"0.0.0.0/0", "2001:db8::5", "1.2.3.4", "2001:db8::5"},
    {"2001:db8::/33", "2001:db8:7fff::1", "1.2.3.4", "1.2.3.4"},
    {"2001:db8::/33", "2001:db8:8000::1", "1.2.3.4", "2001:db8:8000::1"},
    /* addresses that the client wrote itself stand further left, and are not reached */
    {"10.0.0.1", "10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"},
    {"10.0.0.0/8", "10.0.0.1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"},
    {"10.0.0.0/8", "10.0.0.1", "10.1.1.1,10.2.2.2", "10.1.1.1"},
    {"10.0.0.0/8", "10.0.0.1", "junk, 10.9.9.9", "10.9.9.9"},
    {"10.0.0.0/8", "10.0.0.1", "1.2.3.4,,", "10.0.0.1"},
    {"10.0.0.1", "10.0.0.1", "1.2.3.4\"\n{", "10.0.0.1"},
    /* ports */
    {"10.0.0.1", "10.0.0.1", "1.2.3.4:55", "1.2.3.4"},
    {"10.0.0.1", "10.0.0.1", "[2001:db8::5]:55", "2001:db8::5"},
    {"10.0.0.1", "10.0.0.1", "[2001:db8::5]", "2001:db8::5"},
};

START_TEST(finds_the_client)
{
    struct proxies p;
    struct err e = ERR_INIT;
    char client[PROXIES_TEXT_MAX];
    ck_assert_msg(proxies_read(&p, cases[_i].trusted, &e) == ERR_OK, "%s", e.text);
    proxies_client(&p, address(cases[_i].peer), cases[_i].forwarded, client);
    ck_assert_str_eq(client, cases[_i].client);
}
END_TEST

START_TEST(refuses_what_is_no_network)
{
    static const char *const texts[] = {
        "localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0", "*",
        "10.0.0.0/8/8", "10.0.0.1 junk", "/8",
        /* the first 63 bytes of this end in /0, which every address is within */
        "10.0.0.1/00000000000000000000000000000000000000000000000000000000032"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct proxies p;
        struct err e = ERR_INIT;
        ck_assert_msg(proxies_read(&p, texts[i], &e) == ERR_BAD_PARAMETER, "%s", texts[i]);
        ck_assert_ptr_nonnull(strstr(e.text, "trusted-proxies"));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("proxies");
    TCase *t = tcase_create("proxies");
    tcase_add_loop_test(t, finds_the_client, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(t, refuses_what_is_no_network);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
