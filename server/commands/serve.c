/* serve.c - `upscaled serve`: starts the daemon's parts, waits for signals, and stops the parts in
 * order. */
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/answer/cors.h"
#include "server/commands/commands.h"
#include "server/commands/serve_memory.h"
#include "server/host/cpus.h"
#include "server/host/listen.h"
#include "server/host/memory.h"
#include "server/host/notify.h"
#include "server/http/http.h"
#include "server/options/options.h"
#include "server/service/reload.h"
#include "server/service/service.h"

enum { FIRST_INHERITED = 3 };

/* The time after which freed memory goes back to the system at the latest. */
enum { RETURN_MS = 10000 };

/* The number of requests per thread that run at a time if --max-running is 0. They are enough for
 * the workers to find a piece while other requests decode or encode, and few enough for their
 * pictures to fit into memory. */
enum { RUNNING_PER_THREAD = 4 };

struct daemon {
    struct options options;
    struct service service;
    struct http *http;
    struct listeners listeners;
    struct reload reload;
    struct notify notify;
    uint64_t ended; /* requests, when memory was last returned */
};

static enum err_code open_listeners(struct daemon *d, struct err *e)
{
    const struct options *o = &d->options;
    int inherited = listeners_passed(getenv("LISTEN_PID"), getenv("LISTEN_FDS"), getpid());
    enum err_code rc = listeners_inherit(&d->listeners, FIRST_INHERITED, inherited, e);
    for (int i = 0; rc == ERR_OK && i < o->listen.count; i++)
        rc = listeners_open(&d->listeners, o->listen.items[i], e);
    if (rc == ERR_OK && d->listeners.count == 0)
        rc = listeners_open(&d->listeners, o->fallback_listen, e);
    return rc;
}

static enum err_code serve_listeners(struct daemon *d, struct err *e)
{
    struct listeners *l = &d->listeners;
    enum err_code rc = http_serve(d->http, l, e);
    if (rc != ERR_OK)
        return rc;
    for (int i = 0; i < l->count; i++)
        printf("listening on %s\n", l->list[i].url);
    return fflush(stdout) == 0
               ? ERR_OK
               : err_set(e, ERR_IO, "standard output cannot be written; it is the access log");
}

static enum err_code measure_cost(struct daemon *d, struct err *e)
{
    const struct model_entry *entry;
    cost_init(&d->service.cost);
    enum err_code rc = models_get(d->service.models, NULL, &entry, e);
    if (rc != ERR_OK)
        return rc;
    rc = cost_calibrate(&d->service.cost, d->service.pool, entry->plan, e);
    models_release(entry);
    return rc;
}

/* Call it when the sockets are bound and no thread runs yet. */
static enum err_code enter_sandbox(struct daemon *d, struct err *e)
{
    static struct sandbox_plan plan; /* too large for the stack */
    const struct options *o = &d->options;
    enum sandbox_mode mode;
    enum err_code rc = sandbox_read_mode(o->sandbox, &mode, e);
    /* the sandbox hides the size of the memory, /proc/self/statm and /dev/urandom */
    if (o->memory_limit == 0)
        d->options.memory_limit = memory_default("");
    d->service.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    json_object_seed(0);
    sandbox_allow(&plan, o->models, false);
    sandbox_allow_beside(&plan, o->api_keys, false);
    for (int i = 0; i < d->listeners.count; i++)
        if (d->listeners.list[i].path[0])
            sandbox_allow_beside(&plan, d->listeners.list[i].path, true);
    if (rc == ERR_OK)
        rc = sandbox_enter(mode, &plan, &d->service.sandbox, e);
    if (rc == ERR_OK && mode != SANDBOX_OFF && *sandbox_missing(&d->service.sandbox))
        fprintf(stderr, "upscaled: the sandbox lacks %s\n", sandbox_missing(&d->service.sandbox));
    return rc;
}

static void our_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

/* Makes SIGTERM and SIGINT call `handler` at once, in this thread, from now on. They need a
 * handler, because they have no default action in the first process of a container. */
static void heed_end(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void end_before_work(int number)
{
    (void)number;
    _exit(0);
}

/* Loads the models. Large ones take seconds, in which no thread waits for the signals. No thread
 * that stays is created here, because it would inherit the mask. */
static enum err_code load_models(struct daemon *d, struct err *e)
{
    const struct models_source source = command_models_source(&d->options);
    sigset_t set;
    heed_end(end_before_work);
    enum err_code rc = models_new(d->service.pool, &source, &d->service.models, e);
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return rc;
}

static enum err_code open_queue(struct daemon *d, struct err *e)
{
    struct options *o = &d->options;
    if (o->max_running == 0) /* /v1/limits shows the value in force */
        o->max_running = pool_threads(d->service.pool) * RUNNING_PER_THREAD;
    struct jobs_config jobs = {
        .running = (int)o->max_running,
        .waiting = (int)o->queue,
        .timeout_ms = o->queue_timeout * 1000,
        .work_ms = o->work_timeout * 1000,
        .workers = service_parallel(&d->service),
        .budget = &d->service.budget,
    };
    return jobs_new(&jobs, &d->service.jobs, e);
}

static enum err_code start(struct daemon *d, struct err *e)
{
    struct options *o = &d->options;
    d->service.usable_cpus = cpus_usable();
    int threads = o->threads > 0 ? (int)o->threads : d->service.usable_cpus;
    enum err_code rc = proxies_read(&d->service.proxies, o->trusted_proxies, e);
    if (rc == ERR_OK)
        rc = cors_check(o->cors_origin, e);
    if (rc == ERR_OK)
        rc = access_log_open(&d->service.log, STDOUT_FILENO, o->log_format, e);
    if (rc == ERR_OK)
        rc = open_listeners(d, e); /* early, because a wrong address is the most likely mistake */
    d->service.options = o;
    metrics_init(&d->service.metrics);
    if (rc == ERR_OK && o->api_keys)
        rc = keys_new(o->api_keys, &d->service.keys, e);
    if (rc == ERR_OK)
        rc = enter_sandbox(d, e);
    if (rc == ERR_OK)
        rc = pool_new(threads, &d->service.pool, e);
    if (rc == ERR_OK)
        rc = load_models(d, e);
    if (rc == ERR_OK)
        command_tell_foreign(o);
    if (rc == ERR_OK)
        serve_fit_threads(&d->service, &d->options);
    if (rc == ERR_OK)
        rc = measure_cost(d, e);
    if (rc == ERR_OK)
        rc = serve_divide_memory(&d->service, &d->options, e);
    if (rc == ERR_OK)
        serve_bound_connections(&d->service, &d->options, d->listeners.count);
    if (rc == ERR_OK)
        rc = open_queue(d, e);
    if (rc == ERR_OK)
        rc = progress_new(d->service.jobs, &d->service.progress, e);
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
    progress_free(d->service.progress);
    models_free(d->service.models);
    keys_free(d->service.keys);
    pool_free(d->service.pool);
    budget_done(&d->service.budget);
    cost_done(&d->service.cost);
    metrics_done(&d->service.metrics);
    listeners_done(&d->listeners);
    notify_close(&d->notify);
    if (d->service.statm >= 0)
        close(d->service.statm);
    options_done(&d->options);
}

/* Each client needs a descriptor, so the process takes as many as the system grants. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static void reload(struct daemon *d)
{
    struct err e = ERR_INIT;
    notify_reloading(&d->notify);
    if (reload_run(&d->reload, &e) == ERR_OK)
        fprintf(stderr, "upscaled: the models%s were reloaded\n",
                d->service.keys ? " and keys" : "");
    else
        command_complain("nothing was reloaded; the old models and keys stay in force", &e);
    mem_trim(); /* what the old ones had */
    notify_send(&d->notify, "READY=1");
}

/* Tells the supervisor that the daemon is alive, twice as often as it demands. jobs_count needs the
 * lock of the queue, so a daemon whose queue hangs does not report. */
static void say_alive(struct daemon *d)
{
    int running, waiting;
    jobs_count(d->service.jobs, &running, &waiting);
    notify_send(&d->notify, "WATCHDOG=1\nSTATUS=%d running, %d waiting", running, waiting);
}

/* The C library keeps freed memory for each of its threads. It returns the end of a heap alone, and
 * new models lie behind what requests have freed before them. */
static void return_memory(struct daemon *d)
{
    uint64_t ended = metrics_ended(&d->service.metrics);
    if (ended != d->ended)
        mem_trim();
    d->ended = ended;
}

/* Waits for a signal. Meanwhile it does what is due at every tick, which is short enough for the
 * supervisor. */
static int wait_for_signal(struct daemon *d, const sigset_t *set)
{
    int64_t every = d->notify.alive_every,
            tick = every > 0 && every < RETURN_MS ? every : RETURN_MS;
    const struct timespec length = {tick / 1000, (long)(tick % 1000) * 1000000};
    int got;
    for (int64_t passed = tick; (got = sigtimedwait(set, NULL, &length)) < 0; passed += tick) {
        if (every > 0)
            say_alive(d);
        if (passed >= RETURN_MS) {
            return_memory(d);
            passed = 0;
        }
    }
    return got;
}

static void wait_for_end(struct daemon *d)
{
    sigset_t set;
    our_signals(&set);
    while (wait_for_signal(d, &set) == SIGHUP)
        reload(d);
}

static void end_hurried(int number)
{
    (void)number;
    _exit(1);
}

/* The supervisor may end a daemon that hangs this long after it should have stopped. */
enum { GRACE_S = 10 };

static void drain(struct daemon *d)
{
    const struct options *o = &d->options;
    heed_end(end_hurried); /* a second signal */
    notify_send(&d->notify, "STOPPING=1\nWATCHDOG_USEC=%" PRId64,
                (o->drain_delay + o->shutdown_timeout + GRACE_S) * 1000000);
    atomic_store(&d->service.draining, true);
    reload_close(&d->reload);
    sleep((unsigned)o->drain_delay);
    http_drain(d->http, o->shutdown_timeout * 1000);
}

static int run(struct daemon *d)
{
    struct err e = ERR_INIT;
    sigset_t set;
    our_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread, so that all inherit it */
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    reload_init(&d->reload, &d->service);
    d->service.reload = &d->reload;
    d->service.statm = -1;
    notify_open(&d->notify, getenv("NOTIFY_SOCKET"), getenv("WATCHDOG_USEC"));
    if (start(d, &e) != ERR_OK) {
        command_complain("serve", &e);
        return e.code == ERR_BAD_PARAMETER ? 2 : 1;
    }
    mem_trim(); /* what the start had */
    notify_send(&d->notify, "READY=1");
    wait_for_end(d);
    drain(d);
    return 0;
}

int command_serve(int argc, char **argv)
{
    static struct daemon d; /* too large for the stack */
    struct err e = ERR_INIT;
    struct option_words words = {argc, argv};
    if (options_read(&d.options, FOR_SERVE, &words, environ, &e) == ERR_OK && words.count > 0)
        err_set(&e, ERR_BAD_PARAMETER, "`%.64s` is not an option", words.list[0]);
    if (e.code != ERR_OK) {
        options_done(&d.options);
        return command_misused("serve", &e);
    }
    int status = run(&d);
    stop(&d);
    return status;
}
