/* SPDX-License-Identifier: MIT */
/*
 * A client can keep its own thread busy and no other: requests of one
 * connection are served one after the other, a reply that is not read holds
 * up its own connection only, and for so long; connections are counted.
 * Collateral costs milliseconds and may have to be signed: each connection
 * gets it at a limited rate.
 */
#include "quoting/connection.h"

#include "common/log.h"
#include "common/msg.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SEND_SECONDS 10
#define STACK_SIZE (256u << 10)
/* Collateral: so many at once, then one per interval. */
#define COLLATERAL_BURST 16
#define COLLATERAL_INTERVAL_MS 50

struct connection {
	struct connection *next; /* under g_lock */
	struct arch *arch;
	int fd;
	uint32_t pid;
	int64_t collateral_free; /* ms: when the burst is whole again */
	uint8_t *reply; /* QUOTING_REPLY_MAX bytes */
};

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static struct connection *g_connections;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* --- replies ------------------------------------------------------------ */

static int answer(struct connection *c, const struct quoting_request *request,
	int result, const struct why *why, size_t size)
{
	struct quoting_reply head = { .command = request->command,
		.tag = request->tag, .result = result };

	if (result) {
		size = 0;
		memcpy(head.text, why->text, strnlen(why->text,
			sizeof(head.text) - 1));
	}
	head.size = (uint32_t)(sizeof(head) + size);
	memcpy(c->reply, &head, sizeof(head));
	return msg_send(c->fd, c->reply, head.size, NULL, 0, 0);
}

void connection_refuse(int fd, int result, const char *text)
{
	struct quoting_reply head = { .size = sizeof(head),
		.result = result };

	memcpy(head.text, text, strnlen(text, sizeof(head.text) - 1));
	msg_send(fd, &head, sizeof(head), NULL, 0, MSG_DONTWAIT);
	close(fd);
}

/* --- requests ----------------------------------------------------------- */

/* A request's outcome; *size: bytes of payload put behind the reply. */
typedef int serve_request(struct connection *c, const uint8_t *payload,
	uint8_t *out, size_t *size, struct why *why);

static int serve_target(struct connection *c, const uint8_t *payload,
	uint8_t *out, size_t *size, struct why *why)
{
	const struct quoting_target *target = arch_target_of(c->arch);

	memcpy(out, target, sizeof(*target));
	*size = sizeof(*target);
	return 0;
}

static int serve_quote(struct connection *c, const uint8_t *payload,
	uint8_t *out, size_t *size, struct why *why)
{
	*size = arch_target_of(c->arch)->quote_size;
	return arch_quote(c->arch, payload, out, why);
}

/* Whoever asks too often waits. */
static void slow_down(struct connection *c)
{
	int64_t now = now_ms();
	int64_t early;

	if (c->collateral_free < now)
		c->collateral_free = now;
	c->collateral_free += COLLATERAL_INTERVAL_MS;
	early = c->collateral_free - now -
		COLLATERAL_BURST * COLLATERAL_INTERVAL_MS;
	if (early > 0)
		usleep((useconds_t)early * 1000);
}

static int join(const struct attest_collateral *from, uint8_t *out,
	size_t *size, struct why *why)
{
	const struct attest_bytes *part[QUOTING_PARTS] = { &from->tcb_info,
		&from->tcb_info_chain, &from->pck_crl, &from->pck_crl_chain,
		&from->root_crl, &from->qe_identity,
		&from->qe_identity_chain };
	struct quoting_parts parts = { .reserved = 0 };
	size_t at = sizeof(parts);

	for (unsigned i = 0; i < QUOTING_PARTS; i++) {
		if (part[i]->size > QUOTING_REPLY_MAX -
				sizeof(struct quoting_reply) - at)
			return why_set(why, -EMSGSIZE, "the collateral is too "
				"large for one answer; coffer serve has it");
		parts.size[i] = (uint32_t)part[i]->size;
		if (part[i]->size)
			memcpy(out + at, part[i]->data, part[i]->size);
		at += part[i]->size;
	}
	memcpy(out, &parts, sizeof(parts));
	*size = at;
	return 0;
}

static int serve_collateral(struct connection *c, const uint8_t *payload,
	uint8_t *out, size_t *size, struct why *why)
{
	struct pki_collateral collateral;
	struct quoting_which which;
	int r;

	slow_down(c);
	memcpy(&which, payload, sizeof(which));
	r = arch_collateral(c->arch, &which, &collateral, why);
	if (r)
		return r;
	r = join(&collateral.view, out, size, why);
	pki_collateral_free(&collateral);
	return r;
}

static const struct row {
	uint32_t command, size; /* of the payload, exactly */
	serve_request *serve;
} rows[] = {
	{ QUOTING_TARGET_INFO, 0, serve_target },
	{ QUOTING_QUOTE, QUOTING_REPORT_SIZE, serve_quote },
	{ QUOTING_COLLATERAL, sizeof(struct quoting_which),
		serve_collateral },
};

/* False: this client is not served any more. */
static bool serve_one(struct connection *c)
{
	uint8_t message[QUOTING_REQUEST_MAX];
	struct quoting_request request;
	const struct row *row = NULL;
	struct why why = { "" };
	size_t size = 0;
	ssize_t n = msg_recv(c->fd, message, sizeof(message), NULL, NULL, 0);
	int r;

	if (n < (ssize_t)sizeof(request))
		return false;
	memcpy(&request, message, sizeof(request));
	if (request.size != (size_t)n || !request.tag)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].command == request.command)
			row = &rows[i];
	if (!row)
		r = why_set(&why, -EINVAL, "there is no command %u",
			request.command);
	else if ((size_t)n - sizeof(request) != row->size)
		r = why_set(&why, -EINVAL, "command %u with %zu bytes instead "
			"of %u", row->command, (size_t)n - sizeof(request),
			row->size);
	else
		r = row->serve(c, message + sizeof(request),
			c->reply + sizeof(struct quoting_reply), &size, &why);
	if (r == -ENODEV) {
		/* Of no use any more; who asked asks our successor. */
		log_error("ends: %s", why.text);
		_exit(1);
	}
	return !answer(c, &request, r, &why, size);
}

/* --- threads ------------------------------------------------------------ */

static void leave(struct connection *c)
{
	struct connection **link;

	pthread_mutex_lock(&g_lock);
	for (link = &g_connections; *link != c; link = &(*link)->next)
		;
	*link = c->next;
	pthread_mutex_unlock(&g_lock);
	close(c->fd);
	free(c->reply);
	free(c);
}

static void *thread(void *argument)
{
	struct connection *c = argument;

	while (serve_one(c))
		;
	leave(c);
	return NULL;
}

/* Takes a place among the connections; why not, or NULL. */
static const char *enter(struct connection *c)
{
	unsigned all = 0, of_client = 0;
	const char *problem = NULL;

	pthread_mutex_lock(&g_lock);
	for (struct connection *i = g_connections; i; i = i->next) {
		all++;
		of_client += i->pid == c->pid;
	}
	if (of_client >= QUOTING_CONNECTIONS_EACH)
		problem = "this process has too many connections to "
			"coffer-quoting already";
	else if (all >= QUOTING_CONNECTIONS_ALL)
		problem = "coffer-quoting serves no more connections";
	if (!problem) {
		c->next = g_connections;
		g_connections = c;
	}
	pthread_mutex_unlock(&g_lock);
	return problem;
}

static int start(struct connection *c)
{
	pthread_attr_t attributes;
	pthread_t id;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	r = pthread_create(&id, &attributes, thread, c);
	pthread_attr_destroy(&attributes);
	return r;
}

void connection_serve(struct arch *arch, int fd, uint32_t pid)
{
	const struct timeval limit = { SEND_SECONDS, 0 };
	struct connection *c = calloc(1, sizeof(*c));
	const char *problem;

	if (c)
		c->reply = malloc(QUOTING_REPLY_MAX);
	if (!c || !c->reply) {
		free(c);
		connection_refuse(fd, -ENOMEM, "coffer-quoting is out of "
			"memory");
		return;
	}
	c->arch = arch;
	c->fd = fd;
	c->pid = pid;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	problem = enter(c);
	if (problem) {
		log_info("client %u: %s", pid, problem);
		connection_refuse(fd, -EUSERS, problem);
		free(c->reply);
		free(c);
	} else if (start(c)) {
		connection_refuse(dup(fd), -EAGAIN, "coffer-quoting has no "
			"thread for this connection");
		leave(c);
	}
}

unsigned connection_count(void)
{
	unsigned count = 0;

	pthread_mutex_lock(&g_lock);
	for (struct connection *i = g_connections; i; i = i->next)
		count++;
	pthread_mutex_unlock(&g_lock);
	return count;
}
