/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include "common/msg.h"
#include "common/paths.h"
#include "host/vmlink.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

int raw_open(void)
{
	const struct timeval limit = { 100, 0 };
	const struct arena_info none = { .fd = -1 };
	struct vmlink_call call = { .command = WIRE_QUOTING };
	struct vmlink *link;
	struct why why;
	const char *vm;
	int fd = -1, r;

	r = paths_vm_name(&vm, &why);
	if (!r)
		r = vmlink_open(vm, &none, NULL, NULL, &link, &why);
	if (r)
		return r;
	call.fd = &fd;
	r = vmlink_do(link, &call, &why);
	vmlink_close(link);
	if (r)
		return r;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

bool raw_send(int fd, uint32_t command, uint64_t tag, uint32_t size,
	size_t payload)
{
	uint8_t message[8192] = { 0 };
	struct quoting_request head = { .size = size, .command = command,
		.tag = tag };

	if (payload > sizeof(message) - sizeof(head))
		return false;
	memcpy(message, &head, sizeof(head));
	return !msg_send(fd, message, sizeof(head) + payload, NULL, 0,
		MSG_DONTWAIT);
}

bool raw_hear(int fd, struct quoting_reply *reply)
{
	static uint8_t bytes[QUOTING_REPLY_MAX];
	ssize_t n = msg_recv(fd, bytes, sizeof(bytes), NULL, NULL, 0);

	/* Who closed without having read all that we said is told first, and
	 * only then what it said. */
	if (n == -ECONNRESET)
		n = msg_recv(fd, bytes, sizeof(bytes), NULL, NULL, 0);
	if (n < (ssize_t)sizeof(*reply))
		return false;
	memcpy(reply, bytes, sizeof(*reply));
	return true;
}
