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

/* Requests in work at a time where --max-running is 0: enough that workers always find a piece
 * while others decode or encode, few enough that their pictures fit into memory. */
enum { RUNNING_PER_THREAD = 4 };

struct daemon {
    struct options options;
    struct service service;
    struct http *http;
    struct listener listeners[OPTIONS_LISTEN_MAX];
    int listener_count;
};

static const char *address_at(const struct options *o, int i)
{
    return o->listen_count > 0 ? o->listen[i] : default_address;
}

static enum err_code open_listeners(struct daemon *d, struct err *e)
{
    int count = d->options.listen_count > 0 ? d->options.listen_count : 1;
    for (int i = 0; i < count; i++) {
        enum err_code rc =
            listen_open(address_at(&d->options, i), &d->listeners[d->listener_count], e);
        if (rc != ERR_OK)
            return rc;
        d->listener_count++;
    }
    return ERR_OK;
}

/* The http takes over each socket. */
static enum err_code serve_listeners(struct daemon *d, struct err *e)
{
    for (int i = 0; i < d->listener_count; i++) {
        int fd = d->listeners[i].fd;
        d->listeners[i].fd = -1;
        enum err_code rc = http_listen(d->http, fd, e);
        if (rc != ERR_OK)
            return rc;
    }
    for (int i = 0; i < d->listener_count; i++)
        printf("listening on %s\n", d->listeners[i].url);
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
    enum err_code rc =
        open_listeners(d, e); /* first: the likeliest mistake, told before the wait */
    d->service.options = o;
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
    pool_free(d->service.pool);
    for (int i = 0; i < d->listener_count; i++) {
        if (d->listeners[i].fd >= 0)
            close(d->listeners[i].fd);
        if (d->listeners[i].path[0])
            unlink(d->listeners[i].path);
    }
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
