/* SPDX-License-Identifier: MIT */
#include "pry.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CELL_IMAGE_BASE 0x10000ul /* where a cell's own code begins */

/* The child: the secret in a mapped file of memory that it keeps open, so
 * that there is something for every way of looking. */
static void control_run(pid_t parent, int fd, size_t size)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) !=
			MAP_FAILED)
		while (getppid() == parent)
			pause();
	_exit(0);
}

bool pry_control_start(struct pry_control *control)
{
	size_t size = sizeof(control->secret);
	pid_t parent = getpid();
	int fd = memfd_create("control", MFD_CLOEXEC);

	if (fd < 0)
		return false;
	if (getrandom(control->secret, size, 0) != (ssize_t)size ||
			write(fd, control->secret, size) != (ssize_t)size) {
		close(fd);
		return false;
	}
	control->pid = fork();
	if (!control->pid)
		control_run(parent, fd, size);
	close(fd);
	return control->pid > 0;
}

void pry_control_stop(struct pry_control *control)
{
	kill(control->pid, SIGKILL);
	waitpid(control->pid, NULL, 0);
}

static int open_proc(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, flags | O_CLOEXEC);
}

bool pry_vm_readv(pid_t pid, uint64_t address, void *out, size_t size)
{
	struct iovec here = { out, size };
	struct iovec there = { (void *)(uintptr_t)address, size };
	ssize_t n = process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (n >= 0 && n != (ssize_t)size)
		errno = EFAULT;
	return n == (ssize_t)size;
}

/* Walks /proc/PID/maps.  wanted: an address, or UINT64_MAX for the first
 * executable mapping. */
static int find_mapping(pid_t pid, uint64_t wanted, uint64_t *start,
	char *name, size_t size)
{
	int fd = open_proc(pid, "maps", O_RDONLY), ret = -ENOENT;
	char *line = NULL;
	size_t room = 0;
	FILE *maps;

	if (fd < 0)
		return -errno;
	maps = fdopen(fd, "r");
	if (!maps) {
		close(fd);
		return -ENOMEM;
	}
	errno = 0;
	while (ret == -ENOENT && getline(&line, &room, maps) > 0) {
		uint64_t from, to;
		char prot[5] = "";
		int at = 0;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n",
				&from, &to, prot, &at) < 3)
			continue;
		if (wanted == UINT64_MAX ? prot[2] != 'x' :
				wanted < from || wanted >= to)
			continue;
		line[strcspn(line, "\n")] = 0;
		*start = from;
		if (name)
			snprintf(name, size, "%s", at ? line + at : "");
		ret = 0;
	}
	if (ret && errno)
		ret = -errno;
	free(line);
	fclose(maps);
	return ret;
}

int pry_mapping(pid_t pid, uint64_t address, char *name, size_t size)
{
	uint64_t start;

	return find_mapping(pid, address, &start, name, size);
}

int pry_write_text(pid_t pid)
{
	uint64_t start;
	uint8_t byte;
	int fd, ret;

	/* Who may not read the map knows where a cell is linked. */
	ret = find_mapping(pid, UINT64_MAX, &start, NULL, 0);
	if (ret == -ENOENT)
		return ret;
	if (ret)
		start = CELL_IMAGE_BASE;
	fd = open_proc(pid, "mem", O_RDWR);
	if (fd < 0)
		return -errno;
	if (pread(fd, &byte, 1, (off_t)start) != 1)
		ret = -errno;
	else if (pwrite(fd, &byte, 1, (off_t)start) != 1)
		ret = -errno;
	else
		ret = 0;
	close(fd);
	return ret;
}

static bool core_limited(pid_t pid)
{
	int fd = open_proc(pid, "limits", O_RDONLY);
	char text[4096];
	const char *line;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	line = strstr(text, "Max core file size");
	return line && strtoul(line + strlen("Max core file size"), NULL, 10) ==
		0 && strncmp(line + strlen("Max core file size"),
			"        unlimited", 16) != 0;
}

static void count_filters(pid_t pid, struct pry_status *out)
{
	char path[64], line[256];
	struct dirent *entry;
	DIR *tasks;

	out->threads = out->filtered = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		FILE *status;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status",
			(int)pid, entry->d_name);
		status = fopen(path, "re");
		if (!status)
			continue;
		out->threads++;
		while (fgets(line, sizeof(line), status))
			out->filtered += !strncmp(line, "Seccomp:\t2", 10);
		fclose(status);
	}
	if (tasks)
		closedir(tasks);
}

bool pry_status(pid_t pid, struct pry_status *out)
{
	int fd = open_proc(pid, "status", O_RDONLY);
	char text[8192], path[64];
	const char *line;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	count_filters(pid, out);
	line = strstr(text, "\nTracerPid:");
	out->tracer = line ? atoi(line + strlen("\nTracerPid:")) : 0;
	/* The directory is the user's in any case; files show it. */
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	out->owned_by_root = !stat(path, &st) && st.st_uid == 0;
	out->core_limit = !core_limited(pid);
	return true;
}
