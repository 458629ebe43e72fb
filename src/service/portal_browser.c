/* SPDX-License-Identifier: MIT */
#include "service/portal_browser.h"

#include "common/paths.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BEGIN "open-"
#define END ".html"
#define UNREAD_MS 120000 /* a browser may take so long to start */
/* After somebody has read it: xdg-open looks what kind of file it is first. */
#define QUIET_MS 10000
#define OLD_SECONDS 600 /* what is older was left by who was killed */
#define WORDS_MAX 16

/* --- the file ----------------------------------------------------------- */

static void sweep(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat status;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, BEGIN, strlen(BEGIN)) &&
				!fstatat(dirfd(dir), entry->d_name, &status,
					AT_SYMLINK_NOFOLLOW) &&
				time(NULL) - status.st_mtime > OLD_SECONDS)
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
}

static int write_page(const char *folder, const char *address,
	char path[PATH_MAX], struct why *why)
{
	int fd, r = paths_join(path, PATH_MAX, folder, BEGIN "XXXXXX" END,
		why);

	if (r)
		return r;
	if (strpbrk(address, "\"'<>& \t\\"))
		return why_set(why, -EINVAL, "the service's address is none "
			"that a page can lead to: look at its setting url");
	fd = mkostemps(path, strlen(END), O_CLOEXEC);
	if (fd < 0)
		return why_set(why, -errno, "%s: %s", path, strerror(errno));
	r = dprintf(fd, "<!doctype html><meta charset=\"utf-8\">"
		"<meta name=\"referrer\" content=\"no-referrer\">"
		"<meta http-equiv=\"refresh\" content=\"0; url=%s\">\n",
		address) < 0 ? -EIO : 0;
	close(fd);
	if (!r)
		return 0;
	unlink(path);
	return why_set(why, r, "%s cannot be written", path);
}

/* "file://" and the path, escaped. */
static void write_url(const char *path, char *url, size_t size)
{
	size_t used = (size_t)snprintf(url, size, "file://");

	for (; *path && used + 4 < size; path++) {
		bool plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
			"opqrstuvwxyz0123456789-._~/", *path) != NULL;

		used += (size_t)snprintf(url + used, size - used, plain ?
			"%c" : "%%%02X", (unsigned char)*path);
	}
}

/* --- its end ------------------------------------------------------------ */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* notes: of those who close the file; -1: there are none. */
static void remove_when_read(const char *path, int notes)
{
	int64_t until = now_ms() + UNREAD_MS, now;
	char bytes[1024];

	while ((now = now_ms()) < until && !access(path, F_OK)) {
		struct pollfd wait = { notes, POLLIN, 0 };

		if (poll(&wait, 1, (int)(until - now)) > 0 && read(notes,
				bytes, sizeof(bytes)) > 0)
			until = now_ms() + QUIET_MS;
	}
	unlink(path);
}

/* Nobody waits for it, and it keeps nobody's terminal or pipe. */
static void leave_remover(const char *path)
{
	int notes = inotify_init1(IN_CLOEXEC), null;

	if (notes >= 0)
		inotify_add_watch(notes, path, IN_CLOSE_NOWRITE | IN_ATTRIB |
			IN_DELETE_SELF);
	if (!fork()) {
		setsid();
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (int fd = 0; null >= 0 && fd < 3; fd++)
			dup2(null, fd);
		remove_when_read(path, notes);
		_exit(0);
	}
	if (notes >= 0)
		close(notes);
}

/* --- the browser -------------------------------------------------------- */

/* The word with %s replaced; NULL: it has none, or no memory. */
static char *filled(const char *word, const char *url)
{
	const char *mark = strstr(word, "%s");
	char *text;

	if (!mark || asprintf(&text, "%.*s%s%s", (int)(mark - word), word,
			url, mark + 2) < 0)
		return NULL;
	return text;
}

/* In the child.  command is cut into words, without a shell. */
static void start(char *command, const char *url)
{
	char *words[WORDS_MAX + 2], *rest, *word;
	bool said = false;
	size_t count = 0;

	for (word = strtok_r(command, " \t", &rest); word && count <
			WORDS_MAX; word = strtok_r(NULL, " \t", &rest)) {
		char *text = filled(word, url);

		said = said || text;
		words[count++] = text ? text : word;
	}
	if (!said)
		words[count++] = (char *)(uintptr_t)url;
	words[count] = NULL;
	if (count > !said)
		execvp(words[0], words);
	_exit(127);
}

/* Did it work? */
static bool run(const char *command, size_t size, const char *url)
{
	char *copy = strndup(command, size);
	int status = -1;
	pid_t pid;

	if (!copy)
		return false;
	pid = fork();
	if (!pid)
		start(copy, url);
	free(copy);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status);
}

int portal_browse(const char *folder, const char *address, struct why *why)
{
	const char *browsers = getenv("BROWSER"), *at;
	char path[PATH_MAX], url[3 * PATH_MAX];
	size_t size;
	int r;

	if (!browsers || !*browsers)
		browsers = "xdg-open";
	sweep(folder);
	r = write_page(folder, address, path, why);
	if (r)
		return r;
	write_url(path, url, sizeof(url));
	leave_remover(path);
	for (at = browsers; *at; at += size + (at[size] == ':')) {
		size = strcspn(at, ":");
		if (run(at, size, url))
			return 0;
	}
	unlink(path);
	return why_set(why, -ENOENT, "%s does not open pages here: leave out "
		"--open and paste the address", browsers);
}
