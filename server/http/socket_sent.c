/* socket_sent.c - see socket_sent.h.
 *
 * The C library's struct tcp_info lacks the counts that are needed here (Linux 4.1). The kernel's
 * header has them, but it cannot be included beside the C library's. So this code is a file of its
 * own. */
#include "server/http/socket_sent.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

int64_t socket_acknowledged(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return -1;
    return (int64_t)info.tcpi_bytes_acked;
}

bool socket_outstanding(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_notsent_bytes) + sizeof info.tcpi_notsent_bytes)
        return false;
    return info.tcpi_unacked > 0 || info.tcpi_notsent_bytes > 0;
}
