/* http_events.c - see http_events.h. */
#include "server/http/http_events.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/http/http_conn.h"

enum {
    TICK_MS = 100,
    ALIVE_MS = 5000, /* well below the idle timeouts of proxies and of the library */
    EVENT_MAX = 512,
};

struct event_stream {
    struct http_events *events;
    struct ticket *ticket;
    struct MHD_Connection *connection;
    struct progress_view said; /* the last event */
    int64_t said_ms;           /* when it was sent; 0: none was sent yet */
    bool suspended, ended;
    size_t length, sent; /* of `text` */
    char text[EVENT_MAX];
    struct event_stream *next, **link;
};

struct http_events {
    struct progress *progress;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct event_stream *first;
    bool stop;
    pthread_t thread;
};

static bool is_news(const struct event_stream *s, const struct progress_view *v, int64_t now_ms)
{
    return s->said_ms == 0 || now_ms - s->said_ms >= ALIVE_MS || v->state != s->said.state ||
           v->position != s->said.position || v->fraction - s->said.fraction >= 0.001;
}

/* Writes an event if the progress has changed. Returns whether it wrote one; without memory, the
 * next call tries again. Call it under the lock. */
static bool speak(struct event_stream *s)
{
    struct progress_view v;
    int64_t now_ms = clock_ms();
    progress_look(s->events->progress, s->ticket, now_ms, &v);
    if (!is_news(s, &v, now_ms))
        return false;
    char *json = progress_json(&v);
    if (!json)
        return false;
    /* the JSON ends with a newline, which ends the line */
    int n = snprintf(s->text, sizeof s->text, "event: progress\ndata: %s\n", json);
    free(json);
    s->length = n > 0 && n < (int)sizeof s->text ? (size_t)n : 0;
    s->sent = 0;
    s->said = v;
    s->said_ms = now_ms;
    s->ended = progress_is_final(v.state);
    return s->length > 0;
}

/* Resumes the streams that have an event to send. Call it under the lock. */
static void look_at_all(struct http_events *v)
{
    for (struct event_stream *s = v->first; s; s = s->next)
        if (s->suspended && (v->stop || speak(s))) {
            s->suspended = false;
            MHD_resume_connection(s->connection);
        }
}

static void *tell(void *arg)
{
    struct http_events *v = arg;
    const struct timespec tick = {0, TICK_MS * 1000000L};
    pthread_mutex_lock(&v->lock);
    while (!v->stop) {
        if (!v->first) {
            pthread_cond_wait(&v->work, &v->lock);
            continue;
        }
        look_at_all(v);
        pthread_mutex_unlock(&v->lock);
        nanosleep(&tick, NULL);
        pthread_mutex_lock(&v->lock);
    }
    look_at_all(v);
    pthread_mutex_unlock(&v->lock);
    return NULL;
}

enum err_code http_events_new(struct progress *p, struct http_events **out, struct err *e)
{
    struct http_events *v = mem_calloc(1, sizeof *v);
    if (!v)
        return err_set(e, ERR_MEMORY, "no memory for event streams");
    v->progress = p;
    pthread_mutex_init(&v->lock, NULL);
    pthread_cond_init(&v->work, NULL);
    if (pthread_create(&v->thread, NULL, tell, v) != 0) {
        pthread_cond_destroy(&v->work);
        pthread_mutex_destroy(&v->lock);
        mem_free(v);
        return err_set(e, ERR_MEMORY, "the thread of event streams could not be started");
    }
    *out = v;
    return ERR_OK;
}

void http_events_stop(struct http_events *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&v->lock);
    bool stopped = v->stop;
    v->stop = true;
    pthread_cond_signal(&v->work);
    pthread_mutex_unlock(&v->lock);
    if (!stopped)
        pthread_join(v->thread, NULL);
}

void http_events_free(struct http_events *v)
{
    if (!v)
        return;
    http_events_stop(v);
    pthread_cond_destroy(&v->work);
    pthread_mutex_destroy(&v->lock);
    mem_free(v);
}

enum err_code http_events_open(struct http_events *v, struct ticket *t,
                               struct MHD_Connection *connection, struct event_stream **out,
                               struct err *e)
{
    struct event_stream *s = mem_calloc(1, sizeof *s);
    if (!s) {
        progress_release(v->progress, t);
        return err_set(e, ERR_MEMORY, "no memory for an event stream");
    }
    s->events = v;
    s->ticket = t;
    s->connection = connection;
    pthread_mutex_lock(&v->lock);
    s->next = v->first;
    s->link = &v->first;
    if (s->next)
        s->next->link = &s->next;
    v->first = s;
    pthread_cond_signal(&v->work);
    pthread_mutex_unlock(&v->lock);
    *out = s;
    return ERR_OK;
}

void http_events_close(struct event_stream *s)
{
    struct http_events *v = s->events;
    pthread_mutex_lock(&v->lock);
    *s->link = s->next;
    if (s->next)
        s->next->link = s->link;
    pthread_mutex_unlock(&v->lock);
    progress_release(v->progress, s->ticket);
    mem_free(s);
}

/* Gives the library more bytes. The lock is held while the connection is suspended, so that the
 * thread cannot resume it before. */
static ssize_t more(void *arg, uint64_t position, char *out, size_t room)
{
    struct event_stream *s = arg;
    struct http_events *v = s->events;
    size_t n = 0;
    (void)position;
    pthread_mutex_lock(&v->lock);
    if (s->sent == s->length && !s->ended)
        speak(s);
    n = s->length - s->sent < room ? s->length - s->sent : room;
    memcpy(out, s->text + s->sent, n);
    s->sent += n;
    bool over = n == 0 && (s->ended || v->stop);
    if (n == 0 && !over) {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&v->lock);
    return over ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void release(void *arg)
{
    http_events_close(arg);
}

struct MHD_Response *http_events_response(struct event_stream *s)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EVENT_MAX, more, s, release);
}
