/* SPDX-License-Identifier: MIT */
/*
 * A debugger's ways: attach with PTRACE_SEIZE, interrupt, look, detach.
 */
#include "common/probe_priv.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define PAGE 4096u
#define STOP_TRIES 400 /* of 5 ms */

static int attach(pid_t tid)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	int status;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0) {
		for (int i = 0; i < STOP_TRIES; i++) {
			pid_t got = waitpid(tid, &status, __WALL | WNOHANG);

			if (got == tid && WIFSTOPPED(status))
				return 0;
			if (got < 0 || got == tid)
				return -ESRCH;
			nanosleep(&nap, NULL);
		}
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return -ETIMEDOUT;
}

/* A signal that came between stop and look is delivered with the detach. */
static void detach(pid_t tid)
{
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

struct peeker {
	bool opened, closed;
	int error;
};

static bool peek_page(struct probe *p, struct peeker *k, uint64_t at,
	const char *name)
{
	long *space = (long *)(void *)probe_space(p);

	for (size_t i = 0; i < PAGE / sizeof(long); i++) {
		errno = 0;
		space[i] = ptrace(PTRACE_PEEKDATA, p->pid,
			(void *)(uintptr_t)(at + i * sizeof(long)), NULL);
		if (errno) {
			k->error = errno;
			return false;
		}
	}
	probe_seen(p, PAGE, at, name);
	return true;
}

static bool peek_run(struct probe *p, uint64_t start, uint64_t count,
	const struct probe_mapping *m, void *context)
{
	struct peeker *k = context;

	probe_gap(p);
	for (uint64_t i = 0; i < count && !probe_late(p); i++) {
		if (peek_page(p, k, start + i * PAGE, m->name)) {
			k->opened = true;
			continue;
		}
		k->closed = true;
		p->report->closed += PAGE;
		probe_gap(p);
	}
	return true;
}

static bool peek_mapping(struct probe *p, const struct probe_mapping *m,
	void *context)
{
	struct peeker *k = context;

	k->opened = k->closed = false;
	probe_present(p, m, peek_run, k);
	p->report->objects += k->opened;
	p->report->closed_objects += k->closed && !k->opened;
	return true;
}

int probe_way_peek(struct probe *p)
{
	struct peeker k = { 0 };
	int error = attach(p->pid);

	if (error)
		return error;
	error = probe_mappings(p, peek_mapping, &k);
	detach(p->pid);
	if (!error && !p->report->seen && k.error)
		error = -k.error;
	return error;
}

static int read_registers(struct probe *p, pid_t tid)
{
	static const int sets[] = { NT_PRSTATUS, NT_X86_XSTATE };
	char where[64];
	uint8_t *data = malloc(PROBE_CHUNK);
	int error = data ? attach(tid) : -ENOMEM;

	if (!error) {
		for (size_t i = 0; i < 2; i++) {
			struct iovec io = { data, PROBE_CHUNK };

			snprintf(where, sizeof(where), "%s registers of thread %d",
				i ? "vector" : "general", tid);
			if (ptrace(PTRACE_GETREGSET, tid, (long)sets[i], &io) == 0)
				probe_pieces(p, data, io.iov_len, where);
		}
		detach(tid);
	}
	free(data);
	return error;
}

int probe_way_registers(struct probe *p)
{
	int error = 0, one;
	char path[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", p->pid);
	tasks = opendir(path);
	if (!tasks)
		return -errno;
	while ((entry = readdir(tasks)) && !probe_late(p)) {
		if (entry->d_name[0] == '.')
			continue;
		one = read_registers(p, atoi(entry->d_name));
		if (one && one != -ESRCH) {
			p->report->closed_objects++;
			error = one;
		}
		p->report->objects += !one;
	}
	closedir(tasks);
	return p->report->objects ? 0 : error;
}
