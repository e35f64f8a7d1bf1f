/* service.c - see service.h. */
#include "tests/fuzz/service.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/http/http.h"
#include "server/service/reload.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

enum { RUNNING = 2, WAITING = 4, THREADS = 2, BUDGET = 64 << 20 };

static struct daemon {
    struct options options;
    struct service service;
    struct reload reload;
    struct listeners listeners;
    struct http *http;
    char path[64];
} daemons[2];

/* The SHA-256 of SERVICE_KEY (FIPS 180-2, appendix B.1). */
static const char keys[] =
    "fuzz:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";

static void stop_one(struct daemon *d)
{
    http_drain(d->http, 1000);
    http_free(d->http);
    jobs_free(d->service.jobs);
    progress_free(d->service.progress);
    models_free(d->service.models);
    pool_free(d->service.pool);
    keys_free(d->service.keys);
    listeners_done(&d->listeners);
    options_done(&d->options);
    unlink(d->path);
}

static void stop(void)
{
    for (int i = 0; i < 2; i++)
        if (daemons[i].http)
            stop_one(&daemons[i]);
}

/* The limits make every request small, and the timeouts are long enough for a slow machine. */
static void read_options(struct options *o)
{
    static const char *const variables[] = {
        "UPSCALED_MAX_SIDE=64",       "UPSCALED_MAX_PIXELS=1024", "UPSCALED_MAX_BODY=32K",
        "UPSCALED_DRAIN_TIMEOUT=1",   "UPSCALED_HTTP_THREADS=1",  "UPSCALED_CONNECTIONS=64",
        "UPSCALED_WORK_TIMEOUT=3600", "UPSCALED_LOG_FORMAT=json", NULL};
    struct option_words words = {0, NULL};
    must(options_read(o, FOR_SERVE, &words, (char *const *)variables, NULL) == ERR_OK);
}

static void start_work(struct service *s)
{
    const struct models_source source = {.limits = options_model_limits(s->options)};
    const struct jobs_config jobs = {.running = RUNNING,
                                     .waiting = WAITING,
                                     .timeout_ms = 3600 * 1000,
                                     .work_ms = 3600 * 1000,
                                     .workers = THREADS,
                                     .budget = &s->budget};
    must(pool_new(THREADS, &s->pool, NULL) == ERR_OK);
    must(models_new(s->pool, &source, &s->models, NULL) == ERR_OK);
    cost_init(&s->cost);
    budget_init(&s->budget, BUDGET);
    must(jobs_new(&jobs, &s->jobs, NULL) == ERR_OK);
    must(progress_new(s->jobs, &s->progress, NULL) == ERR_OK);
}

static void start(struct daemon *d, bool keyed)
{
    struct service *s = &d->service;
    char address[80];
    signal(SIGPIPE, SIG_IGN);
    read_options(&d->options);
    s->options = &d->options;
    s->statm = -1;
    s->usable_cpus = THREADS;
    s->reload = &d->reload;
    reload_init(&d->reload, s);
    must(proxies_read(&s->proxies, "unix", NULL) == ERR_OK);
    must(access_log_open(&s->log, open("/dev/null", O_WRONLY | O_CLOEXEC), d->options.log_format,
                         NULL) == ERR_OK);
    metrics_init(&s->metrics);
    start_work(s);
    if (keyed)
        must(keys_new(input_file(keys, sizeof keys - 1), &s->keys, NULL) == ERR_OK);
    snprintf(d->path, sizeof d->path, "/tmp/upscaled-fuzz-%ld-%d", (long)getpid(), keyed);
    snprintf(address, sizeof address, "unix:%s", d->path);
    must(listeners_open(&d->listeners, address, NULL) == ERR_OK);
    must(http_new(s, &d->http, NULL) == ERR_OK);
    must(http_serve(d->http, &d->listeners, NULL) == ERR_OK);
}

int service_connect(bool keyed)
{
    struct daemon *d = &daemons[keyed];
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!daemons[0].http && !daemons[1].http)
        atexit(stop);
    if (!d->http)
        start(d, keyed);
    strcpy(name.sun_path, d->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) == 0);
    return fd;
}
