/* SPDX-License-Identifier: MIT */
/*
 * Messages over SOCK_SEQPACKET unix sockets, whole or not at all, with at
 * most a few descriptors beside them.  Descriptors are received close-on-exec
 * and never leak: a message that fails a check takes its descriptors with it.
 */
#ifndef COFFER_COMMON_MSG_H
#define COFFER_COMMON_MSG_H

#include <stddef.h>
#include <sys/types.h>

#define MSG_FDS_MAX 4 /* descriptors with one message */

/* Sends one message.  flags: MSG_DONTWAIT or 0; no SIGPIPE is raised.
 * 0, or a negative errno: -EPIPE or -ECONNRESET when the peer is gone,
 * -EAGAIN when MSG_DONTWAIT would have to wait. */
int msg_send(int fd, const void *data, size_t size, const int *fds,
	unsigned count, int flags);

/* Receives one message of at most size bytes.  The number of its bytes, or
 * 0 when the peer has closed (a message of no bytes counts as that), or a
 * negative errno: -EMSGSIZE when it was longer than size, -EPROTO when it
 * had more than *count descriptors; it is consumed in both cases.
 * *count: in, room in fds; out, descriptors received, which the caller now
 * owns (0 on failure).  count NULL: none are accepted. */
ssize_t msg_recv(int fd, void *data, size_t size, int *fds, unsigned *count,
	int flags);

#endif
