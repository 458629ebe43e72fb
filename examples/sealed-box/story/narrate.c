/* SPDX-License-Identifier: MIT */
#include "story.h"

#include <sys/mman.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MILLISECONDS 300000u /* a busy computer is no failure */

void say(const struct story *s, const char *format, ...)
{
	va_list list;

	if (s->quiet)
		return;
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	fflush(stdout);
}

void heading(struct story *s, const char *text)
{
	say(s, "\n%u. %s\n", ++s->step, text);
}

bool judge(struct story *s, bool good, const char *format, ...)
{
	va_list list;

	if (good && s->quiet)
		return good;
	printf(good ? "   [ok]    " : "   [WRONG] ");
	va_start(list, format);
	vprintf(format, list);
	va_end(list);
	printf("\n");
	fflush(stdout);
	s->failed += !good;
	return good;
}

/* Words of a long line below each other. */
void say_lines(struct story *s, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), skip;

		if (n > 66)
			for (n = 66; n > 30 && text[n] != ' '; n--)
				;
		say(s, "           %.*s\n", (int)n, text);
		text += n;
		skip = strspn(text, " \n");
		text += skip;
	}
}

bool ask(struct story *s, const char *command, char *rest, size_t size)
{
	return ask_host(&s->application, command, rest, size, NULL);
}

bool ask_host(struct peer *host, const char *command, char *rest, size_t size,
	char *messages)
{
	char line[1024];
	bool good;

	snprintf(rest, size, "no answer");
	peer_say(host, "%s", command);
	/* Its library's messages come between. */
	do {
		if (!peer_hear(host, line, sizeof(line), ANSWER_MILLISECONDS))
			return false;
		if (messages && strstr(line, "ERROR"))
			snprintf(messages, MESSAGE_MAX, "%s", line);
	} while (strncmp(line, "ok", 2) && strncmp(line, "refused", 7));
	good = !strncmp(line, "ok", 2);
	snprintf(rest, size, "%s", line + strcspn(line, " ") +
		(strchr(line, ' ') != NULL));
	return good;
}

int run(struct story *s, char *const argv[], bool shown, char *said, size_t size)
{
	int fd = said ? memfd_create("said", MFD_CLOEXEC) : -1, status;
	char line[1024];
	struct peer p;
	ssize_t n;

	if (said)
		said[0] = 0;
	if (peer_start(&p, argv, (uid_t)-1, NULL, fd))
		return -1;
	close(p.to);
	p.to = -1;
	while (peer_hear(&p, line, sizeof(line), ANSWER_MILLISECONDS)) {
		if (shown && !s->quiet)
			printf("%s\n", line);
		else if (!shown && fd >= 0)
			dprintf(fd, "%s\n", line);
	}
	fflush(stdout);
	status = peer_end(&p, ANSWER_MILLISECONDS);
	if (fd >= 0) {
		n = pread(fd, said, size - 1, 0);
		said[n < 0 ? 0 : n] = 0;
		close(fd);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
