/* http_client.h - the client that sent a request: its id, its address and its key, and what its
 * header lines ask of the answer. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CLIENT_H
#define UPSCALED_SERVER_HTTP_HTTP_CLIENT_H

#include "server/access/keys.h"
#include "server/access/proxies.h"
#include "server/http/request_id.h"
#include "server/service/routes.h"

struct http_request;

struct http_client {
    char our_id[OUR_ID_BYTES + 1];
    char their_id[REQUEST_ID_MAX + 1]; /* "" if the client sent no plain id */
    char address[PROXIES_TEXT_MAX];    /* "unix" for a local socket */
    struct key *key; /* held; NULL if no keys are in use, or no key was accepted */
    bool entered;    /* the key counts this request */
};

/* Returns the id of the request: the client's if it sent a plain one, otherwise ours. */
static inline const char *http_client_id(const struct http_client *c)
{
    return c->their_id[0] ? c->their_id : c->our_id;
}

/* Chooses the client's id if it is plain, and adds the id to the reply. */
void http_client_choose_id(struct http_request *r);

/* Finds the client's address. */
void http_client_address(struct http_request *r);

/* http_client_origin adds the headers that let a page of another origin read the reply.
 * http_client_preflight adds those that answer its preflight. http_client_validate adds the ETag,
 * and turns the reply into a 304 if the client already has it. */
void http_client_origin(struct http_request *r);
void http_client_preflight(struct http_request *r, const struct route *route);
void http_client_validate(struct http_request *r);

/* Finds the key that the client sent, if the route needs one: ERR_NO_KEY, ERR_KEY. */
enum err_code http_client_key(struct http_request *r, const struct route *route, struct err *e);

/* Counts a picture, or an estimate that holds memory, against the limits of the key: ERR_RATE. */
enum err_code http_client_enter(struct http_request *r, struct err *e);

/* Returns what http_client_enter would return for a picture, and counts nothing: ERR_RATE. */
enum err_code http_client_would_enter(struct http_request *r, struct err *e);

/* Ends the count, and releases the key. */
void http_client_leave(struct http_request *r);

#endif
