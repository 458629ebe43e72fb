/* SPDX-License-Identifier: MIT */
#include "common/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more than anybody may send, so that surplus descriptors arrive
 * and are closed here rather than being a matter of kernel behaviour. */
#define FDS_ROOM 16

int msg_send(int fd, const void *data, size_t size, const int *fds,
	unsigned count, int flags)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	} control;
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *header;
	ssize_t n;

	if (count > MSG_FDS_MAX || !size)
		return -EINVAL;
	if (count) {
		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
	}
	do
		n = sendmsg(fd, &message, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EMSGSIZE;
}

static unsigned take_fds(struct msghdr *message, int *fds)
{
	struct cmsghdr *header;
	unsigned count = 0;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t n;

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int),
				sizeof(int));
			if (count < FDS_ROOM)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	return count;
}

ssize_t msg_recv(int fd, void *data, size_t size, int *fds, unsigned *count,
	int flags)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_ROOM)];
	} control;
	struct iovec part = { .iov_base = data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	unsigned got, room = count ? *count : 0;
	int taken[FDS_ROOM];
	ssize_t n;

	if (count)
		*count = 0;
	do
		n = recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	got = take_fds(&message, taken);
	if (message.msg_flags & MSG_TRUNC)
		n = -EMSGSIZE;
	else if (message.msg_flags & MSG_CTRUNC || got > room)
		n = -EPROTO;
	if (n <= 0) {
		while (got)
			close(taken[--got]);
		return n;
	}
	if (got) {
		memcpy(fds, taken, got * sizeof(int));
		*count = got;
	}
	return n;
}
