/* SPDX-License-Identifier: MIT */
#include "common/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un g_address; /* sun_family 0: nobody asked */
static socklen_t g_size;

void notify_take(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t length = name ? strlen(name) : 0;

	/* '@' stands for the zero byte of an abstract name. */
	if (length > 1 && (*name == '/' || *name == '@') &&
	    length < sizeof(g_address.sun_path)) {
		g_address.sun_family = AF_UNIX;
		memcpy(g_address.sun_path, name, length);
		if (*name == '@')
			g_address.sun_path[0] = '\0';
		g_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			length + (*name == '/'));
	}
	unsetenv("NOTIFY_SOCKET");
}

void notify_say(const char *lines)
{
	ssize_t ignored;
	int fd;

	if (!g_address.sun_family)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	ignored = sendto(fd, lines, strlen(lines), MSG_NOSIGNAL,
		(const struct sockaddr *)&g_address, g_size);
	(void)ignored;
	close(fd);
}
