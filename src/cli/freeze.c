/* SPDX-License-Identifier: MIT */
#include "freeze.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 10000

static sigset_t g_before; /* our mask while somebody is stopped */

/* The state letter of a thread, which follows its name in brackets. */
static char state_of(const char *path)
{
	char line[512], *end;
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return 0;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = 0;
	end = strrchr(line, ')');
	return end && end[1] ? end[2] : 0;
}

static bool is_still(pid_t pid)
{
	char path[320];
	struct dirent *entry;
	bool still = true;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		return false;
	while (still && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stat", (int)pid,
			entry->d_name);
		/* 0: it ended while we looked. */
		still = strchr("TtZX", state_of(path)) != NULL;
	}
	closedir(tasks);
	return still;
}

int freeze(pid_t pid, struct why *why)
{
	const struct timespec ms = { 0, 1000000 };
	sigset_t all;

	if (!pid)
		return 0;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &g_before);
	if (kill(pid, SIGSTOP)) {
		int error = errno;

		sigprocmask(SIG_SETMASK, &g_before, NULL);
		return why_set(why, -error, "cannot stop the processor, "
			"process %d: %s", (int)pid, strerror(error));
	}
	for (int i = 0; i < WAIT_MS; i++) {
		if (is_still(pid))
			return 0;
		nanosleep(&ms, NULL);
	}
	thaw(pid);
	return why_set(why, -ETIMEDOUT, "the processor, process %d, does not "
		"stop", (int)pid);
}

void thaw(pid_t pid)
{
	if (!pid)
		return;
	kill(pid, SIGCONT);
	sigprocmask(SIG_SETMASK, &g_before, NULL);
}
