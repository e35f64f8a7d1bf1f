/* http_shared.h - the data that all requests share: the service, the open connections, the event
 * streams. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_SHARED_H
#define UPSCALED_SERVER_HTTP_HTTP_SHARED_H

#include "server/http/http_conn.h"
#include "server/http/http_events.h"
#include "server/service/service.h"

struct http_shared {
    struct service *service;
    struct conns conns;
    struct http_events *events;
};

#endif
