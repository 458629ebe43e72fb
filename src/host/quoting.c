/* SPDX-License-Identifier: MIT */
/*
 * A connection is used by one thread at a time: who asks takes one that is
 * free, or makes one, and puts it back.  There are at most
 * QUOTING_CONNECTIONS_EACH; threads beyond that wait.
 */
#include "quoting.h"

#include "common/msg.h"
#include "common/paths.h"
#include "driver.h"
#include "vmlink.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_SECONDS 120 /* the first one makes keys and certificates */
#define ATTEMPTS 5
#define PAUSE_MS 300 /* after which cofferd may start it again */

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t g_returned = PTHREAD_COND_INITIALIZER;
static pthread_once_t g_once = PTHREAD_ONCE_INIT;
static int g_free[QUOTING_CONNECTIONS_EACH]; /* descriptors; under g_lock */
static unsigned g_free_count, g_made; /* g_made includes those in use */

#define SMALL_REPLY (16u << 10) /* bytes: any but collateral */

struct answer {
	uint8_t *bytes; /* the caller's */
	size_t room;
	size_t size; /* of the payload behind the struct quoting_reply */
};

/* --- connections -------------------------------------------------------- */

/* The parent's connections are the parent's. */
static void after_fork_child(void)
{
	while (g_free_count)
		close(g_free[--g_free_count]);
	g_made = 0;
	pthread_mutex_init(&g_lock, NULL);
	pthread_cond_init(&g_returned, NULL);
}

static void once(void)
{
	pthread_atfork(NULL, NULL, after_fork_child);
}

/* *link: keeps the machine from ending for want of applications; to be closed
 * after the first answer, which may have to wait for keys to be made. */
static int dial(struct vmlink **link, struct why *why)
{
	const struct timeval limit = { ANSWER_SECONDS, 0 };
	const struct arena_info none = { .fd = -1 };
	const struct drv_ops *drv = drv_get();
	struct vmlink_call call = { .command = WIRE_QUOTING };
	const char *vm;
	int fd = -1, r;

	if (!drv)
		return why_set(why, -ENODEV, "%s", drv_error());
	if (strcmp(drv->name, "cofferd"))
		return why_set(why, -ENOTSUP, "quotes of /dev/sgx_enclave are "
			"not Coffer's: its driver has no quoting service");
	r = paths_vm_name(&vm, why);
	if (!r)
		r = vmlink_open(vm, &none, NULL, NULL, link, why);
	if (r)
		return r;
	call.fd = &fd;
	r = vmlink_do(*link, &call, why);
	if (r) {
		vmlink_close(*link);
		*link = NULL;
		return r;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* *link is NULL for an old connection, which may have gone stale while nobody
 * used it. */
static int take(struct vmlink **link, struct why *why)
{
	bool old;
	int fd = -1;

	pthread_once(&g_once, once);
	pthread_mutex_lock(&g_lock);
	while (!g_free_count && g_made >= QUOTING_CONNECTIONS_EACH)
		pthread_cond_wait(&g_returned, &g_lock);
	*link = NULL;
	old = g_free_count > 0;
	if (old)
		fd = g_free[--g_free_count];
	else
		g_made++;
	pthread_mutex_unlock(&g_lock);
	if (fd >= 0)
		return fd;
	fd = dial(link, why);
	if (fd < 0) {
		pthread_mutex_lock(&g_lock);
		g_made--;
		pthread_cond_signal(&g_returned);
		pthread_mutex_unlock(&g_lock);
	}
	return fd;
}

static void put(int fd, bool good)
{
	pthread_mutex_lock(&g_lock);
	if (good)
		g_free[g_free_count++] = fd;
	else
		g_made--;
	pthread_cond_signal(&g_returned);
	pthread_mutex_unlock(&g_lock);
	if (!good)
		close(fd);
}

/* --- requests ----------------------------------------------------------- */

static uint64_t next_tag(void)
{
	static uint64_t tag;

	return __atomic_add_fetch(&tag, 1, __ATOMIC_RELAXED);
}

/* 1: answered, *result is what was said.  0: the connection is of no use,
 * another may be.  A negative errno: give up. */
static int exchange(int fd, uint32_t command, const void *payload,
	size_t size, struct answer *answer, int *result, struct why *why)
{
	uint8_t message[QUOTING_REQUEST_MAX];
	struct quoting_request head = { .command = command,
		.size = (uint32_t)(sizeof(head) + size), .tag = next_tag() };
	struct quoting_reply reply;
	ssize_t n;

	memcpy(message, &head, sizeof(head));
	if (size)
		memcpy(message + sizeof(head), payload, size);
	/* Refused, its last words are still here; but when it has gone without
	 * reading the request, the kernel says that first, once. */
	msg_send(fd, message, head.size, NULL, 0, 0);
	n = msg_recv(fd, answer->bytes, answer->room, NULL, NULL, 0);
	if (n == -ECONNRESET)
		n = msg_recv(fd, answer->bytes, answer->room, NULL, NULL, 0);
	if (n == -EAGAIN)
		return why_set(why, -ETIMEDOUT, "coffer-quoting does not "
			"answer");
	if (n <= 0 && n != -EMSGSIZE && n != -EPROTO) {
		why_set(why, 0, "coffer-quoting went away before it answered; "
			"the machine's log says more");
		return 0;
	}
	if (n < (ssize_t)sizeof(reply))
		return why_set(why, -EPROTO, "coffer-quoting does not keep to "
			"the protocol");
	memcpy(&reply, answer->bytes, sizeof(reply));
	reply.text[sizeof(reply.text) - 1] = '\0';
	if (!reply.tag && reply.result < 0)
		return why_set(why, reply.result, "%s", reply.text);
	if (reply.size != (size_t)n || reply.tag != head.tag ||
	    reply.command != command || reply.result > 0)
		return why_set(why, -EPROTO, "coffer-quoting does not keep to "
			"the protocol");
	answer->size = (size_t)n - sizeof(reply);
	*result = reply.result;
	if (reply.result)
		why_set(why, 0, "%s", reply.text);
	return 1;
}

static void pause_ms(unsigned ms)
{
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&time, NULL);
}

static int ask(uint32_t command, const void *payload, size_t size,
	struct answer *answer, struct why *why)
{
	int result = -ENODEV;

	for (int i = 0; i < ATTEMPTS;) {
		struct vmlink *link;
		int r, fd = take(&link, why);
		bool old = !link;

		if (fd == -EAGAIN) {
			result = fd;
			i++;
			pause_ms(PAUSE_MS);
			continue;
		}
		if (fd < 0) {
			result = fd;
			break;
		}
		r = exchange(fd, command, payload, size, answer, &result,
			why);
		put(fd, r == 1);
		if (link)
			vmlink_close(link);
		if (r == 1)
			break;
		if (r < 0) {
			result = r;
			break;
		}
		result = -ENODEV;
		i += !old; /* of stale ones there may be many */
	}
	return result;
}

static int strange(struct why *why)
{
	return why_set(why, -EPROTO, "coffer-quoting gave an answer that is "
		"none");
}

/* --- interface ---------------------------------------------------------- */

int quoting_target(struct quoting_target *target, struct why *why)
{
	uint8_t bytes[SMALL_REPLY];
	struct answer answer = { .bytes = bytes, .room = sizeof(bytes) };
	int r = ask(QUOTING_TARGET_INFO, NULL, 0, &answer, why);

	if (r)
		return r;
	if (answer.size != sizeof(*target))
		return strange(why);
	memcpy(target, bytes + sizeof(struct quoting_reply), sizeof(*target));
	return 0;
}

int quoting_target_info(uint8_t target_info[QUOTING_TARGET_SIZE],
	struct why *why)
{
	struct quoting_target target;
	int r = quoting_target(&target, why);

	if (!r)
		memcpy(target_info, target.target_info, QUOTING_TARGET_SIZE);
	return r;
}

int quoting_quote(const uint8_t report[QUOTING_REPORT_SIZE],
	uint8_t **quote, size_t *size, struct why *why)
{
	uint8_t bytes[SMALL_REPLY];
	struct answer answer = { .bytes = bytes, .room = sizeof(bytes) };
	int r = ask(QUOTING_QUOTE, report, QUOTING_REPORT_SIZE, &answer, why);

	if (r)
		return r;
	if (!answer.size)
		return strange(why);
	*quote = malloc(answer.size);
	if (!*quote)
		return why_set(why, -ENOMEM, "out of memory");
	memcpy(*quote, bytes + sizeof(struct quoting_reply), answer.size);
	*size = answer.size;
	return 0;
}

/* Splits what was answered. */
static bool split(const struct answer *answer, struct attest_collateral *view)
{
	struct attest_bytes *part[QUOTING_PARTS] = { &view->tcb_info,
		&view->tcb_info_chain, &view->pck_crl, &view->pck_crl_chain,
		&view->root_crl, &view->qe_identity,
		&view->qe_identity_chain };
	const uint8_t *at = answer->bytes + sizeof(struct quoting_reply);
	struct quoting_parts parts;
	size_t left = answer->size;

	if (left < sizeof(parts))
		return false;
	memcpy(&parts, at, sizeof(parts));
	at += sizeof(parts);
	left -= sizeof(parts);
	for (unsigned i = 0; i < QUOTING_PARTS; i++) {
		if (parts.size[i] > left)
			return false;
		part[i]->data = at;
		part[i]->size = parts.size[i];
		at += parts.size[i];
		left -= parts.size[i];
	}
	return !left;
}

int quoting_collateral(const uint8_t fmspc[6], enum quoting_ca ca,
	unsigned api_version, struct quoting_collateral *out,
	struct why *why)
{
	struct quoting_which which = { .ca = (uint8_t)ca,
		.api_version = (uint8_t)api_version };
	struct answer answer = { .room = QUOTING_REPLY_MAX };
	int r;

	memset(out, 0, sizeof(*out));
	if (api_version > UINT8_MAX)
		return why_set(why, -EINVAL, "API version %u", api_version);
	memcpy(which.fmspc, fmspc, sizeof(which.fmspc));
	answer.bytes = malloc(answer.room);
	if (!answer.bytes)
		return why_set(why, -ENOMEM, "out of memory");
	r = ask(QUOTING_COLLATERAL, &which, sizeof(which), &answer, why);
	if (!r && !split(&answer, &out->view))
		r = strange(why);
	if (r) {
		memset(out, 0, sizeof(*out));
		free(answer.bytes);
	} else {
		out->memory = answer.bytes;
	}
	return r;
}

void quoting_collateral_free(struct quoting_collateral *collateral)
{
	free(collateral->memory);
	memset(collateral, 0, sizeof(*collateral));
}
