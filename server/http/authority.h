/* authority.h - checks the host and port that a request names, in Host or in its target (RFC 3986,
 * section 3.2; RFC 9110, section 4.2). */
#ifndef UPSCALED_SERVER_HTTP_AUTHORITY_H
#define UPSCALED_SERVER_HTTP_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the text is a host that is not empty, and perhaps a port. The host is a name or an IPv4
 * address of unreserved characters, sub-delims and %XX, or an IPv6 address in brackets. The address
 * may have a zone, because .NET sends it. There must be no user before the host. */
bool authority_is_valid(const char *text, size_t length);

#endif
