/* test_listen.c - listening sockets: which texts and descriptors are taken, and what is said of the
 * others. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/host/listen.h"
#include "tests/lib/harness.h"

/* The program's own calls stand before the C library's: the named one fails, and getaddrinfo finds
 * each address `found` times. */
static const char *broken;
static int broken_errno, found = 1;

static bool breaks(const char *call)
{
    bool fails = broken && strcmp(broken, call) == 0;
    errno = fails ? broken_errno : errno;
    return fails;
}

/* The C library's function of that name. */
#define REAL(call) ((__typeof__(&(call)))dlsym(RTLD_NEXT, #call))

int socket(int family, int type, int protocol)
{
    bool old = family == AF_INET;
    return breaks("socket") && !old ? -1 : REAL(socket)(family, type, protocol);
}

int listen(int fd, int backlog)
{
    return breaks("listen") ? -1 : REAL(listen)(fd, backlog);
}

int getsockname(int fd, struct sockaddr *name, socklen_t *size)
{
    return breaks("getsockname") ? -1 : REAL(getsockname)(fd, name, size);
}

int getnameinfo(const struct sockaddr *name, socklen_t size, char *host, socklen_t host_size,
                char *port, socklen_t port_size, int flags)
{
    return breaks("getnameinfo")
               ? EAI_FAMILY
               : REAL(getnameinfo)(name, size, host, host_size, port, port_size, flags);
}

static struct addrinfo copies[4];

int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int failed = breaks("getaddrinfo") ? EAI_NONAME : REAL(getaddrinfo)(host, port, hints, out);
    if (failed || found == 1)
        return failed;
    for (int i = 0; i < found; i++) {
        copies[i] = **out;
        copies[i].ai_next = i + 1 < found ? &copies[i + 1] : NULL;
    }
    *out = copies;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    if (list != copies)
        REAL(freeaddrinfo)(list);
}

static struct listeners l;
static char folder[] = "/tmp/upscaled-listen-XXXXXX";

static void set_up(void)
{
    l.count = 0;
    broken = NULL;
    found = 1;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
    listeners_done(&l);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing is left in it */
}

/* Returns `unix:` and a path in the test's folder. The text is valid until the next call. */
static const char *address_of(const char *name)
{
    static char text[200];
    snprintf(text, sizeof text, "unix:%s/%s", folder, name);
    return text;
}

static void opens(const char *address)
{
    struct err e = ERR_INIT;
    ck_assert_msg(listeners_open(&l, address, &e) == ERR_OK, "%s", e.text);
}

/* Checks that the address is refused with that code and a sentence that has these words. */
static void refuses(const char *address, enum err_code code, const char *words)
{
    struct err e = ERR_INIT;
    int before = l.count;
    ck_assert_int_eq(listeners_open(&l, address, &e), code);
    ck_assert_msg(e.code == code && strstr(e.text, words), "%s", e.text);
    ck_assert_int_eq(l.count, before);
}

static int port_at(int i)
{
    const char *colon = strrchr(l.list[i].url, ':');
    return atoi(colon + 1);
}

START_TEST(other_texts_are_no_addresses)
{
    static const char *const texts[] = {"",
                                        "8080",
                                        "localhost",
                                        "localhost:",
                                        "127.0.0.1:http",
                                        "127.0.0.1:65536",
                                        "::1:8080",
                                        "[::1]",
                                        "[::1:8080",
                                        "127.0.0.1:123456",
                                        "127.0.0.1:80 ",
                                        "[]:x",
                                        "127.0.0.1:-1"};
    char longest[300];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        refuses(texts[i], ERR_BAD_PARAMETER, "write host:port, [v6]:port or unix:/path");
    memset(longest, 'a', sizeof longest);
    strcpy(longest + 200, ":80");
    refuses(longest, ERR_BAD_PARAMETER, "is not an address");
}
END_TEST

START_TEST(the_url_has_the_port_that_the_system_chose)
{
    opens("127.0.0.1:0");
    ck_assert_int_eq(l.count, 1);
    ck_assert_int_eq(strncmp(l.list[0].url, "http://127.0.0.1:", 17), 0);
    ck_assert_int_gt(port_at(0), 0);
    ck_assert_int_eq(fcntl(l.list[0].fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(fcntl(l.list[0].fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}
END_TEST

START_TEST(all_addresses_of_a_host_share_a_port)
{
    opens(":0");
    ck_assert_int_ge(l.count, 1);
    for (int i = 1; i < l.count; i++)
        ck_assert_int_eq(port_at(i), port_at(0));
}
END_TEST

START_TEST(an_address_is_opened_once)
{
    char again[LISTEN_URL_MAX];
    opens("127.0.0.1:0");
    strcpy(again, l.list[0].url + strlen("http://"));
    opens(again);
    ck_assert_int_eq(l.count, 1);
}
END_TEST

START_TEST(a_port_in_use_is_said_with_what_to_do)
{
    struct listeners other = {.count = 0};
    char address[LISTEN_URL_MAX];
    ck_assert_int_eq(listeners_open(&other, "127.0.0.1:0", NULL), ERR_OK);
    strcpy(address, other.list[0].url + strlen("http://"));
    refuses(address, ERR_IO, "stop the program that uses it, or choose another --listen");
    listeners_done(&other);
    opens(address);
}
END_TEST

START_TEST(an_address_of_another_machine_is_refused)
{
    refuses("192.0.2.1:0", ERR_IO, "this machine does not have that address (--listen)");
}
END_TEST

START_TEST(a_name_that_nobody_has_is_refused)
{
    broken = "getaddrinfo";
    refuses("name.invalid:0", ERR_IO, "cannot listen on name.invalid:0: ");
}
END_TEST

START_TEST(an_address_that_is_found_twice_is_opened_once)
{
    found = 4;
    opens("127.0.0.1:0");
    ck_assert_int_eq(l.count, 1);
}
END_TEST

START_TEST(what_the_system_refuses_is_said)
{
    static const struct {
        const char *call, *address, *words;
    } rows[] = {
        {"listen", "127.0.0.1:0", "cannot listen on 127.0.0.1:0: bind: "},
        {"getsockname", "127.0.0.1:0", "cannot listen on 127.0.0.1:0: getsockname: "},
        {"getnameinfo", "127.0.0.1:0", "cannot listen on 127.0.0.1:0: "},
        {"socket", "[::1]:0", "cannot listen on [::1]:0: socket: "},
    };
    broken_errno = EIO;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        broken = rows[i].call;
        refuses(rows[i].address, ERR_IO, rows[i].words);
    }
    broken = "socket";
    refuses(address_of("socket"), ERR_IO, "socket: ");
}
END_TEST

START_TEST(a_machine_without_ipv6_listens_with_the_other)
{
    broken = "socket";
    broken_errno = EAFNOSUPPORT;
    opens(":0");
    ck_assert_int_eq(l.count, 1);
    ck_assert_int_eq(strncmp(l.list[0].url, "http://0.0.0.0:", 15), 0);
    refuses("[::1]:0", ERR_IO, "cannot listen on [::1]:0: socket: ");
}
END_TEST

START_TEST(an_inherited_socket_without_a_name_is_refused)
{
    struct err e = ERR_INIT;
    struct listeners other = {.count = 0};
    ck_assert_int_eq(listeners_open(&other, "127.0.0.1:0", NULL), ERR_OK);
    broken = "getsockname";
    broken_errno = ENOBUFS;
    ck_assert_int_eq(listeners_inherit(&l, other.list[0].fd, 1, &e), ERR_IO);
    ck_assert_msg(strstr(e.text, "the inherited descriptor ") != NULL, "%s", e.text);
    ck_assert_int_eq(l.count, 0);
    listeners_done(&other);
}
END_TEST

START_TEST(a_socket_of_a_path_is_made_and_removed)
{
    struct stat st;
    opens(address_of("socket"));
    ck_assert_str_eq(l.list[0].url, address_of("socket"));
    ck_assert_int_eq(stat(l.list[0].path, &st), 0);
    refuses(address_of("socket"), ERR_IO, "stop the program that uses it"); /* it listens */
    listeners_done(&l);
    ck_assert_int_ne(stat(address_of("socket") + strlen("unix:"), &st), 0);
}
END_TEST

START_TEST(a_path_has_a_length)
{
    char longest[200] = "unix:/";
    refuses("unix:", ERR_BAD_PARAMETER, "a socket's path has 1 to 107 bytes");
    memset(longest + 6, 'a', 107);
    refuses(longest, ERR_BAD_PARAMETER, "a socket's path has 1 to 107 bytes");
    refuses("unix:/nowhere/at/all", ERR_IO, "No such file or directory");
}
END_TEST

/* A process that was killed leaves its socket. Whatever else has the name is not touched. */
START_TEST(only_a_socket_that_nobody_listens_on_is_replaced)
{
    const char *path = address_of("left") + strlen("unix:");
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(name.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    opens(address_of("left"));
    listeners_done(&l);
    fd = open(name.sun_path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    refuses(address_of("left"), ERR_IO, "Address already in use");
    ck_assert(stat(name.sun_path, &st) == 0 && S_ISREG(st.st_mode));
    unlink(name.sun_path);
}
END_TEST

START_TEST(a_folder_that_one_may_not_write_to_is_said)
{
    uid_t own = geteuid();
    ck_assert_int_eq(chmod(folder, 0555), 0);
    ck_assert(own != 0 || seteuid(65534) == 0);
    refuses(address_of("socket"), ERR_IO, "or a folder you may write to");
    ck_assert(own != 0 || seteuid(own) == 0);
}
END_TEST

START_TEST(addresses_have_a_number)
{
    char name[20];
    for (int i = 0; i < LISTENERS_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        opens(address_of(name));
    }
    refuses(address_of("more"), ERR_BAD_PARAMETER, "at most 32 addresses are possible");
    refuses("127.0.0.1:0", ERR_BAD_PARAMETER, "127.0.0.1:0: at most 32 addresses");
    ck_assert_int_eq(listeners_inherit(&l, l.list[0].fd, 1, NULL), ERR_BAD_PARAMETER);
}
END_TEST

START_TEST(descriptors_that_are_out_are_said)
{
    struct rlimit old, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = (struct rlimit){3, old.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    refuses("127.0.0.1:0", ERR_IO, "Too many open files");
    refuses(address_of("socket"), ERR_IO, "Too many open files");
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
}
END_TEST

static void refuses_descriptor(int fd)
{
    struct err e = ERR_INIT;
    ck_assert_int_eq(listeners_inherit(&l, fd, 1, &e), ERR_IO);
    ck_assert_msg(strstr(e.text, "is not a listening stream socket"), "%s", e.text);
    ck_assert_int_eq(l.count, 0);
    close(fd);
}

START_TEST(only_listening_stream_sockets_are_inherited)
{
    refuses_descriptor(open("/dev/null", O_RDONLY));
    refuses_descriptor(socket(AF_INET, SOCK_DGRAM, 0));
    refuses_descriptor(socket(AF_INET, SOCK_STREAM, 0));
}
END_TEST

START_TEST(an_inherited_socket_is_described_and_not_removed)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(name.sun_path, address_of("theirs") + strlen("unix:"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(listeners_inherit(&l, fd, 1, NULL), ERR_OK);
    ck_assert(l.count == 1 && l.list[0].inherited);
    ck_assert_str_eq(l.list[0].url, address_of("theirs"));
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    listeners_done(&l);
    ck_assert_int_eq(stat(name.sun_path, &st), 0);
    unlink(name.sun_path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("listen");
    TCase *c = tcase_create("listen");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, other_texts_are_no_addresses);
    tcase_add_test(c, the_url_has_the_port_that_the_system_chose);
    tcase_add_test(c, all_addresses_of_a_host_share_a_port);
    tcase_add_test(c, an_address_is_opened_once);
    tcase_add_test(c, a_port_in_use_is_said_with_what_to_do);
    tcase_add_test(c, an_address_of_another_machine_is_refused);
    tcase_add_test(c, a_name_that_nobody_has_is_refused);
    tcase_add_test(c, an_address_that_is_found_twice_is_opened_once);
    tcase_add_test(c, what_the_system_refuses_is_said);
    tcase_add_test(c, a_machine_without_ipv6_listens_with_the_other);
    tcase_add_test(c, an_inherited_socket_without_a_name_is_refused);
    tcase_add_test(c, a_socket_of_a_path_is_made_and_removed);
    tcase_add_test(c, a_path_has_a_length);
    tcase_add_test(c, only_a_socket_that_nobody_listens_on_is_replaced);
    tcase_add_test(c, a_folder_that_one_may_not_write_to_is_said);
    tcase_add_test(c, addresses_have_a_number);
    tcase_add_test(c, descriptors_that_are_out_are_said);
    tcase_add_test(c, only_listening_stream_sockets_are_inherited);
    tcase_add_test(c, an_inherited_socket_is_described_and_not_removed);
    suite_add_tcase(s, c);
    return harness_run(s);
}
