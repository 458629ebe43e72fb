/* SPDX-License-Identifier: MIT */
/*
 * Mappings of a process, and the two ways to read them without ptrace.  Only
 * pages that the process has are asked for: reading a hole of shared memory
 * would make the kernel fill it.
 */
#include "common/probe_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGEMAP_THERE (3ull << 62) /* present, or swapped out */

int probe_mappings(struct probe *p,
	bool (*visit)(struct probe *, const struct probe_mapping *, void *),
	void *context)
{
	char path[64], line[4096];
	bool more = true;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", p->pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	errno = 0;
	while (more && fgets(line, sizeof(line), f)) {
		struct probe_mapping m = { 0 };

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %*s %99[^\n]",
			&m.start, &m.end, m.name) < 2)
			continue;
		if (!strcmp(m.name, "[vsyscall]"))
			continue;
		more = !probe_late(p) && visit(p, &m, context);
	}
	if (ferror(f) && errno) {
		int error = errno;

		fclose(f);
		return -error;
	}
	fclose(f);
	return 0;
}

static bool present_part(struct probe *p, int fd, uint64_t start, uint64_t pages,
	const struct probe_mapping *m, probe_run run, void *context)
{
	uint64_t entry[512];
	ssize_t n = -1;

	if (fd >= 0)
		n = pread(fd, entry, pages * 8, (off_t)(start / PAGE * 8));
	if (n != (ssize_t)(pages * 8))
		return run(p, start, pages, m, context);
	for (uint64_t i = 0; i < pages;) {
		uint64_t first = i;

		while (i < pages && (entry[i] & PAGEMAP_THERE))
			i++;
		if (i > first && !run(p, start + first * PAGE, i - first, m, context))
			return false;
		while (i < pages && !(entry[i] & PAGEMAP_THERE))
			i++;
	}
	return true;
}

bool probe_present(struct probe *p, const struct probe_mapping *m, probe_run run,
	void *context)
{
	char path[64];
	bool more = true;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (uint64_t at = m->start; more && at < m->end; at += 512 * PAGE) {
		uint64_t pages = (m->end - at) / PAGE;

		more = !probe_late(p) && present_part(p, fd, at,
			pages < 512 ? pages : 512, m, run, context);
	}
	if (fd >= 0)
		close(fd);
	return more;
}

struct reader {
	int mem; /* or -1: process_vm_readv */
	bool opened, closed; /* something of this mapping could (not) be read */
	int error;
};

static ssize_t read_at(struct probe *p, struct reader *r, uint64_t at, size_t size)
{
	struct iovec ours = { probe_space(p), size };
	struct iovec theirs = { (void *)(uintptr_t)at, size };
	ssize_t n;

	if (r->mem >= 0)
		n = pread(r->mem, ours.iov_base, size, (off_t)at);
	else
		n = process_vm_readv(p->pid, &ours, 1, &theirs, 1, 0);
	if (n < 0)
		r->error = errno;
	return n;
}

static bool read_run(struct probe *p, uint64_t start, uint64_t count,
	const struct probe_mapping *m, void *context)
{
	uint64_t end = start + count * PAGE;
	struct reader *r = context;

	probe_gap(p);
	while (start < end && !probe_late(p)) {
		size_t size = end - start < PROBE_CHUNK ? end - start : PROBE_CHUNK;
		ssize_t n = read_at(p, r, start, size);

		/* One page that cannot be read hides its neighbours: try
		 * each by itself. */
		if (n <= 0 && size > PAGE)
			n = read_at(p, r, start, PAGE);
		if (n <= 0) {
			p->report->closed += PAGE;
			r->closed = true;
			probe_gap(p);
			n = PAGE;
		} else {
			r->opened = true;
			probe_seen(p, (size_t)n, start, m->name);
		}
		start += (uint64_t)n;
	}
	return true;
}

static bool read_mapping(struct probe *p, const struct probe_mapping *m,
	void *context)
{
	struct reader *r = context;

	r->opened = r->closed = false;
	probe_present(p, m, read_run, r);
	p->report->objects += r->opened;
	p->report->closed_objects += r->closed && !r->opened;
	return true;
}

int probe_way_memory(struct probe *p, bool readv)
{
	struct reader r = { .mem = -1 };
	char path[64];
	int error;

	if (!readv) {
		snprintf(path, sizeof(path), "/proc/%d/mem", p->pid);
		r.mem = open(path, O_RDONLY | O_CLOEXEC);
		if (r.mem < 0)
			return -errno;
	}
	error = probe_mappings(p, read_mapping, &r);
	if (r.mem >= 0)
		close(r.mem);
	if (!error && !p->report->seen && r.error)
		error = -r.error;
	return error;
}
