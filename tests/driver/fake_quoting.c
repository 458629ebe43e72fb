/* SPDX-License-Identifier: MIT */
/*
 * In place of coffer-quoting: tells each client which pid cofferd has said it
 * has.  A file "quoting" in the machine's state directory with the word "die"
 * has it end at once, with status 3; with "deaf", take no clients; with "lie N",
 * answer requests for the target (0 to 15) or for collateral (16 and more) in
 * one wrong way.
 */
#include "common/msg.h"
#include "quoting/quoting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTROL 3

static void look_up(char word[16])
{
	const char *state = getenv("COFFER_STATE_DIR");
	char path[256];
	FILE *in;

	word[0] = '\0';
	snprintf(path, sizeof(path), "%s/vm/default/quoting",
		state ? state : "");
	in = fopen(path, "r");
	if (in && !fgets(word, 16, in))
		word[0] = '\0';
	if (in)
		fclose(in);
}

/* One request, one wrong answer. */
static void lie(int fd, unsigned kind)
{
	static uint8_t bytes[QUOTING_REPLY_MAX + 4096];
	struct quoting_parts parts = { .size = { 8, 8, 8, 8, 8, 8, 8 } };
	struct quoting_request request;
	struct quoting_reply reply;
	uint32_t size = sizeof(reply) + (kind < 16 ?
		(uint32_t)sizeof(struct quoting_target) :
		(uint32_t)sizeof(parts) + 56);

	if (msg_recv(fd, bytes, sizeof(bytes), NULL, NULL, 0) <
			(ssize_t)sizeof(request))
		return;
	memcpy(&request, bytes, sizeof(request));
	reply = (struct quoting_reply){ .size = size,
		.command = request.command, .tag = request.tag };
	memset(reply.text, 'x', sizeof(reply.text)); /* no NUL */
	switch (kind) {
	case 0: reply.size = --size; break;
	case 1: reply.size = ++size; break;
	case 2: size = sizeof(reply) - 1; break;
	case 3: size = 1; break;
	case 4: reply.size = size = sizeof(reply); break;
	case 5: reply.size++; break;
	case 6: reply.tag++; break;
	case 7: reply.tag = 0; break;
	case 8: reply.command++; break;
	case 9: reply.result = 1; break;
	case 10: reply.result = -5; break;
	case 11: reply.size = size = sizeof(bytes); break;
	case 16: parts.size[6]++; break;
	case 17: parts.size[0] = UINT32_MAX; break;
	case 18: parts.size[3] = UINT32_MAX - 7; break;
	case 19: parts.size[2]--; break;
	case 20: reply.size = size = sizeof(reply) + 31; break;
	case 21: parts.size[0] = 1u << 30; break;
	}
	memset(bytes, 0x41, sizeof(bytes));
	memcpy(bytes, &reply, sizeof(reply));
	if (kind >= 16)
		memcpy(bytes + sizeof(reply), &parts, sizeof(parts));
	msg_send(fd, bytes, size, NULL, 0, 0);
}

int main(int argc, char **argv)
{
	struct quoting_client client;
	char word[16];
	unsigned fds = 1;
	int fd;

	if (argc != 5 || strcmp(argv[1], "--vm") || strcmp(argv[2], "default")
			|| strcmp(argv[3], "--control") ||
			strcmp(argv[4], "3"))
		return 2;
	look_up(word);
	if (!strcmp(word, "die"))
		return 3;
	while (!strcmp(word, "deaf"))
		pause();
	while (msg_recv(CONTROL, &client, sizeof(client), &fd, &fds, 0) ==
			sizeof(client)) {
		if (!fds)
			return 4;
		look_up(word);
		if (!strncmp(word, "lie ", 4))
			lie(fd, (unsigned)atoi(word + 4));
		else
			msg_send(fd, &client.pid, sizeof(client.pid), NULL, 0,
				0);
		close(fd);
		fds = 1;
	}
	return 0;
}
