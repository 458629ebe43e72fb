/* SPDX-License-Identifier: MIT */
/*
 * What shows of another process on Linux besides its memory (for that see
 * common/probe.h), and a process to compare with.  Functions that return int
 * give 0 or a negative errno.
 */
#ifndef COFFER_CLI_PRY_H
#define COFFER_CLI_PRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* An ordinary child that holds known bytes. */
struct pry_control {
	pid_t pid;
	uint8_t secret[32];
};
bool pry_control_start(struct pry_control *control);
void pry_control_stop(struct pry_control *control);

/* True if size bytes at an address of a process were read; errno if not. */
bool pry_vm_readv(pid_t pid, uint64_t address, void *out, size_t size);

/* The name that /proc/PID/maps gives to the mapping of an address. */
int pry_mapping(pid_t pid, uint64_t address, char *name, size_t size);

/* Writes the first byte of the process's first executable mapping back over
 * itself, through /proc/PID/mem.  0 if that was allowed; -ENOENT when no such
 * mapping is known. */
int pry_write_text(pid_t pid);

struct pry_status {
	unsigned threads, filtered; /* how many run under a filter */
	pid_t tracer;
	bool owned_by_root; /* its files in /proc; else than with root's own
			     * processes that means non-dumpable */
	bool core_limit; /* a core file may be larger than 0 */
};
bool pry_status(pid_t pid, struct pry_status *out);

#endif
