/* SPDX-License-Identifier: MIT */
#include "common/probe_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *probe_way_name(enum probe_way way)
{
	static const char *const names[PROBE_WAYS] = {
		[PROBE_MEM] = "/proc/PID/mem",
		[PROBE_READV] = "process_vm_readv",
		[PROBE_PEEK] = "ptrace PEEK",
		[PROBE_REGISTERS] = "ptrace registers",
		[PROBE_FDS] = "/proc/PID/fd",
		[PROBE_STEAL] = "pidfd_getfd",
		[PROBE_MAP_FILES] = "/proc/PID/map_files",
	};

	return way < PROBE_WAYS ? names[way] : "unknown";
}

bool probe_late(struct probe *p)
{
	if (now() > p->deadline)
		p->report->cut = true;
	return p->report->cut;
}

uint8_t *probe_space(struct probe *p)
{
	return p->buffer + PROBE_NEEDLE_MAX;
}

void probe_gap(struct probe *p)
{
	p->kept = 0;
}

static void found(struct probe *p, size_t needle, uint64_t address,
	const char *where)
{
	struct probe_report *r = p->report;

	if (r->found)
		return;
	r->found = true;
	r->needle = p->needles[needle].name;
	r->address = address;
	snprintf(r->where, sizeof(r->where), "%s", where);
}

void probe_seen(struct probe *p, size_t size, uint64_t address, const char *where)
{
	uint8_t *start = probe_space(p) - p->kept;
	size_t all = p->kept + size, keep;

	for (size_t i = 0; i < p->count; i++) {
		const uint8_t *at = memmem(start, all, p->needles[i].bytes,
			p->needles[i].size);

		if (at)
			found(p, i, address - p->kept + (uint64_t)(at - start), where);
	}
	p->report->seen += size;
	keep = all < PROBE_NEEDLE_MAX ? all : PROBE_NEEDLE_MAX;
	memmove(probe_space(p) - keep, start + all - keep, keep);
	p->kept = keep;
}

void probe_pieces(struct probe *p, const void *data, size_t size,
	const char *where)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct probe_needle *n = &p->needles[i];

		for (size_t at = 0; at + 8 <= n->size; at += 8) {
			const uint8_t *hit = memmem(data, size, n->bytes + at, 8);

			if (hit)
				found(p, i, (uint64_t)(hit - (const uint8_t *)data),
					where);
		}
	}
	p->report->seen += size;
}

static int start(struct probe *p, pid_t pid, const struct probe_needle *needles,
	size_t count, unsigned seconds, struct probe_report *report)
{
	memset(report, 0, sizeof(*report));
	for (size_t i = 0; i < count; i++)
		if (needles[i].size < 8 || needles[i].size > PROBE_NEEDLE_MAX)
			return -EINVAL;
	*p = (struct probe){ .pid = pid, .needles = needles, .count = count,
		.report = report,
		.deadline = now() + (uint64_t)seconds * 1000000000u };
	p->buffer = malloc(PROBE_NEEDLE_MAX + PROBE_CHUNK);
	return p->buffer ? 0 : -ENOMEM;
}

int probe_process(pid_t pid, enum probe_way way,
	const struct probe_needle *needles, size_t count, unsigned seconds,
	struct probe_report *report)
{
	struct probe p;
	int error = start(&p, pid, needles, count, seconds, report);

	if (error)
		return error;
	switch (way) {
	case PROBE_MEM:
	case PROBE_READV:
		error = probe_way_memory(&p, way == PROBE_READV);
		break;
	case PROBE_PEEK:
		error = probe_way_peek(&p);
		break;
	case PROBE_REGISTERS:
		error = probe_way_registers(&p);
		break;
	case PROBE_FDS:
	case PROBE_STEAL:
		error = probe_way_fds(&p, way == PROBE_STEAL);
		break;
	case PROBE_MAP_FILES:
		error = probe_way_map_files(&p);
		break;
	default:
		error = -EINVAL;
	}
	free(p.buffer);
	if (error == -ESRCH || (kill(pid, 0) && errno == ESRCH))
		return -ESRCH;
	if (error == -ENOMEM || error == -EINVAL)
		return error;
	report->refused = -error;
	return 0;
}

int probe_file(const char *path, const struct probe_needle *needles,
	size_t count, unsigned seconds, struct probe_report *report)
{
	struct probe p;
	FILE *f = fopen(path, "rbe");
	int error;

	if (!f)
		return -errno;
	error = start(&p, 0, needles, count, seconds, report);
	if (!error && !probe_descriptor(&p, fileno(f), path))
		error = -EIO;
	free(error == 0 || error == -EIO ? p.buffer : NULL);
	fclose(f);
	return error;
}
