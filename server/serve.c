/* serve.c - `upscaled serve`: starts the daemon's parts, waits for signals, ends them in order. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/commands.h"
#include "server/cpus.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/options.h"
#include "server/service.h"

static const char default_address[] = "127.0.0.1:8080";

enum { FIRST_INHERITED = 3 };

/* Requests in work at a time where --max-running is 0: enough that workers always find a piece
 * while others decode or encode, few enough that their pictures fit into memory. */
enum { RUNNING_PER_THREAD = 4 };

struct daemon {
    struct options options;
    struct service service;
    struct http *http;
    struct listeners listeners;
};

/* sd_listen_fds(3): the descriptors from 3 on are for the process that the variables name. */
static int count_inherited(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid())
        return 0;
    long n = strtol(count, NULL, 10);
    return n > 0 && n <= LISTENERS_MAX ? (int)n : 0;
}

static enum err_code open_listeners(struct daemon *d, struct err *e)
{
    const struct options *o = &d->options;
    enum err_code rc = listeners_inherit(&d->listeners, FIRST_INHERITED, count_inherited(), e);
    for (int i = 0; rc == ERR_OK && i < o->listen_count; i++)
        rc = listeners_open(&d->listeners, o->listen[i], e);
    if (rc == ERR_OK && d->listeners.count == 0)
        rc = listeners_open(&d->listeners, default_address, e);
    return rc;
}

/* The http takes over each socket. */
static enum err_code serve_listeners(struct daemon *d, struct err *e)
{
    struct listeners *l = &d->listeners;
    for (int i = 0; i < l->count; i++) {
        int fd = l->list[i].fd;
        l->list[i].fd = -1;
        enum err_code rc = http_listen(d->http, fd, l->list[i].inherited, e);
        if (rc != ERR_OK)
            return rc;
    }
    for (int i = 0; i < l->count; i++)
        printf("listening on %s\n", l->list[i].url);
    fflush(stdout);
    return ERR_OK;
}

static enum err_code start(struct daemon *d, struct err *e)
{
    struct options *o = &d->options;
    struct model_limits limits = options_model_limits(o);
    int threads = o->threads > 0 ? (int)o->threads : cpus_usable();
    struct jobs_config jobs = {
        .running = o->max_running > 0 ? (int)o->max_running : threads * RUNNING_PER_THREAD,
        .waiting = (int)o->queue,
        .timeout_ms = o->queue_timeout * 1000,
    };
    enum err_code rc = proxies_read(&d->service.proxies, o->trusted_proxies, e);
    if (rc == ERR_OK)
        rc = open_listeners(d, e); /* first: the likeliest mistake, told before the wait */
    d->service.options = o;
    if (rc == ERR_OK && o->api_keys)
        rc = keys_new(o->api_keys, &d->service.keys, e);
    if (rc == ERR_OK)
        rc = pool_new(threads, &d->service.pool, e);
    if (rc == ERR_OK)
        rc = models_new(d->service.pool, o->models, &limits, &d->service.models, e);
    if (rc == ERR_OK)
        rc = jobs_new(&jobs, &d->service.jobs, e);
    if (rc == ERR_OK)
        rc = http_new(&d->service, &d->http, e);
    if (rc == ERR_OK)
        rc = serve_listeners(d, e);
    return rc;
}

static void stop(struct daemon *d)
{
    http_free(d->http);
    jobs_free(d->service.jobs);
    models_free(d->service.models);
    keys_free(d->service.keys);
    pool_free(d->service.pool);
    listeners_done(&d->listeners);
    options_done(&d->options);
}

/* A client is a file: take as many as the system grants. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void our_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

static void reload(struct daemon *d)
{
    struct err e = ERR_INIT;
    if (models_reload(d->service.models, &e) == ERR_OK)
        fprintf(stderr, "upscaled: models reloaded\n");
    else
        command_complain("models not reloaded, the old ones stay", &e);
}

static void wait_for_end(struct daemon *d)
{
    sigset_t set;
    int got = 0;
    our_signals(&set);
    while (sigwait(&set, &got) != 0 || got == SIGHUP)
        if (got == SIGHUP)
            reload(d);
}

static void end_at_once(int number)
{
    (void)number;
    _exit(1);
}

/* From here on SIGTERM and SIGINT do not wait for anybody. Not by their default action: the first
 * process of a container has none. */
static void heed_second_signal(void)
{
    struct sigaction action = {.sa_handler = end_at_once};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int run(struct daemon *d)
{
    struct err e = ERR_INIT;
    sigset_t set;
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread, so that all inherit it */
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    if (start(d, &e) != ERR_OK) {
        command_complain("serve", &e);
        return e.code == ERR_BAD_PARAMETER ? 2 : 1;
    }
    wait_for_end(d);
    heed_second_signal();
    http_drain(d->http, d->options.shutdown_timeout * 1000);
    return 0;
}

int command_serve(int argc, char **argv)
{
    static struct daemon d; /* large, and there is one */
    struct err e = ERR_INIT;
    int rest;
    if (options_read(&d.options, FOR_SERVE, argc, argv, &rest, environ, &e) == ERR_OK && rest > 0)
        err_set(&e, ERR_BAD_PARAMETER, "`%.64s` is not an option", argv[0]);
    if (e.code != ERR_OK) {
        command_complain("serve", &e);
        options_done(&d.options);
        return 2;
    }
    int status = run(&d);
    stop(&d);
    return status;
}
