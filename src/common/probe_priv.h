/* SPDX-License-Identifier: MIT */
/* What the parts of the probe share. */
#ifndef COFFER_COMMON_PROBE_PRIV_H
#define COFFER_COMMON_PROBE_PRIV_H

#include "common/probe.h"

#define PROBE_CHUNK 65536u /* bytes read at a time */
#define PROBE_NEEDLE_MAX 64u

struct probe {
	pid_t pid;
	const struct probe_needle *needles;
	size_t count;
	uint64_t deadline; /* CLOCK_MONOTONIC, nanoseconds */
	struct probe_report *report;
	/* What the last chunk ended with, then the new chunk: a needle that
	 * lies across two chunks is found. */
	uint8_t *buffer; /* PROBE_NEEDLE_MAX + PROBE_CHUNK bytes */
	size_t kept; /* bytes of the last chunk in front of the new one */
};

struct probe_mapping {
	uint64_t start, end;
	char name[100];
};

/* Is the time over?  Remembers it in the report. */
bool probe_late(struct probe *);

/* Where the next chunk's bytes go, PROBE_CHUNK at most. */
uint8_t *probe_space(struct probe *);

/* The chunk of size bytes in probe_space() was read at this place. */
void probe_seen(struct probe *, size_t size, uint64_t address, const char *where);

/* The next chunk does not continue the last one. */
void probe_gap(struct probe *);

/* Look for the needles' 8-byte pieces in registers. */
void probe_pieces(struct probe *, const void *data, size_t size,
	const char *where);

/* All of an open file that has content: read where it can be read, else
 * mapped.  False if neither works. */
bool probe_descriptor(struct probe *, int fd, const char *where);

/* Calls visit for each mapping of the process until it returns false.
 * 0 or a negative errno. */
int probe_mappings(struct probe *,
	bool (*visit)(struct probe *, const struct probe_mapping *, void *),
	void *context);

/* One run of pages [start, start + count pages) that are present (or whose
 * presence is hidden from us). */
typedef bool (*probe_run)(struct probe *, uint64_t start, uint64_t count,
	const struct probe_mapping *, void *context);
bool probe_present(struct probe *, const struct probe_mapping *, probe_run,
	void *context);

int probe_way_memory(struct probe *, bool readv);
int probe_way_peek(struct probe *);
int probe_way_registers(struct probe *);
int probe_way_fds(struct probe *, bool stealing);
int probe_way_map_files(struct probe *);

#endif
