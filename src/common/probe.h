/* SPDX-License-Identifier: MIT */
/*
 * Prying: the ways in which one process on Linux can look into another one's
 * memory, each tried for real, looking for known bytes.  Tests, the demo and
 * `coffer doctor` use it to show that enclaves stay closed, and, against a
 * process that is open, that the looking works.
 *
 * Nothing is changed in the process looked at; where ptrace is used it stops
 * for as long as the look takes.  The bytes looked for are in the caller's
 * memory, so never probe the caller itself.
 */
#ifndef COFFER_COMMON_PROBE_H
#define COFFER_COMMON_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct probe_needle {
	const char *name; /* for the report */
	const uint8_t *bytes; /* the caller's */
	size_t size; /* 8 to 64 */
};

enum probe_way {
	PROBE_MEM,       /* /proc/PID/mem, every mapping, whatever its rights */
	PROBE_READV,     /* process_vm_readv */
	PROBE_PEEK,      /* attach with ptrace, PTRACE_PEEKDATA word by word */
	PROBE_REGISTERS, /* attach to each thread, read its registers; looks
	                  * for the needles' aligned 8-byte pieces */
	PROBE_FDS,       /* open /proc/PID/fd/N anew; read or map it */
	PROBE_STEAL,     /* pidfd_getfd; read or map */
	PROBE_MAP_FILES, /* open /proc/PID/map_files/RANGE; read or map */
	PROBE_WAYS
};

struct probe_report {
	bool found;
	bool cut; /* the time was over before everything was looked at */
	int refused; /* errno: nothing at all could be looked at this way */
	uint64_t seen; /* bytes looked at */
	uint64_t closed; /* bytes that are there and could not be read */
	unsigned objects; /* mappings, threads or files looked at */
	unsigned closed_objects; /* mappings, threads or files refused */
	const char *needle; /* the one found */
	uint64_t address; /* where: address, or offset in the object */
	char where[160]; /* which mapping, thread or file */
};

/* Can this process have that many bytes of memfd_secret memory?  Without it,
 * root's looking is only stopped where access rights do. */
bool probe_secret_memory(size_t size);

/* What a way is called, for people. */
const char *probe_way_name(enum probe_way);

/* Look.  Takes at most about `seconds`.  0, or a negative errno when the
 * process is gone or the caller out of memory; report is filled in any
 * case. */
int probe_process(pid_t, enum probe_way, const struct probe_needle *,
	size_t count, unsigned seconds, struct probe_report *);

/* Look through a regular file, a core dump for instance. */
int probe_file(const char *path, const struct probe_needle *, size_t count,
	unsigned seconds, struct probe_report *);

#endif
