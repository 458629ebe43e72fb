/* SPDX-License-Identifier: MIT */
/*
 * HTTP by libmicrohttpd, driven from cofferd's loop: it gets connections
 * whose peers were looked at here, and its epoll descriptor is polled with
 * the others.
 */
#include "platform/metrics.h"
#include "platform/platform.h"

#include "common/log.h"
#include "common/paths.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16u
#define SILENCE_SECONDS 10u /* until a connection is closed */
#define CONNECTION_MEMORY 16384u /* bytes: for headers */

struct metrics {
	struct platform *p;
	int listener;
	struct MHD_Daemon *http;
	int epoll; /* http's own */
};

static enum MHD_Result respond(struct MHD_Connection *connection,
	unsigned status, const char *type, char *text, size_t size, bool ours)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(size,
		text, ours ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result r;

	if (!response) {
		if (ours)
			free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
			"GET, HEAD");
	r = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return r;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
	unsigned status, const char *text)
{
	return respond(connection, status, "text/plain", (char *)text,
		strlen(text), false);
}

static enum MHD_Result serve(void *context, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version,
	const char *body, size_t *body_size, void **state)
{
	struct metrics *m = context;
	size_t size;
	char *text;

	/* Once with the headers, then once with all of the request. */
	if (!*state) {
		*state = m;
		return MHD_YES;
	}
	if (*body_size) {
		*body_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			"only GET\n");
	if (strcmp(url, "/metrics"))
		return refuse(connection, MHD_HTTP_NOT_FOUND,
			"there is only /metrics\n");
	if (metrics_text(m->p, &text, &size))
		return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"the processor does not answer\n");
	return respond(connection, MHD_HTTP_OK,
		"text/plain; version=0.0.4; charset=utf-8", text, size, true);
}

static int listen_at(const char *runtime, struct why *why)
{
	struct sockaddr_un address;
	char *name;
	int fd, r = paths_socket(runtime, &address, why);

	if (r)
		return r;
	name = strrchr(address.sun_path, '/');
	if ((size_t)(name - address.sun_path) + sizeof("/metrics.sock") >
	    sizeof(address.sun_path))
		return why_set(why, -ENAMETOOLONG, "%s is too long for a "
			"socket", runtime);
	strcpy(name, "/metrics.sock");
	unlink(address.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, CONNECTIONS_MAX)) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return why_set(why, r, "cannot listen at %s: %s",
			address.sun_path, strerror(-r));
	}
	return fd;
}

struct metrics *metrics_open(struct platform *p, struct why *why)
{
	struct metrics *m = calloc(1, sizeof(*m));
	const union MHD_DaemonInfo *info = NULL;

	if (!m) {
		why_set(why, -ENOMEM, "out of memory");
		return NULL;
	}
	m->p = p;
	m->listener = listen_at(p->runtime, why);
	if (m->listener < 0) {
		free(m);
		return NULL;
	}
	m->http = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET,
		0, NULL, NULL, serve, m,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_SECONDS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_END);
	if (m->http)
		info = MHD_get_daemon_info(m->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0) {
		metrics_close(m);
		why_set(why, -EIO, "libmicrohttpd does not start");
		return NULL;
	}
	m->epoll = info->epoll_fd;
	return m;
}

void metrics_close(struct metrics *m)
{
	if (!m)
		return;
	if (m->http)
		MHD_stop_daemon(m->http);
	close(m->listener);
	free(m);
}

void metrics_fds(const struct metrics *m, struct pollfd wait[METRICS_FDS])
{
	wait[0] = (struct pollfd){ m ? m->listener : -1, POLLIN, 0 };
	wait[1] = (struct pollfd){ m ? m->epoll : -1, POLLIN, 0 };
}

int metrics_timeout(const struct metrics *m)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (!m || MHD_get_timeout(m->http, &ms) != MHD_YES)
		return -1;
	return ms < SILENCE_SECONDS * 1000 ? (int)ms :
		(int)SILENCE_SECONDS * 1000;
}

static void accept_one(struct metrics *m)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer;
	int fd;

	fd = accept4(m->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	/* The numbers are about everybody's enclaves. */
	if (access_of(&m->p->access, fd, &peer) != ACCESS_OWNER) {
		log_peer("a process of another user (%u) was turned away",
			(unsigned)peer.uid);
		close(fd);
		return;
	}
	/* It closes the descriptor, also when it fails. */
	MHD_add_connection(m->http, fd, (struct sockaddr *)&address,
		sizeof(address));
}

void metrics_run(struct metrics *m, const struct pollfd wait[METRICS_FDS])
{
	if (!m)
		return;
	if (wait[0].revents)
		accept_one(m);
	if (wait[0].revents || wait[1].revents || !metrics_timeout(m))
		MHD_run(m->http);
}
