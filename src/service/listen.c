/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd calls, per request: uri() with the request line, serve() when
 * the headers are there, again for each piece of the body and a last time at
 * its end, done() when the answer was sent or the connection broke.
 *
 * Its own timeout only sees silence, so that a client could send a byte now
 * and then for ever.  Here a thread looks at all connections every second,
 * and shuts those down that have not got an answer for too long.
 *
 * libmicrohttpd 0.9.75 does not notice that a client has nothing more to say
 * when that comes together with the last that he says: it is told again.
 */
#include "service/listen.h"

#include "common/log.h"
#include "service/rate.h"
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_MEMORY (HTTP_URI_MAX + 2 * HTTP_HEADERS_MAX)
#define BACKLOG 512
#define FAREWELL_MS 3000 /* for the answers that are on their way at the end */
#define TLS_KINDS "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:" \
	"%SERVER_PRECEDENCE"

/* A connection, while it is open. */
struct line {
	struct line *next, **back;
	int fd;
	atomic_uint_least64_t since; /* ms: begun, or its last answer */
};

/* A request, from uri() to done(). */
struct call {
	struct http_exchange *exchange; /* NULL: headers are to come */
	struct line *line;
	uint64_t began; /* ms */
	size_t held; /* bytes of body, counted in listener->held */
	char target[];
};

struct listener {
	const struct http_server *server;
	const struct config *config;
	const char *key, *chain; /* until started */
	struct MHD_Daemon *http;
	struct rate *rate;
	int fd;
	uint64_t patience; /* ms */
	bool log;
	atomic_size_t held;
	pthread_mutex_t lock; /* of lines, and whether to go on watching */
	pthread_cond_t stop;
	struct line *lines;
	bool watching;
	pthread_t watcher;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- connections -------------------------------------------------------- */

static void connection(void *context, struct MHD_Connection *c,
	void **socket_context, enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info;
	struct listener *l = context;
	struct line *line = *socket_context;

	pthread_mutex_lock(&l->lock);
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(c,
			MHD_CONNECTION_INFO_CONNECTION_FD);
		line = info ? calloc(1, sizeof(*line)) : NULL;
		*socket_context = line;
		if (line) {
			line->fd = info->connect_fd;
			line->since = now_ms();
			line->back = &l->lines;
			line->next = l->lines;
			if (line->next)
				line->next->back = &line->next;
			l->lines = line;
		}
	} else if (line) {
		*line->back = line->next;
		if (line->next)
			line->next->back = line->back;
		free(line);
		*socket_context = NULL;
	}
	pthread_mutex_unlock(&l->lock);
}

static bool is_half_closed(int fd)
{
	struct pollfd look = { fd, POLLRDHUP, 0 };

	return poll(&look, 1, 0) > 0 && look.revents & POLLRDHUP;
}

static void *watch(void *context)
{
	struct listener *l = context;
	struct timespec until;

	pthread_mutex_lock(&l->lock);
	while (l->watching) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&l->stop, &l->lock, &until);
		/* The descriptor is open as long as its line is listed. */
		for (struct line *line = l->lines; line; line = line->next)
			if (now_ms() > line->since + l->patience)
				shutdown(line->fd, SHUT_RDWR);
			else if (is_half_closed(line->fd))
				shutdown(line->fd, SHUT_RD);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* --- requests ----------------------------------------------------------- */

static void *uri(void *context, const char *target, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c,
		MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	size_t size = strlen(target);
	struct call *call = calloc(1, sizeof(*call) + size + 1);

	if (!call)
		return NULL;
	memcpy(call->target, target, size);
	call->line = info ? info->socket_context : NULL;
	call->began = now_ms();
	return call;
}

struct header_list {
	struct http_field fields[HTTP_FIELDS_MAX + 1];
	size_t count;
};

static enum MHD_Result collect(void *context, enum MHD_ValueKind kind,
	const char *name, const char *value)
{
	struct header_list *list = context;

	if (list->count > HTTP_FIELDS_MAX)
		return MHD_NO;
	list->fields[list->count].name = name;
	list->fields[list->count++].value = value ? value : "";
	return MHD_YES;
}

static bool begin(struct listener *l, struct call *call,
	struct MHD_Connection *c, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c,
		MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *client = info ? info->client_addr : NULL;
	struct header_list *list = calloc(1, sizeof(*list));

	if (!list)
		return false;
	MHD_get_connection_values(c, MHD_HEADER_KIND, collect, list);
	call->exchange = http_exchange_begin(l->server, method, call->target,
		list->fields, list->count, client);
	free(list);
	if (call->exchange && !rate_allow(l->rate, client, call->began)) {
		http_exchange_refuse(call->exchange, 429, "TooManyRequests",
			"too many requests: wait a second");
	}
	return call->exchange != NULL;
}

/* Does more come than is worth reading before an answer that is known, or
 * nobody knows how much? */
static bool is_flood(const struct http_exchange *exchange)
{
	const char *size = http_header(http_exchange_request(exchange),
		"Content-Length");

	return http_answer_header_value(http_exchange_answer(exchange),
		"Connection") || (size && (strlen(size) > 7 ||
		atol(size) > HTTP_BODY_MAX));
}

static enum MHD_Result respond(struct call *call, struct MHD_Connection *c)
{
	struct MHD_Response *response;
	struct http_view view;
	enum MHD_Result r;

	http_answer_view(http_exchange_answer(call->exchange), &view);
	response = MHD_create_response_from_buffer(view.body_size,
		(void *)(uintptr_t)view.body, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	for (size_t i = 0; i < view.header_count; i++)
		MHD_add_response_header(response, view.headers[i].name,
			view.headers[i].value);
	if (view.status == 429 || view.status == 503)
		MHD_add_response_header(response, "Retry-After", "1");
	MHD_add_response_header(response, "X-Content-Type-Options",
		"nosniff");
	r = MHD_queue_response(c, view.status, response);
	MHD_destroy_response(response);
	return r;
}

/* What it had is given back, so that others can finish. */
static void let_go(struct listener *l, struct call *call)
{
	atomic_fetch_sub(&l->held, call->held);
	call->held = 0;
}

static void take_body(struct listener *l, struct call *call,
	const char *bytes, size_t size)
{
	size_t most = (size_t)config_number(l->config, "body_bytes_at_once");

	if (http_exchange_answer(call->exchange))
		return;
	call->held += size;
	if (atomic_fetch_add(&l->held, size) + size <= most)
		http_exchange_body(call->exchange, bytes, size);
	else
		http_exchange_refuse(call->exchange, 503, "ServerBusy",
			"too much at once: try again");
	if (http_exchange_answer(call->exchange))
		let_go(l, call);
}

static enum MHD_Result serve(void *context, struct MHD_Connection *c,
	const char *url, const char *method, const char *version,
	const char *body, size_t *body_size, void **state)
{
	struct listener *l = context;
	struct call *call = *state;

	if (!call)
		return MHD_NO;
	if (!call->exchange) {
		if (!begin(l, call, c, method))
			return MHD_NO;
		if (http_exchange_answer(call->exchange) &&
		    is_flood(call->exchange))
			return respond(call, c);
		return MHD_YES;
	}
	if (*body_size) {
		take_body(l, call, body, *body_size);
		*body_size = 0;
		return MHD_YES;
	}
	http_exchange_finish(call->exchange);
	return respond(call, c);
}

static void log_call(const struct call *call)
{
	const struct http_request *request =
		http_exchange_request(call->exchange);
	struct http_view view;

	if (!http_exchange_answer(call->exchange))
		return;
	http_answer_view(http_exchange_answer(call->exchange), &view);
	log_info("%s %s %s %u %zu bytes %llu ms", request->client,
		request->pattern ? request->method : "-",
		request->pattern ? request->pattern : "-", view.status,
		view.body_size, (unsigned long long)(now_ms() - call->began));
}

static void done(void *context, struct MHD_Connection *c, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct listener *l = context;
	struct call *call = *state;

	if (!call)
		return;
	*state = NULL;
	if (call->exchange && l->log)
		log_call(call);
	if (call->line)
		call->line->since = now_ms();
	let_go(l, call);
	http_exchange_end(call->exchange);
	free(call);
}

/* The path is taken apart here, so it stays escaped. */
static size_t keep_escapes(void *context, struct MHD_Connection *c,
	char *text)
{
	return strlen(text);
}

/* --- opening and closing ------------------------------------------------ */

static int bind_to(const char *address, const char *port, bool plain,
	struct why *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
	int fd = -1, one = 1, error, r;

	error = getaddrinfo(address, port, &hints, &list);
	if (error)
		return why_set(why, -EINVAL, "listen = %.200s: %s", address,
			gai_strerror(error));
	if (plain && !rate_is_loopback(list->ai_addr)) {
		freeaddrinfo(list);
		return why_set(why, -EPERM, "plain HTTP is for loopback "
			"addresses, %.200s is none: leave out --http, or "
			"listen at 127.0.0.1", address);
	}
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
		SOCK_NONBLOCK, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) ||
	    listen(fd, BACKLOG)) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		fd = why_set(why, r, "cannot listen at %.200s port %s: %s%s",
			address, port, strerror(-r), r == -EADDRINUSE ?
			"; choose another with --port" : "");
	}
	freeaddrinfo(list);
	return fd;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	const struct sockaddr_in6 *six = (const void *)&address;
	const struct sockaddr_in *four = (const void *)&address;

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? six->sin6_port :
		four->sin_port);
}

int listener_open(struct listener **out, const struct http_server *server,
	const struct config *config, const char *key, const char *chain,
	unsigned *port, struct why *why)
{
	struct listener *l = calloc(1, sizeof(*l));
	pthread_condattr_t kind;
	char number[16];
	int r;

	*out = NULL;
	if (!l)
		return why_set(why, -ENOMEM, "out of memory");
	l->server = server;
	l->config = config;
	l->key = key;
	l->chain = chain;
	l->patience = (uint64_t)config_number(config, "request_seconds") *
		1000;
	l->log = config_yes(config, "log_requests");
	l->rate = rate_new((unsigned)config_number(config,
		"requests_per_second"), config_yes(config, "limit_loopback"));
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&kind);
	pthread_condattr_setclock(&kind, CLOCK_MONOTONIC);
	pthread_cond_init(&l->stop, &kind);
	pthread_condattr_destroy(&kind);
	snprintf(number, sizeof(number), "%u",
		(unsigned)config_number(config, "port"));
	l->fd = l->rate ? bind_to(config_text(config, "listen"), number,
		!key, why) : why_set(why, -ENOMEM, "out of memory");
	if (l->fd < 0) {
		r = l->fd;
		listener_close(l);
		return r;
	}
	*port = port_of(l->fd);
	*out = l;
	return 0;
}

static unsigned threads_of(const struct config *config)
{
	long n = (long)config_number(config, "threads");

	if (n)
		return (unsigned)n;
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 4 ? 4 : n > 64 ? 64 : (unsigned)n;
}

int listener_start(struct listener *l, struct why *why)
{
	const struct config *config = l->config;
	unsigned patience = (unsigned)(l->patience / 1000);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)l->key },
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)l->chain },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_KINDS },
		{ MHD_OPTION_END, 0, NULL } };

	if (!l->key)
		tls[0] = tls[3];
	l->http = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
		MHD_USE_ITC | (l->key ? MHD_USE_TLS : 0), 0, NULL, NULL, serve, l,
		MHD_OPTION_ARRAY, tls,
		MHD_OPTION_LISTEN_SOCKET, l->fd,
		MHD_OPTION_THREAD_POOL_SIZE, threads_of(config),
		MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)config_number(config, "connections"),
		MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)config_number(config, "connections_per_client"),
		MHD_OPTION_CONNECTION_TIMEOUT, patience,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, uri, l,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, done, l,
		MHD_OPTION_NOTIFY_CONNECTION, connection, l,
		MHD_OPTION_END);
	if (!l->http)
		return why_set(why, -EIO, "libmicrohttpd does not start: too "
			"few descriptors, or a key that does not fit its "
			"certificate");
	l->fd = -1; /* libmicrohttpd's */
	l->watching = true;
	if (pthread_create(&l->watcher, NULL, watch, l)) {
		l->watching = false;
		return why_set(why, -EAGAIN, "no thread could be made");
	}
	return 0;
}

/* Nobody can connect or ask any more, and who has asked is answered.  Also
 * because libmicrohttpd 0.9.75 queues no answers once it is being stopped, but
 * takes its own to requests that are none for queued: a null pointer. */
static void say_goodbye(struct listener *l)
{
	bool all = false;

	l->fd = MHD_quiesce_daemon(l->http);
	for (unsigned ms = 0; !all && ms < FAREWELL_MS; ms += 5) {
		usleep(5000);
		pthread_mutex_lock(&l->lock);
		for (struct line *line = l->lines; line; line = line->next)
			shutdown(line->fd, SHUT_RD);
		all = !l->lines;
		pthread_mutex_unlock(&l->lock);
	}
}

void listener_close(struct listener *l)
{
	bool watching;

	if (!l)
		return;
	if (l->http) {
		say_goodbye(l);
		MHD_stop_daemon(l->http);
	}
	pthread_mutex_lock(&l->lock);
	watching = l->watching;
	l->watching = false;
	pthread_cond_signal(&l->stop);
	pthread_mutex_unlock(&l->lock);
	if (watching)
		pthread_join(l->watcher, NULL);
	if (l->fd >= 0)
		close(l->fd);
	rate_free(l->rate);
	pthread_cond_destroy(&l->stop);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
