/* SPDX-License-Identifier: MIT */
#include "peer.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(char *const argv[], uid_t uid, const char *folder, int in,
	int out, int errors)
{
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
		(errors >= 0 && dup2(errors, 2) < 0) || (folder && chdir(folder)))
		_exit(126);
	if (uid != (uid_t)-1 && uid != geteuid() &&
		(setgroups(0, NULL) || setgid(uid) || setuid(uid)))
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	execv(argv[0], argv);
	_exit(127);
}

int peer_start(struct peer *p, char *const argv[], uid_t uid, const char *folder,
	int errors)
{
	int in[2], out[2];

	p->used = 0;
	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return -EMFILE;
	}
	p->pid = fork();
	if (p->pid == 0)
		become(argv, uid, folder, in[0], out[1], errors);
	close(in[0]);
	close(out[1]);
	p->to = in[1];
	p->from = out[0];
	return p->pid < 0 ? -EAGAIN : 0;
}

void peer_say(struct peer *p, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vdprintf(p->to, format, list);
	va_end(list);
	dprintf(p->to, "\n");
}

static bool take_line(struct peer *p, char *line, size_t size)
{
	char *end = memchr(p->buffer, '\n', p->used);
	size_t length;

	if (!end)
		return false;
	length = (size_t)(end - p->buffer);
	snprintf(line, size, "%.*s", (int)length, p->buffer);
	p->used -= length + 1;
	memmove(p->buffer, end + 1, p->used);
	return true;
}

bool peer_hear(struct peer *p, char *line, size_t size, unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;

	while (!take_line(p, line, size)) {
		unsigned long long now = world_clock();
		struct pollfd poller = { .fd = p->from, .events = POLLIN };
		ssize_t n;

		if (now >= end || p->used == sizeof(p->buffer))
			return false;
		if (poll(&poller, 1, (int)(end - now)) <= 0)
			continue;
		n = read(p->from, p->buffer + p->used, sizeof(p->buffer) - p->used);
		if (n <= 0)
			return false;
		p->used += (size_t)n;
	}
	return true;
}

bool peer_expect(struct peer *p, const char *word, char *rest, size_t size,
	unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;
	size_t length = strlen(word);
	char line[4096];

	while (world_clock() < end &&
		peer_hear(p, line, sizeof(line), (unsigned)(end - world_clock()))) {
		if (strncmp(line, word, length) ||
			(line[length] && line[length] != ' ')) {
			fprintf(stderr, "  peer: %s\n", line);
			continue;
		}
		if (rest)
			snprintf(rest, size, "%s",
				line + length + (line[length] == ' '));
		return true;
	}
	fprintf(stderr, "peer %d did not say \"%s\"\n", p->pid, word);
	return false;
}

int peer_end(struct peer *p, unsigned milliseconds)
{
	unsigned long long end = world_clock() + milliseconds;
	int status = 0;

	if (p->to >= 0)
		close(p->to);
	if (p->pid <= 0)
		return -1;
	while (waitpid(p->pid, &status, WNOHANG) == 0) {
		if (world_clock() >= end) {
			kill(p->pid, SIGKILL);
			waitpid(p->pid, &status, 0);
			status = -1;
			break;
		}
		world_nap(5);
	}
	if (p->from >= 0)
		close(p->from);
	p->to = p->from = -1;
	return status;
}
