/* metrics_table.c - the table of metrics, one row each, and the functions that print them.
 *
 * Prometheus' text format 0.0.4 (Exposition formats, prometheus.io). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "engine/base/clock.h"
#include "server/service/metrics.h"
#include "server/service/service.h"

struct metric;

/* The data that is shown: the service, and its counts at one moment. */
struct view {
    FILE *out;
    struct service *service;
    struct counts counts;
    int running, waiting;
};

typedef void write_samples(const struct metric *m, struct view *v);

static write_samples requests, cancelled, warnings, macs, whole, stages, pixels, running, waiting,
    oldest, memory, memory_limit, cpu_seconds, threads, cpus, mac_seconds, draining, models, build;

static const struct metric {
    const char *name, *type, *labels, *help;
    write_samples *write;
} metrics[] = {
    /* clang-format off */
    {"upscaled_requests_total",        "counter",   "status, code", "Requests that ended, by status and error code; the code is ok if there was no error, and client_left if the client disconnected first.", requests},
    {"upscaled_cancelled_total",       "counter",   "",       "Pictures whose work was ended early: the client left, the request was deleted, or a deadline passed. Requests that were still waiting are not counted.", cancelled},
    {"upscaled_warnings_total",        "counter",   "kind",   "Pictures that were computed although something in their file was left out or mended, by the code in X-Upscaled-Warning.", warnings},
    {"upscaled_macs_total",            "counter",   "",       "Multiply-accumulates that the networks did for all pictures.", macs},
    {"upscaled_request_seconds",       "histogram", "",       "Time from the request line to the end of the reply, for each picture that was computed.", whole},
    {"upscaled_stage_seconds",         "histogram", "stage",  "Time that each picture spent in a stage: queue, decode, network, encode.", stages},
    {"upscaled_picture_pixels",        "histogram", "side",   "Pixels of each picture that was computed: input, output.", pixels},
    {"upscaled_running_requests",      "gauge",     "",       "Pictures that are being computed.", running},
    {"upscaled_waiting_requests",      "gauge",     "",       "Pictures that wait in the queue.", waiting},
    {"upscaled_oldest_waiting_seconds", "gauge",    "",       "Time that the oldest picture in the queue has waited.", oldest},
    {"upscaled_memory_bytes",          "gauge",     "use",    "Memory of the budget that is in use, for connections, bodies, work and replies; scratch is the growth of the worker threads' buffers since the start.", memory},
    {"upscaled_memory_limit_bytes",    "gauge",     "",       "Memory budget that all requests share.", memory_limit},
    {"upscaled_cpu_seconds_total",     "counter",   "",       "Processor time that all threads of the process have used.", cpu_seconds},
    {"upscaled_threads",               "gauge",     "",       "Worker threads.", threads},
    {"upscaled_usable_cpus",           "gauge",     "",       "CPUs that the process may use by its affinity and the quotas of its control groups.", cpus},
    {"upscaled_mac_seconds",           "gauge",     "",       "Time of a thread for one multiply-accumulate, as measured from requests.", mac_seconds},
    {"upscaled_draining",              "gauge",     "",       "1 while the server shuts down, otherwise 0.", draining},
    {"upscaled_model_info",            "gauge",     "model, sha256", "1 for each model that the server has.", models},
    {"upscaled_build_info",            "gauge",     "version", "Always 1; the label names the version.", build},
    /* clang-format on */
};

enum { METRIC_COUNT = sizeof metrics / sizeof metrics[0] };

static void sample(const struct metric *m, struct view *v, double value)
{
    fprintf(v->out, "%s %.15g\n", m->name, value);
}

/* Writes the value of a label. Backslash, quote and line feed are escaped. */
static void write_label(FILE *out, const char *value)
{
    for (; *value; value++)
        if (*value == '\n')
            fputs("\\n", out);
        else if (*value == '\\' || *value == '"')
            fprintf(out, "\\%c", *value);
        else
            fputc(*value, out);
}

static void requests(const struct metric *m, struct view *v)
{
    for (int i = 0; i < v->counts.request_kinds; i++) {
        const struct request_kind *k = &v->counts.requests[i];
        fprintf(v->out, "%s{status=\"%d\",code=\"%s\"} %" PRIu64 "\n", m->name, k->status, k->code,
                k->count);
    }
}

static void cancelled(const struct metric *m, struct view *v)
{
    sample(m, v, (double)v->counts.cancelled);
}

static void warnings(const struct metric *m, struct view *v)
{
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        fprintf(v->out, "%s{kind=\"%s\"} %" PRIu64 "\n", m->name,
                png_warning_code((enum png_warning)kind), v->counts.warnings[kind]);
}

static void macs(const struct metric *m, struct view *v)
{
    sample(m, v, v->counts.macs);
}

/* `label` is `name="value"` or "". */
static void histogram(const struct metric *m, struct view *v, const char *label,
                      const struct histogram *h, const struct bounds *b)
{
    const char *comma = *label ? "," : "", *open = *label ? "{" : "", *shut = *label ? "}" : "";
    uint64_t below = 0;
    for (int i = 0; i < b->count; i++) {
        below += h->counts[i];
        fprintf(v->out, "%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", m->name, label, comma, b->most[i],
                below);
    }
    below += h->counts[b->count];
    fprintf(v->out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", m->name, label, comma, below);
    fprintf(v->out, "%s_sum%s%s%s %.15g\n", m->name, open, label, shut, h->sum);
    fprintf(v->out, "%s_count%s%s%s %" PRIu64 "\n", m->name, open, label, shut, below);
}

static void whole(const struct metric *m, struct view *v)
{
    histogram(m, v, "", &v->counts.whole, &metrics_seconds);
}

static void stages(const struct metric *m, struct view *v)
{
    static const char *const labels[STAGE_COUNT] = {
        [STAGE_QUEUE] = "stage=\"queue\"",
        [STAGE_DECODE] = "stage=\"decode\"",
        [STAGE_NETWORK] = "stage=\"network\"",
        [STAGE_ENCODE] = "stage=\"encode\"",
    };
    for (int i = 0; i < STAGE_COUNT; i++)
        histogram(m, v, labels[i], &v->counts.stages[i], &metrics_seconds);
}

static void pixels(const struct metric *m, struct view *v)
{
    histogram(m, v, "side=\"input\"", &v->counts.in_pixels, &metrics_pixels);
    histogram(m, v, "side=\"output\"", &v->counts.out_pixels, &metrics_pixels);
}

static void running(const struct metric *m, struct view *v)
{
    sample(m, v, v->running);
}

static void waiting(const struct metric *m, struct view *v)
{
    sample(m, v, v->waiting);
}

static void oldest(const struct metric *m, struct view *v)
{
    int64_t came_ms = jobs_oldest_ms(v->service->jobs);
    sample(m, v, came_ms < 0 ? 0 : (double)(clock_ms() - came_ms) / 1000);
}

static void memory(const struct metric *m, struct view *v)
{
    int64_t used[BUDGET_USES];
    budget_look(&v->service->budget, used);
    for (int i = 0; i < BUDGET_USES; i++)
        fprintf(v->out, "%s{use=\"%s\"} %" PRId64 "\n", m->name, budget_names[i], used[i]);
}

static void memory_limit(const struct metric *m, struct view *v)
{
    sample(m, v, (double)v->service->budget.limit);
}

static void cpu_seconds(const struct metric *m, struct view *v)
{
    sample(m, v, (double)clock_process_ns() / 1e9);
}

static void threads(const struct metric *m, struct view *v)
{
    sample(m, v, pool_threads(v->service->pool));
}

static void cpus(const struct metric *m, struct view *v)
{
    sample(m, v, v->service->usable_cpus);
}

static void mac_seconds(const struct metric *m, struct view *v)
{
    sample(m, v, cost_mac_ns(&v->service->cost) / 1e9);
}

static void draining(const struct metric *m, struct view *v)
{
    sample(m, v, atomic_load(&v->service->draining));
}

static void write_model(void *arg, const struct model *model)
{
    FILE *out = arg;
    fputs("upscaled_model_info{model=\"", out);
    write_label(out, model->name);
    fprintf(out, "\",sha256=\"%s\"} 1\n", model->sha256);
}

static void models(const struct metric *m, struct view *v)
{
    (void)m;
    models_each(v->service->models, write_model, v->out);
}

static void build(const struct metric *m, struct view *v)
{
    fprintf(v->out, "%s{version=\"%s\"} 1\n", m->name, PACKAGE_VERSION);
}

static void look(struct view *v)
{
    struct metrics *all = &v->service->metrics;
    pthread_mutex_lock(&all->lock);
    v->counts = all->counts;
    pthread_mutex_unlock(&all->lock);
    jobs_count(v->service->jobs, &v->running, &v->waiting);
}

char *metrics_text(struct service *s)
{
    char *text = NULL;
    size_t length;
    struct view v = {.out = open_memstream(&text, &length), .service = s};
    if (!v.out)
        return NULL;
    look(&v);
    errno = 0;
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric *m = &metrics[i];
        fprintf(v.out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, m->type);
        m->write(m, &v);
    }
    /* Without memory the stream drops text, and does not always report an error. */
    bool failed = ferror(v.out) || errno == ENOMEM;
    if (fclose(v.out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

void metrics_markdown(FILE *out)
{
    fputs("# Metrics\n\n`make docs` writes this page from the table in "
          "server/service/metrics_table.c.\n`GET /metrics` answers in Prometheus' text format "
          "0.0.4.\n\n| metric | type | labels | meaning |\n"
          "|---|---|---|---|\n",
          out);
    for (int i = 0; i < METRIC_COUNT; i++)
        fprintf(out, "| `%s` | %s | %s | %s |\n", metrics[i].name, metrics[i].type,
                metrics[i].labels, metrics[i].help);
}
