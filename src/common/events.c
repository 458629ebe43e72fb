/* SPDX-License-Identifier: MIT */
#include "common/events.h"

#include "common/paths.h"
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* As the inside of a JSON string; what does not fit is cut off. */
static void escape(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text && used + 7 < size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			used += (size_t)sprintf(out + used, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			used += (size_t)sprintf(out + used, "\\u%04x",
				c >= 0x7f ? 0xfffd : c);
		else
			out[used++] = (char)c;
	}
	out[used] = '\0';
}

static void stamp(char *out, size_t size)
{
	struct timespec now;
	char seconds[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
}

/* The lock keeps two from renaming at a time: the second would replace what
 * the first has just kept. */
static void rotate(int fd, const char *path)
{
	char old[PATH_MAX + 4];
	struct stat ours, named;

	if (fstat(fd, &ours) || ours.st_size < EVENTS_MAX ||
	    flock(fd, LOCK_EX | LOCK_NB))
		return;
	snprintf(old, sizeof(old), "%s.1", path);
	if (!stat(path, &named) && named.st_ino == ours.st_ino &&
	    named.st_dev == ours.st_dev)
		rename(path, old);
}

/* ,"details":{...}; "" when there are none, or too many. */
static void describe(const struct event_detail *d, char *out, size_t size)
{
	size_t used = 0;
	char safe[700];
	int n;

	*out = '\0';
	for (; d && d->name; d++) {
		if (d->text && !*d->text)
			continue;
		escape(d->text ? d->text : "", safe, sizeof(safe));
		n = snprintf(out + used, size - used, d->text ?
			"%s\"%s\":\"%s\"" : "%s\"%s\":%s%lld", used ? "," :
			",\"details\":{", d->name, safe, d->number);
		if (n < 0 || used + (size_t)n + 2 > size) {
			*out = '\0';
			return;
		}
		used += (size_t)n;
	}
	if (used)
		memcpy(out + used, "}", 2);
}

void events_add(const char *folder, const char *event,
	const struct event_detail *details, const char *format, ...)
{
	char path[PATH_MAX], text[320], safe[700], when[48],
		more[1000], line[EVENTS_LINE_MAX];
	va_list args;
	ssize_t ignored;
	int fd, n;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	escape(text, safe, sizeof(safe));
	describe(details, more, sizeof(more));
	stamp(when, sizeof(when));
	n = snprintf(line, sizeof(line), "{\"time\":\"%s\",\"event\":\"%s\","
		"\"text\":\"%s\"%s}\n", when, event, safe, more);
	if (n < 0 || (size_t)n >= sizeof(line) ||
	    paths_join(path, sizeof(path), folder, "events", NULL))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	ignored = write(fd, line, (size_t)n);
	(void)ignored;
	rotate(fd, path);
	close(fd);
}
