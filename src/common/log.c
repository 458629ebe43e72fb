/* SPDX-License-Identifier: MIT */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 600
#define PEER_LINES 20 /* in so many seconds */
#define PEER_SECONDS 60

/* Set once at start, before there are threads. */
static const char *g_program = "coffer";
static int g_fd = -1;
static enum log_level g_most = LOG_LEVEL_INFO;

void log_open(const char *program, int fd, enum log_level most)
{
	g_program = program;
	g_fd = fd;
	g_most = most;
}

static void line(enum log_level level, const char *format, va_list arguments)
{
	static const char *const names[] = { "error", "info", "debug" };
	char text[LINE_MAX_BYTES];
	struct timespec now;
	struct tm date;
	size_t used;
	int saved = errno, n;

	if (g_fd < 0 || level > g_most)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &date);
	used = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &date);
	n = snprintf(text + used, sizeof(text) - used, ".%03ldZ %s[%d] %s: ",
		now.tv_nsec / 1000000, g_program, (int)getpid(), names[level]);
	used += (size_t)n;
	n = vsnprintf(text + used, sizeof(text) - used - 1, format, arguments);
	if (n > 0)
		used += (size_t)n < sizeof(text) - used - 1 ?
			(size_t)n : sizeof(text) - used - 2;
	/* Text may quote what a peer sent: keep it on its line. */
	for (size_t i = 0; i < used; i++)
		if ((unsigned char)text[i] < 0x20)
			text[i] = ' ';
	text[used++] = '\n';
	while (write(g_fd, text, used) < 0 && errno == EINTR)
		;
	errno = saved;
}

#define LOG_FUNCTION(name, level)					\
	void name(const char *format, ...)				\
	{								\
		va_list arguments;					\
									\
		va_start(arguments, format);				\
		line(level, format, arguments);				\
		va_end(arguments);					\
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void log_peer(const char *format, ...)
{
	static unsigned count; /* since then */
	static time_t since;
	struct timespec now;
	va_list arguments;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - since >= PEER_SECONDS) {
		if (count > PEER_LINES)
			log_info("%u lines about other processes were left "
				"out", count - PEER_LINES);
		since = now.tv_sec;
		count = 0;
	}
	if (++count > PEER_LINES)
		return;
	va_start(arguments, format);
	line(LOG_LEVEL_INFO, format, arguments);
	va_end(arguments);
}
