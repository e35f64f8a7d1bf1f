/* test_sandbox.c - the sandbox from inside: what must still work, and what must fail. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/host/sandbox.h"
#include "tests/lib/harness.h"

static char folder[64], file[100], name[100];
static int listener, unconnected;
static struct sockaddr_in address;

static void begin(void)
{
    socklen_t size = sizeof address;
    strcpy(folder, "/tmp/upscaled-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/model.json", folder);
    snprintf(name, sizeof name, "%s/sockets", folder);
    ck_assert_int_eq(mkdir(name, 0700), 0);
    snprintf(name, sizeof name, "%s/sockets/s", folder);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    close(open(name, O_CREAT | O_WRONLY, 0600));
    listener = socket(AF_INET, SOCK_STREAM, 0);
    unconnected = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    close(listener);
    close(unconnected);
}

/* ---- actions that must still work; each returns 0, or what went wrong */

static int reads_a_model(void)
{
    int fd = open(file, O_RDONLY);
    return fd < 0 || close(fd);
}

static void *nothing(void *arg)
{
    return arg;
}

static int starts_a_thread(void)
{
    pthread_t t;
    return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL);
}

static int takes_memory(void)
{
    char *big = malloc(100 << 20);
    if (!big)
        return 1;
    memset(big, 1, 100 << 20);
    free(big);
    return 0;
}

static int removes_its_socket(void)
{
    return unlink(name);
}

static int signals_itself(void)
{
    return pthread_kill(pthread_self(), 0);
}

/* ---- actions that must fail; each returns 0 if it succeeded, else -1 */

static int opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int reads_a_password(void)
{
    return opens("/etc/passwd", O_RDONLY);
}

static int reads_its_own_memory(void)
{
    return opens("/proc/self/mem", O_RDONLY);
}

static int writes_a_model(void)
{
    return opens(file, O_WRONLY) & opens(file, O_RDWR) & opens(file, O_RDONLY | O_TRUNC);
}

static int makes_a_file(void)
{
    char path[120];
    snprintf(path, sizeof path, "%s/new", folder);
    return opens(path, O_WRONLY | O_CREAT) & opens(folder, O_RDWR | O_TMPFILE) &
           opens("/tmp/upscaled-test-new", O_WRONLY | O_CREAT);
}

static int makes_a_folder(void)
{
    char path[120];
    snprintf(path, sizeof path, "%s/new", folder);
    return mkdir(path, 0700);
}

static int removes_a_model(void)
{
    return unlink(file) & rename(file, name);
}

static int runs_a_program(void)
{
    char shell[] = "/bin/true";
    char *const arguments[] = {shell, NULL};
    return execve(shell, arguments, NULL); /* the status is 0 if it can run */
}

static int forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? -1 : 0;
}

static int opens_a_socket(void)
{
    return (socket(AF_INET, SOCK_STREAM, 0) & socket(AF_UNIX, SOCK_STREAM, 0) &
            socket(AF_INET, SOCK_DGRAM, 0)) < 0
               ? -1
               : 0;
}

static int connects(void)
{
    return connect(unconnected, (struct sockaddr *)&address, sizeof address);
}

static int binds(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    return bind(unconnected, (struct sockaddr *)&any, sizeof any);
}

static int maps_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
}

static int makes_memory_code(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(at, 4096, PROT_READ | PROT_EXEC);
}

static int signals_its_parent(void)
{
    return kill(getppid(), 0);
}

static int is_traced(void)
{
    return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int undoes_it(void)
{
    return (int)syscall(SYS_unshare, 0x10000000) & chroot("/") & setuid(0);
}

/* ---- */

enum { NO_SANDBOX = 77 };

/* Runs `act` in a process that has entered the sandbox, or has not. Returns 0 if `act` returned
 * 0. */
static int inside(bool sandboxed, int (*act)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        static struct sandbox_plan plan;
        struct sandbox_state state;
        sandbox_allow_beside(&plan, file, false);
        sandbox_allow_beside(&plan, name, true);
        if (sandboxed && sandbox_enter(SANDBOX_STRICT, &plan, &state, NULL) != ERR_OK)
            _exit(NO_SANDBOX);
        _exit(act() == 0 ? 0 : 1);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int (*const allowed[])(void) = {reads_a_model, starts_a_thread, takes_memory,
                                       removes_its_socket, signals_itself};

START_TEST(what_the_daemon_does_goes_on)
{
    ck_assert_int_eq(inside(true, allowed[_i]), 0);
}
END_TEST

static int (*const forbidden[])(void) = {
    reads_a_password,
    reads_its_own_memory,
    writes_a_model,
    makes_a_file,
    makes_a_folder,
    removes_a_model,
    runs_a_program,
    forks,
    opens_a_socket,
    connects,
    binds,
    maps_code,
    makes_memory_code,
    signals_its_parent,
    is_traced,
    undoes_it,
};

START_TEST(what_it_never_does_fails)
{
    ck_assert_int_eq(inside(true, forbidden[_i]), 1);
    if (forbidden[_i] != undoes_it) /* to prove anything, the others must succeed outside */
        ck_assert_int_eq(inside(false, forbidden[_i]), 0);
}
END_TEST

/* Enters Landlock alone, to show that each layer works without the other. */
static int landlock_alone(void)
{
    static struct sandbox_plan plan;
    int version = 0;
    sandbox_allow_beside(&plan, file, false);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        sandbox_landlock(&plan, &version, NULL) != ERR_OK || version == 0)
        return 1;
    return reads_a_model() != 0 || reads_a_password() == 0 || writes_a_model() == 0 ||
           makes_a_file() == 0 || runs_a_program() == 0 ||
           (version >= 4 && (connects() == 0 || binds() == 0));
}

static int seccomp_alone(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !sandbox_seccomp())
        return 1;
    return reads_a_password() != 0 || writes_a_model() == 0 || runs_a_program() == 0 ||
           connects() == 0 || opens_a_socket() == 0 || maps_code() == 0;
}

START_TEST(each_layer_holds_alone)
{
    ck_assert_int_eq(inside(false, landlock_alone), 0);
    ck_assert_int_eq(inside(false, seccomp_alone), 0);
}
END_TEST

/* Enters the sandbox and tries what the thread can do. *arg becomes 1 if all is as it should be. */
static void *enter(void *arg)
{
    static struct sandbox_plan plan;
    struct sandbox_state state;
    sandbox_allow_beside(&plan, file, false);
    sandbox_allow_beside(&plan, name, true);
    *(int *)arg = sandbox_enter(SANDBOX_STRICT, &plan, &state, NULL) == ERR_OK &&
                  reads_a_model() == 0 && reads_a_password() != 0 && writes_a_model() != 0 &&
                  connects() != 0;
    return NULL;
}

/* This is why serve enters the sandbox before it starts its threads. */
START_TEST(it_binds_the_thread_that_enters_it)
{
    pthread_t thread;
    int bound = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, enter, &bound), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(bound, 1);
    ck_assert_int_eq(reads_a_password(), 0);
    ck_assert_int_eq(connects(), 0);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    struct sandbox_plan *plan = calloc(1, sizeof *plan);
    struct err e = ERR_INIT;
    int version;
    sandbox_allow(plan, "/nonexistent", false);
    ck_assert_int_eq(sandbox_landlock(plan, &version, &e), ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent"));
    free(plan);
}
END_TEST

START_TEST(modes_are_words)
{
    enum sandbox_mode mode;
    ck_assert_int_eq(sandbox_read_mode(NULL, &mode, NULL), ERR_OK);
    ck_assert_int_eq(mode, SANDBOX_AUTO);
    ck_assert_int_eq(sandbox_read_mode("strict", &mode, NULL), ERR_OK);
    ck_assert_int_eq(mode, SANDBOX_STRICT);
    ck_assert_int_eq(sandbox_read_mode("Strict", &mode, NULL), ERR_BAD_PARAMETER);
}
END_TEST

START_TEST(what_is_missing_is_named)
{
    struct sandbox_state s = {.no_new_privs = true, .landlock = 3, .seccomp = true};
    ck_assert_str_ne(sandbox_missing(&s), "");
    s.network = true;
    ck_assert_str_eq(sandbox_missing(&s), "");
    s.seccomp = false;
    ck_assert_ptr_nonnull(strstr(sandbox_missing(&s), "seccomp"));
}
END_TEST

int main(void)
{
    struct sandbox_state all = {true, 7, true, true};
    strcpy(folder, "/tmp");
    strcpy(file, "/tmp/x");
    strcpy(name, "/tmp/x");
    if (*sandbox_missing(&all) || inside(true, signals_itself) == NO_SANDBOX)
        return harness_skip("this kernel or this build cannot have all of the sandbox");
    Suite *suite = suite_create("sandbox");
    TCase *t = tcase_create("sandbox");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, what_the_daemon_does_goes_on, 0, sizeof allowed / sizeof *allowed);
    tcase_add_loop_test(t, what_it_never_does_fails, 0, sizeof forbidden / sizeof *forbidden);
    tcase_add_test(t, each_layer_holds_alone);
    tcase_add_test(t, it_binds_the_thread_that_enters_it);
    tcase_add_test(t, a_folder_that_is_not_there_is_named);
    tcase_add_test(t, modes_are_words);
    tcase_add_test(t, what_is_missing_is_named);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
