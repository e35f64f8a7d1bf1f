/* test_cgroup.c - the CPUs and the memory that control groups grant, in folders that look like the
 * system's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/host/cpus.h"
#include "server/host/memory.h"
#include "tests/lib/harness.h"

static char root[64];

/* Writes a file below the root and makes the folders on the way. */
static void put(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *at = strchr(full + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        ck_assert(mkdir(full, 0700) == 0 || errno == EEXIST);
        *at = '/';
    }
    FILE *f = fopen(full, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void begin(void)
{
    strcpy(root, "/tmp/upscaled-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void end(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(no_control_groups_set_no_quota)
{
    ck_assert_int_eq(cpus_quota(root), 0);
    put("/proc/self/cgroup", "junk\n\n0\n0:\n");
    ck_assert_int_eq(cpus_quota(root), 0);
    put("/proc/self/cgroup", "0::/a\n");
    ck_assert_int_eq(cpus_quota(root), 0);
}
END_TEST

START_TEST(quota_of_version_2_is_rounded_up)
{
    static const struct {
        const char *text;
        int cpus;
    } rows[] = {
        {"max 100000\n", 0},
        {"100000 100000\n", 1},
        {"50000 100000\n", 1},
        {"150000 100000\n", 2},
        {"400000 100000\n", 4},
        {"400000 50000\n", 8},
        {"0 100000\n", 0},
        {"100000 0\n", 0},
        {"", 0},
        {"nonsense\n", 0},
        {"9223372036854775807 1\n", 0},
        {"150000 9223372036854775807\n", 1},
    };
    put("/proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        put("/sys/fs/cgroup/cpu.max", rows[i].text);
        ck_assert_msg(cpus_quota(root) == rows[i].cpus, "%s: %d", rows[i].text, cpus_quota(root));
    }
}
END_TEST

START_TEST(quota_of_a_group_above_counts)
{
    put("/proc/self/cgroup", "0::/system.slice/upscaled.service\n");
    put("/sys/fs/cgroup/system.slice/upscaled.service/cpu.max", "300000 100000\n");
    ck_assert_int_eq(cpus_quota(root), 3);
    put("/sys/fs/cgroup/system.slice/cpu.max", "200000 100000\n");
    ck_assert_int_eq(cpus_quota(root), 2);
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    ck_assert_int_eq(cpus_quota(root), 2);
}
END_TEST

START_TEST(quota_at_the_top_counts_where_the_path_is_another_ones)
{
    put("/proc/self/cgroup", "0::/docker/0123456789abcdef\n");
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    ck_assert_int_eq(cpus_quota(root), 2);
}
END_TEST

START_TEST(quota_of_version_1_is_found_by_its_controller)
{
    put("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/a/b\n1:name=systemd:/y\n0::/\n");
    put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(cpus_quota(root), 0);
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "250000\n");
    put("/sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");
    ck_assert_int_eq(cpus_quota(root), 3);
}
END_TEST

START_TEST(at_least_one_cpu_may_be_used)
{
    ck_assert_int_ge(cpus_usable(), 1);
}
END_TEST

enum { MIB = 1 << 20 };

/* Makes the files of a machine with 1 GiB of memory. */
static void put_machine(void)
{
    put("/proc/meminfo", "MemTotal:        1048576 kB\nMemFree:          10 kB\n");
}

START_TEST(memory_is_three_quarters_of_the_machines)
{
    put_machine();
    ck_assert_int_eq(memory_default(root), 768 * MIB);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "max\n");
    ck_assert_int_eq(memory_default(root), 768 * MIB);
    put("/sys/fs/cgroup/memory.max", "1073741824\n");
    ck_assert_int_eq(memory_default(root), 768 * MIB);
}
END_TEST

START_TEST(memory_of_a_group_less_an_eighth)
{
    put_machine();
    put("/proc/self/cgroup", "0::/a/b\n");
    put("/sys/fs/cgroup/a/b/memory.max", "536870912\n");
    ck_assert_int_eq(memory_default(root), 448 * MIB);
    put("/sys/fs/cgroup/a/memory.max", "67108864\n");
    ck_assert_int_eq(memory_default(root), 56 * MIB);
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    ck_assert_int_eq(memory_default(root), 56 * MIB);
}
END_TEST

START_TEST(memory_of_version_1)
{
    put_machine();
    put("/proc/self/cgroup", "9:memory:/a\n4:cpu,cpuacct:/b\n");
    put("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/cpu/b/memory.limit_in_bytes", "1048576\n");
    ck_assert_int_eq(memory_default(root), 768 * MIB);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
    ck_assert_int_eq(memory_default(root), 112 * MIB);
}
END_TEST

START_TEST(memory_where_nothing_is_known)
{
    ck_assert_int_eq(memory_default(root), 48 * MIB);
    put("/proc/meminfo", "MemTotal: much\n");
    ck_assert_int_eq(memory_default(root), 48 * MIB);
}
END_TEST

START_TEST(this_process_is_resident)
{
    int statm = open("/proc/self/statm", O_RDONLY);
    ck_assert_int_gt(memory_resident(statm), 100000);
    close(statm);
    ck_assert_int_eq(memory_resident(-1), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cgroup");
    TCase *c = tcase_create("cgroup");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, no_control_groups_set_no_quota);
    tcase_add_test(c, quota_of_version_2_is_rounded_up);
    tcase_add_test(c, quota_of_a_group_above_counts);
    tcase_add_test(c, quota_at_the_top_counts_where_the_path_is_another_ones);
    tcase_add_test(c, quota_of_version_1_is_found_by_its_controller);
    tcase_add_test(c, at_least_one_cpu_may_be_used);
    tcase_add_test(c, memory_is_three_quarters_of_the_machines);
    tcase_add_test(c, memory_of_a_group_less_an_eighth);
    tcase_add_test(c, memory_of_version_1);
    tcase_add_test(c, memory_where_nothing_is_known);
    tcase_add_test(c, this_process_is_resident);
    suite_add_tcase(s, c);
    return harness_run(s);
}
