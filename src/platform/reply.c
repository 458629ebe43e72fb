/* SPDX-License-Identifier: MIT */
#include "platform/platform.h"

#include "common/log.h"
#include "common/msg.h"
#include <string.h>
#include <sys/socket.h>

static void send_reply(struct client *client, struct wire_reply *head,
	const void *payload, size_t size, int fd)
{
	uint8_t message[WIRE_MESSAGE_MAX];
	int r;

	if (client->gone)
		return;
	head->size = (uint32_t)(sizeof(*head) + size);
	memcpy(message, head, sizeof(*head));
	if (size)
		memcpy(message + sizeof(*head), payload, size);
	r = msg_send(client->fd, message, head->size, &fd, fd >= 0,
		MSG_DONTWAIT);
	if (r) {
		log_peer("client %u takes no reply (%s): dropped",
			client->pid, strerror(-r));
		client->gone = true;
	}
}

static struct wire_reply answer_to(const struct wire_header *request)
{
	struct wire_reply head;

	memset(&head, 0, sizeof(head));
	head.command = request->command;
	head.handle = request->handle;
	head.tag = request->tag;
	return head;
}

void reply(struct client *client, const struct wire_header *request,
	int result, const struct why *why, const void *payload, size_t size)
{
	struct wire_reply head = answer_to(request);

	head.result = result;
	if (result && why)
		memcpy(head.text, why->text, strnlen(why->text,
			sizeof(head.text) - 1));
	send_reply(client, &head, payload, size, -1);
}

void reply_with(struct client *client, const struct wire_header *request,
	const void *payload, size_t size, int fd)
{
	struct wire_reply head = answer_to(request);

	send_reply(client, &head, payload, size, fd);
}

void reply_event(struct client *client, uint64_t handle, int result,
	const char *text)
{
	struct wire_reply head;

	memset(&head, 0, sizeof(head));
	head.command = WIRE_EVENT;
	head.handle = handle;
	head.result = result;
	memcpy(head.text, text, strnlen(text, sizeof(head.text) - 1));
	send_reply(client, &head, NULL, 0, -1);
}
