/* SPDX-License-Identifier: MIT */
#include "vmlink.h"

#include "common/msg.h"
#include "common/paths.h"
#include "common/place.h"
#include "common/vmstart.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

/* cofferd gives its processor 30 s for a request and serves others between;
 * longer silence is the end. */
#define ANSWER_SECONDS 120
#define HELLO_ATTEMPTS 5

struct vmlink {
	pthread_mutex_t lock;
	int fd;
	bool dead; /* written under lock, read without */
	uint64_t tag;
	uint32_t features, misc_select;
	struct why why; /* of its death */
	vmlink_lost *lost;
	void *context;
};

/* --- under lock --------------------------------------------------------- */

static void died(struct vmlink *link, const char *text)
{
	if (link->dead)
		return;
	/* An event may have told why before the connection closed. */
	if (!link->why.text[0])
		why_set(&link->why, 0, "%s", text);
	__atomic_store_n(&link->dead, true, __ATOMIC_SEQ_CST);
	if (link->lost)
		link->lost(link->context, 0, link->why.text);
}

static void heard(struct vmlink *link, struct wire_reply *event)
{
	event->text[sizeof(event->text) - 1] = '\0';
	if (event->handle) {
		if (link->lost)
			link->lost(link->context, event->handle, event->text);
		return;
	}
	why_set(&link->why, 0, "%s", event->text);
	died(link, event->text);
}

/* One message: 1 when it is a reply to tag, 0 when it was something else or
 * nothing was there, -ENODEV at the end.  *fd: a descriptor that came with
 * it, or -1; NULL: none may. */
static int receive(struct vmlink *link, uint8_t *message, size_t *size,
	uint64_t tag, int *fd, int flags)
{
	struct wire_reply head;
	unsigned fds = 1;
	ssize_t n;

	if (fd && *fd >= 0)
		close(*fd);
	n = msg_recv(link->fd, message, WIRE_MESSAGE_MAX, fd,
		fd ? &fds : NULL, flags);
	if (fd && (n <= 0 || !fds))
		*fd = -1;

	if (n == -EAGAIN && flags & MSG_DONTWAIT)
		return 0;
	if (n <= 0) {
		died(link, n == -EAGAIN ? N_("cofferd does not answer") :
			n == 0 || n == -ECONNRESET ?
			N_("cofferd, the virtual machine's driver, is gone") :
			N_("the connection to cofferd broke"));
		return -ENODEV;
	}
	if ((size_t)n >= sizeof(head))
		memcpy(&head, message, sizeof(head));
	if ((size_t)n < sizeof(head) || head.size != (size_t)n ||
	    (head.command != WIRE_EVENT && (head.tag != tag || !tag))) {
		died(link, N_("cofferd does not keep to the protocol"));
		return -ENODEV;
	}
	*size = (size_t)n;
	if (head.command != WIRE_EVENT)
		return 1;
	heard(link, &head);
	return link->dead ? -ENODEV : 0;
}

static int gone(struct vmlink *link, struct why *why)
{
	return why_set(why, -ENODEV, "%s", link->why.text);
}

static int ask(struct vmlink *link, struct vmlink_call *call, int fd,
	struct why *why)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	struct wire_header head = { .command = call->command,
		.handle = call->handle, .tag = ++link->tag };
	struct wire_reply reply;
	size_t size = sizeof(head);
	int r;

	if (call->fd)
		*call->fd = -1;
	for (int i = 0; i < 2; i++) {
		if (call->size[i] > sizeof(message) - size)
			return why_set(why, -EMSGSIZE, "request too long");
		if (call->size[i])
			memcpy(message + size, call->part[i], call->size[i]);
		size += call->size[i];
	}
	head.size = (uint32_t)size;
	memcpy(message, &head, sizeof(head));
	r = msg_send(link->fd, message, size, &fd, fd >= 0, 0);
	/* When the other side is gone its last words may still be here. */
	do
		r = receive(link, message, &size, head.tag, call->fd,
			r ? MSG_DONTWAIT : 0) ;
	while (!r);
	if (r < 0) {
		if (call->fd && *call->fd >= 0)
			close(*call->fd);
		return gone(link, why);
	}
	memcpy(&reply, message, sizeof(reply));
	reply.text[sizeof(reply.text) - 1] = '\0';
	size -= sizeof(reply);
	call->handle = reply.handle;
	if (reply.command != call->command || reply.result > 0 ||
	    (call->fd && !reply.result && *call->fd < 0) ||
	    (size != call->out_size && (size || !reply.result) &&
	     !(call->shorter && size < call->out_size))) {
		died(link, N_("cofferd gave an answer that is none"));
		return gone(link, why);
	}
	if (size)
		memcpy(call->out, message + sizeof(reply), size);
	call->out_size = size;
	if (reply.result) {
		why_set(why, 0, "%s", reply.text);
		if (call->fd && *call->fd >= 0)
			close(*call->fd);
	}
	return reply.result;
}

/* --- interface ---------------------------------------------------------- */

/* Is it the machine of our state directory?  Another user's has one that is
 * closed to us. */
static int check_machine(const char *vm, const struct wire_info *info,
	struct why *why)
{
	char path[PATH_MAX];
	struct place place;
	struct stat st;
	int r = place_find(vm, &place, why);

	if (r)
		return r;
	if (info->abi != WIRE_ABI)
		return why_set(why, -EPROTO, "cofferd is of another version");
	if (!place.ours)
		return 0;
	r = paths_vm_state(vm, path, sizeof(path), why);
	if (r)
		return r;
	if (stat(path, &st) || st.st_dev != info->state_dev ||
	    st.st_ino != info->state_ino)
		return why_set(why, -EEXIST, "the virtual machine %s that "
			"runs here has another state directory than %s; set "
			"COFFER_RUNTIME_DIR, too", vm, path);
	return 0;
}

static int greet(struct vmlink *link, const char *vm,
	const struct arena_info *arena, struct why *why)
{
	struct wire_hello hello = { .abi = WIRE_ABI, .arena_va = arena->va,
		.arena_size = arena->size };
	struct wire_info info;
	struct vmlink_call call = { .command = WIRE_HELLO,
		.part = { &hello }, .size = { sizeof(hello) }, .out = &info,
		.out_size = sizeof(info) };
	int r = ask(link, &call, arena->fd, why);

	if (r)
		return r;
	link->features = info.cpuid_12_0[0];
	link->misc_select = info.cpuid_12_0[1];
	return check_machine(vm, &info, why);
}

int vmlink_open(const char *vm, const struct arena_info *arena,
	vmlink_lost *lost, void *context, struct vmlink **out,
	struct why *why)
{
	const struct timeval limit = { ANSWER_SECONDS, 0 };
	struct vmlink *link = calloc(1, sizeof(*link));
	int r = -ENODEV;

	if (!link)
		return why_set(why, -ENOMEM, "out of memory");
	pthread_mutex_init(&link->lock, NULL);
	for (int i = 0; i < HELLO_ATTEMPTS; i++) {
		link->dead = false;
		link->why.text[0] = '\0';
		link->fd = vmstart_connect(vm, why);
		if (link->fd < 0) {
			r = link->fd;
			break;
		}
		setsockopt(link->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
			sizeof(limit));
		r = greet(link, vm, arena, why);
		/* Closed before its answer: it was about to end. */
		if (!link->dead)
			break;
		close(link->fd);
		link->fd = -1;
	}
	if (r) {
		vmlink_close(link);
		return r;
	}
	link->lost = lost;
	link->context = context;
	*out = link;
	return 0;
}

void vmlink_close(struct vmlink *link)
{
	if (link->fd >= 0)
		close(link->fd);
	pthread_mutex_destroy(&link->lock);
	free(link);
}

void vmlink_orphan(struct vmlink *link)
{
	close(link->fd);
	link->fd = -1;
	link->dead = true;
}

int vmlink_do(struct vmlink *link, struct vmlink_call *call, struct why *why)
{
	int r;

	pthread_mutex_lock(&link->lock);
	if (link->dead)
		r = gone(link, why);
	else
		r = ask(link, call, -1, why);
	pthread_mutex_unlock(&link->lock);
	return r;
}

void vmlink_look(struct vmlink *link)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	size_t size;

	/* Who holds the lock reads everything that comes. */
	if (pthread_mutex_trylock(&link->lock))
		return;
	for (size = 1; !link->dead && size;) {
		size = 0;
		receive(link, message, &size, 0, NULL, MSG_DONTWAIT);
	}
	pthread_mutex_unlock(&link->lock);
}

bool vmlink_alive(const struct vmlink *link)
{
	return !__atomic_load_n(&link->dead, __ATOMIC_SEQ_CST);
}

uint32_t vmlink_features(const struct vmlink *link)
{
	return link->features;
}

uint32_t vmlink_misc_select(const struct vmlink *link)
{
	return link->misc_select;
}
