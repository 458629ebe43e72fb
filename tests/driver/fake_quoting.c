/* SPDX-License-Identifier: MIT */
/*
 * In place of coffer-quoting: tells each client which pid cofferd has said it
 * has.  A file "quoting" in the machine's state directory with the word "die"
 * has it end at once, with status 3; with "deaf", take no clients.
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
		msg_send(fd, &client.pid, sizeof(client.pid), NULL, 0, 0);
		close(fd);
		fds = 1;
	}
	return 0;
}
