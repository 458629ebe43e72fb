/* SPDX-License-Identifier: MIT */
/*
 * Memory that has a file: through descriptors that a process holds, and
 * through the files behind its mappings.  Pipes, sockets and devices are left
 * alone: reading from them would change them.
 */
#include "common/probe_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

/* Of a file that can only be mapped, and does not tell where its content
 * is. */
#define MAPPED_MAX (256ull << 20)
#define NUMBERS 1024 /* of descriptors that are tried */

static bool read_part(struct probe *p, int fd, off_t at, off_t end,
	const char *where)
{
	probe_gap(p);
	while (at < end && !probe_late(p)) {
		size_t size = end - at < PROBE_CHUNK ? (size_t)(end - at) :
			PROBE_CHUNK;
		ssize_t n = pread(fd, probe_space(p), size, at);

		if (n <= 0)
			return false;
		probe_seen(p, (size_t)n, (uint64_t)at, where);
		at += n;
	}
	return true;
}

static bool read_content(struct probe *p, int fd, off_t size, const char *where)
{
	off_t at = 0;

	while (at < size && !probe_late(p)) {
		off_t data = lseek(fd, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			return true;
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (data < 0 || hole < 0)
			return read_part(p, fd, at, size, where);
		if (!read_part(p, fd, data, hole, where))
			return false;
		at = hole;
	}
	return true;
}

static bool map_content(struct probe *p, int fd, uint64_t size, const char *where)
{
	uint8_t *map, *space = probe_space(p);

	if (!size)
		return false;
	if (size > MAPPED_MAX) {
		size = MAPPED_MAX;
		p->report->cut = true;
	}
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return false;
	probe_gap(p);
	for (uint64_t at = 0; at < size && !probe_late(p); at += PROBE_CHUNK) {
		size_t part = size - at < PROBE_CHUNK ? size - at : PROBE_CHUNK;

		for (size_t i = 0; i < part; i++)
			space[i] = map[at + i];
		probe_seen(p, part, at, where);
	}
	munmap(map, size);
	return true;
}

bool probe_descriptor(struct probe *p, int fd, const char *where)
{
	struct stat s;

	if (fstat(fd, &s) || !S_ISREG(s.st_mode))
		return false;
	if (!s.st_size)
		return true;
	return read_content(p, fd, s.st_size, where) ||
		map_content(p, fd, (uint64_t)s.st_size, where);
}

static void look(struct probe *p, int fd, const char *path)
{
	char target[100];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = 0;
	if (probe_descriptor(p, fd, target))
		p->report->objects++;
	else
		p->report->closed_objects++;
}

/* The folder is one of links to files: open each. */
static int walk(struct probe *p, const char *folder)
{
	char path[400];
	struct dirent *entry;
	struct stat s;
	int error = 0;
	DIR *d = opendir(folder);

	if (!d)
		return -errno;
	while ((entry = readdir(d)) && !probe_late(p)) {
		int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (stat(path, &s) == 0) {
			if (!S_ISREG(s.st_mode))
				continue;
			fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		}
		if (fd < 0) {
			error = -errno;
			p->report->closed_objects++;
			continue;
		}
		look(p, fd, path);
		close(fd);
	}
	closedir(d);
	return p->report->objects ? 0 : error;
}

/* Needs no list of the descriptors: tries every number. */
static int steal(struct probe *p)
{
	int pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0), error = 0;
	char path[64];

	if (pidfd < 0)
		return -errno;
	for (int number = 0; number < NUMBERS && !probe_late(p); number++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
		struct stat s;

		if (fd < 0) {
			if (errno != EBADF)
				error = -errno;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", p->pid, number);
		if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode))
			look(p, fd, path);
		close(fd);
	}
	close(pidfd);
	return p->report->objects ? 0 : error;
}

int probe_way_fds(struct probe *p, bool stealing)
{
	char folder[64];

	if (stealing)
		return steal(p);
	snprintf(folder, sizeof(folder), "/proc/%d/fd", p->pid);
	return walk(p, folder);
}

int probe_way_map_files(struct probe *p)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/proc/%d/map_files", p->pid);
	return walk(p, folder);
}

bool probe_secret_memory(size_t size)
{
	void *map = MAP_FAILED;
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0)
		return false;
	if (ftruncate(fd, (off_t)size) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return false;
	munmap(map, size);
	return true;
}
