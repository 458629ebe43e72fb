/* SPDX-License-Identifier: MIT */
/* The processor's side of door.h. */
#ifndef COFFER_CPU_DOOR_SERVE_H
#define COFFER_CPU_DOOR_SERVE_H

#include "machine.h"

struct door {
	int fd, events_fd;
	uint32_t flags; /* DOOR_CPU_* of the process itself */
	struct machine *machine;
};

/* Answers requests until the driver closes the door. */
void door_serve(struct door *);

/* Tells the driver; from any thread. */
void door_cell_died(struct door *, uint32_t number, uint32_t wait_status);
void door_tampered(struct door *, uint32_t number, uint64_t linaddr,
	const char *why);

#endif
