/* SPDX-License-Identifier: MIT */
/* What `coffer vm list --json` says of a world, and whether it is so. */
#ifndef COFFER_TESTS_VM_LOOK_H
#define COFFER_TESTS_VM_LOOK_H

#include "support/world.h"
#include <stdbool.h>
#include <stddef.h>

#define LOOK_MAX 256

struct look {
	struct {
		char name[64], power[16];
		int driver, processor; /* pids; 0: null */
	} item[LOOK_MAX];
	size_t count;
};

/* Runs `coffer vm list --json`; false when that fails. */
bool look_list(struct look *);

/* NULL, or what the listing says that is not so: a machine that runs has a
 * driver and a processor that live, one that does not has none; no driver
 * lives of which it does not know. */
const char *look_judge(const struct look *);

/* Ends the program when `coffer vm show NAME --json` does not say so. */
void look_one(const char *name, const char *power);

/* NULL, or what is left in the world's directories, and in the groups, with
 * all machines deleted. */
const char *look_left(const struct world *);

/* A folder for groups, where there can be one; what it is on stdout. */
void look_group(void);
void look_group_end(void);

/* The last listing, and what there is in the world, on stderr. */
void look_tell(const struct world *);

#endif
