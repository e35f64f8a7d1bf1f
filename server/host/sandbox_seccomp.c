/* sandbox_seccomp.c - allows the system calls that the daemon makes, and no others. See sandbox.h.
 *
 * Two tables become a program in the kernel's classic BPF (seccomp(2)). Other calls fail with EPERM
 * and do not kill the process. So if a newer C library makes a call that is not in the tables, only
 * that call fails. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/host/sandbox.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef OUR_ARCH

/* aarch64 lacks the old forms of some calls. */
static const int allowed[] = {
    /* open sockets; only accept makes new ones */
    SYS_accept, SYS_accept4, SYS_shutdown, SYS_sendto, SYS_sendmsg, SYS_recvfrom, SYS_recvmsg,
    SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_sendfile,
    /* waiting */
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_eventfd2, SYS_pipe2,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_restart_syscall,
#ifdef SYS_epoll_wait
    SYS_epoll_wait, SYS_poll,
#endif
    /* descriptors and files; Landlock restricts the files */
    SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_close, SYS_lseek, SYS_fcntl,
    SYS_fstat, SYS_newfstatat, SYS_statx, SYS_getdents64, SYS_unlinkat,
#ifdef SYS_unlink
    SYS_unlink,
#endif
    /* memory */
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise,
    /* threads and signals of our own */
    SYS_futex, SYS_set_robust_list, SYS_rseq, SYS_gettid, SYS_getpid, SYS_tgkill, SYS_exit,
    SYS_exit_group, SYS_sched_yield, SYS_sched_getaffinity, SYS_rt_sigaction, SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_membarrier,
    /* properties of the machine and the process */
    SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_getrandom, SYS_getrusage,
    SYS_sysinfo, SYS_uname, SYS_prlimit64, SYS_getcpu};

/* Calls that depend on an argument: they fail if it has any of the bits in `mask`, or with `needs`
 * if it has none. */
static const struct conditional {
    int call, argument;
    uint32_t mask;
    bool needs;
} conditional[] = {
    {SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, false}, /* only to read */
    {SYS_mmap, 2, PROT_EXEC, false},
    {SYS_mprotect, 2, PROT_EXEC, false},
    {SYS_clone, 0, CLONE_THREAD, true}, /* only threads, no processes */
};

enum {
    ALLOWED = sizeof allowed / sizeof *allowed,
    CONDITIONAL = sizeof conditional / sizeof *conditional,
    PROGRAM_MAX = 8 + 2 * ALLOWED + 5 * CONDITIONAL + 3
};

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short length;
};

static void load(struct program *p, size_t offset)
{
    p->code[p->length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static void give(struct program *p, uint32_t verdict)
{
    p->code[p->length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict);
}

/* Skips the next `yes` instructions if the comparison holds, else the next `no`. */
static void jump(struct program *p, unsigned short kind, uint32_t value, uint8_t yes, uint8_t no)
{
    p->code[p->length++] =
        (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | kind | BPF_K), value, yes, no);
}

static const uint32_t refuse = SECCOMP_RET_ERRNO | EPERM;

static void allow(struct program *p, int call)
{
    jump(p, BPF_JEQ, (uint32_t)call, 0, 1);
    give(p, SECCOMP_RET_ALLOW);
}

static void allow_some(struct program *p, const struct conditional *c)
{
    /* the lower half of the argument, which comes first in memory on both architectures */
    size_t at = offsetof(struct seccomp_data, args) + sizeof(uint64_t) * (size_t)c->argument;
    jump(p, BPF_JEQ, (uint32_t)c->call, 0, 4);
    load(p, at);
    jump(p, BPF_JSET, c->mask, 0, 1);
    give(p, c->needs ? SECCOMP_RET_ALLOW : refuse);
    give(p, c->needs ? refuse : SECCOMP_RET_ALLOW);
}

static void write_program(struct program *p)
{
    p->length = 0;
    load(p, offsetof(struct seccomp_data, arch));
    jump(p, BPF_JEQ, OUR_ARCH, 1, 0);
    give(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < ALLOWED; i++)
        allow(p, allowed[i]);
    for (int i = 0; i < CONDITIONAL; i++)
        allow_some(p, &conditional[i]);
    /* The filter cannot read the flags of clone3, which are in memory. With ENOSYS the C library
     * falls back to clone. */
    jump(p, BPF_JEQ, SYS_clone3, 0, 1);
    give(p, SECCOMP_RET_ERRNO | ENOSYS);
    give(p, refuse);
}

bool sandbox_seccomp(void)
{
    struct program p;
    write_program(&p);
    struct sock_fprog whole = {.len = p.length, .filter = p.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) == 0;
}

#else

bool sandbox_seccomp(void)
{
    return false; /* the call numbers of this architecture are not in the tables */
}

#endif
