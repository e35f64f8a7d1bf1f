/* cgroup.c - see cgroup.h. */
#include "server/host/cgroup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "server/base/list.h"

enum { PATH_BYTES = 1024 };

int cgroup_read(const char *folder, const char *file, long long *a, long long *b)
{
    char path[PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    int count = fscanf(f, "%lld %lld", a, b);
    fclose(f);
    return count;
}

/* The search for the least limit of several groups. */
struct search {
    const char *root, *controller;
    cgroup_value *at;
    int64_t least;
};

static void ask(struct search *s, const char *folder)
{
    int64_t here = s->at(folder);
    if (here > 0 && (s->least == 0 || here < s->least))
        s->least = here;
}

/* Asks the group `path` below `mount`, and all groups above it. In a container, the container's
 * group may be mounted at the top while `path` is its name outside; then only the top exists. */
static void ask_upwards(struct search *s, const char *mount, const char *path)
{
    char folder[PATH_BYTES];
    size_t top = strlen(mount);
    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return;
    for (;;) {
        ask(s, folder);
        char *slash = strrchr(folder + top, '/');
        if (!slash)
            return;
        *slash = '\0';
    }
}

static bool has_word(const char *list, const char *word)
{
    struct list_item item;
    while (list_next_word(&list, &item))
        if (list_item_is(&item, word))
            return true;
    return false;
}

/* Reads a line of /proc/self/cgroup: "0::/a/b" is version 2, and "4:cpu,cpuacct:/a/b" is a
 * hierarchy of version 1. */
static void ask_line(struct search *s, char *line)
{
    char mount[PATH_BYTES];
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(++controllers, ':') : NULL;
    if (!path)
        return;
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (*controllers && !has_word(controllers, s->controller))
        return;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s%s", s->root, *controllers ? "/" : "",
             *controllers ? s->controller : "");
    ask_upwards(s, mount, path);
}

int64_t cgroup_least(const char *root, const char *controller, cgroup_value *at)
{
    struct search s = {root, controller, at, 0};
    char path[PATH_BYTES], line[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        ask_line(&s, line);
    fclose(f);
    return s.least;
}
