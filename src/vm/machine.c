/* SPDX-License-Identifier: MIT */
#include "vm/machine.h"
#include "common/msg.h"
#include "common/paths.h"
#include "common/place.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_SECONDS 30

static void drop(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* One request, one reply; the reply's payload of at most room bytes goes to
 * payload, its size to *got; a descriptor, or -1, to *fd, where NULL says
 * that none may come. */
static int ask(struct machine *machine, uint32_t command, const void *body,
	size_t body_size, void *payload, size_t room, size_t *got, int *fd,
	struct why *why)
{
	struct {
		struct wire_header header;
		uint8_t body[64];
	} request = { .header = {
		.size = (uint32_t)(sizeof(struct wire_header) + body_size),
		.command = command, .tag = command } };
	uint8_t message[WIRE_MESSAGE_MAX];
	struct wire_reply reply;
	unsigned fds;
	ssize_t n;
	int ret, came = -1;

	memcpy(request.body, body, body_size);
	ret = msg_send(machine->fd, &request, request.header.size, NULL, 0, 0);
	if (ret)
		return why_set(why, ret, "the driver took no request: %s",
			strerror(-ret));
	do {
		drop(came);
		came = -1;
		fds = 1;
		n = msg_recv(machine->fd, message, sizeof(message), &came,
			fd ? &fds : NULL, 0);
		if (!fd || n <= 0 || !fds)
			came = -1;
		if (n == 0)
			return why_set(why, -ECONNRESET,
				"the driver closed the connection");
		if (n < 0)
			return why_set(why, (int)n,
				"no answer from the driver: %s",
				strerror((int)-n));
		if ((size_t)n < sizeof(reply)) {
			drop(came);
			return why_set(why, -EPROTO,
				"the driver's answer is too short");
		}
		memcpy(&reply, message, sizeof(reply));
	} while (reply.command == WIRE_EVENT);
	reply.text[WIRE_TEXT_MAX - 1] = 0;
	*got = (size_t)n - sizeof(reply);
	if (reply.size != (size_t)n || reply.tag != command)
		ret = why_set(why, -EPROTO,
			"the driver's answer does not fit the request");
	else if (reply.result)
		ret = why_set(why, reply.result < 0 ? reply.result : -EPROTO,
			"%s", reply.text);
	else if (*got > room)
		ret = why_set(why, -EPROTO, "the driver's answer is too long");
	else
		memcpy(payload, message + sizeof(reply), *got);
	if (ret)
		drop(came);
	else if (fd)
		*fd = came;
	return ret;
}

static int ask_info(struct machine *machine, uint32_t command,
	const void *body, size_t size, struct why *why)
{
	size_t got;
	int ret = ask(machine, command, body, size, &machine->info,
		sizeof(machine->info), &got, NULL, why);

	if (!ret && (got != sizeof(machine->info) ||
			machine->info.abi != WIRE_ABI))
		ret = why_set(why, -EPROTO,
			"the driver speaks another version; end it and run "
			"programs of one version");
	machine->info.vm[sizeof(machine->info.vm) - 1] = 0;
	machine->info.vm_size[sizeof(machine->info.vm_size) - 1] = 0;
	return ret;
}

int machine_open(const char *name, struct machine *machine, struct why *why)
{
	return machine_open_within(name, ANSWER_SECONDS * 1000, machine, why);
}

int machine_open_within(const char *name, unsigned ms,
	struct machine *machine, struct why *why)
{
	struct wire_hello hello = { .abi = WIRE_ABI };
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	struct sockaddr_un address;
	struct place place;
	int ret;

	ret = place_find(name, &place, why);
	if (!ret)
		ret = paths_socket(place.runtime, &address, why);
	if (ret)
		return ret;
	machine->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (machine->fd < 0)
		return why_set(why, -errno, "no socket: %s", strerror(errno));
	setsockopt(machine->fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
		sizeof(limit));
	if (connect(machine->fd, (struct sockaddr *)&address,
			sizeof(address))) {
		ret = errno == ECONNREFUSED ? -ENOENT : -errno;
		close(machine->fd);
		if (!place.ours)
			return place_absent(&place, name, ret, why);
		return why_set(why, ret, "machine \"%s\" does not run (%s: %s)",
			name, address.sun_path, strerror(-ret));
	}
	setsockopt(machine->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ret = place_check(&place, machine->fd, why);
	if (!ret)
		ret = ask_info(machine, WIRE_HELLO, &hello, sizeof(hello), why);
	if (ret)
		close(machine->fd);
	return ret;
}

void machine_close(struct machine *machine)
{
	close(machine->fd);
}

int machine_refresh(struct machine *machine, struct why *why)
{
	return ask_info(machine, WIRE_INFO, "", 0, why);
}

int machine_shutdown(struct machine *machine, struct why *why)
{
	uint8_t nothing;
	size_t got;

	return ask(machine, WIRE_SHUTDOWN, "", 0, &nothing, 0, &got, NULL,
		why);
}

int machine_list(struct machine *machine, struct wire_enclave **items,
	size_t *count, struct why *why)
{
	union {
		struct wire_listing listing;
		uint8_t bytes[WIRE_MESSAGE_MAX];
	} page;
	struct wire_list request = { 0 };
	struct wire_enclave *all = NULL, *more;
	size_t have = 0, got;
	int ret;

	do {
		uint32_t n;

		ret = ask(machine, WIRE_LIST, &request, sizeof(request), &page,
			sizeof(page), &got, NULL, why);
		if (ret)
			break;
		n = got < sizeof(page.listing) ? 0 : page.listing.count;
		if (got < sizeof(page.listing) || n > WIRE_LIST_MAX ||
		    got != sizeof(page.listing) + n * sizeof(*all) ||
		    (page.listing.more && !n)) {
			ret = why_set(why, -EPROTO, "the driver's list is "
				"malformed");
			break;
		}
		more = realloc(all, (have + n + 1) * sizeof(*all));
		if (!more) {
			ret = why_set(why, -ENOMEM, "out of memory");
			break;
		}
		all = more;
		memcpy(all + have, page.listing.item, n * sizeof(*all));
		have += n;
		if (n)
			request.after = all[have - 1].id;
	} while (page.listing.more);
	if (ret) {
		free(all);
		return ret;
	}
	*items = all;
	*count = have;
	return 0;
}

int machine_find(struct machine *machine, uint32_t pid,
	struct wire_enclave *out, struct why *why)
{
	struct wire_enclave *items;
	size_t count;
	int ret = machine_list(machine, &items, &count, why);

	if (ret)
		return ret;
	ret = -ENOENT;
	for (size_t i = 0; i < count; i++) {
		if (items[i].pid == pid &&
		    items[i].state == WIRE_STATE_INITIALIZED) {
			*out = items[i];
			ret = 0;
		}
	}
	free(items);
	return ret ? why_set(why, ret, "the machine lists no enclave of "
		"process %u", pid) : 0;
}

int machine_swap(struct machine *machine, int *fd, struct wire_swap *swap,
	struct why *why)
{
	size_t got;
	int ret = ask(machine, WIRE_SWAP, "", 0, swap, sizeof(*swap), &got, fd,
		why);

	if (ret)
		return ret;
	if (got == sizeof(*swap) && *fd >= 0)
		return 0;
	drop(*fd);
	return why_set(why, -EPROTO, "the driver's answer has no swap store");
}

const char *machine_state_name(uint32_t state)
{
	static const char *const names[] = {
		[WIRE_STATE_OPEN] = N_("open"),
		[WIRE_STATE_CREATED] = N_("loading"),
		[WIRE_STATE_INITIALIZED] = N_("running"),
		[WIRE_STATE_LOST] = N_("lost"),
		[WIRE_STATE_CLOSING] = N_("closing"),
		[WIRE_STATE_TAMPERED] = N_("tampered"),
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] :
		N_("unknown");
}
