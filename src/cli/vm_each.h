/* SPDX-License-Identifier: MIT */
/*
 * The same done to many machines, some of them at a time: what takes long is
 * waiting for processes that start and end.
 */
#ifndef COFFER_CLI_VM_EACH_H
#define COFFER_CLI_VM_EACH_H

#include "vm_cli.h"

struct vm_each {
	/* Done to each; the inventory is the calling thread's own. */
	int (*run)(struct vms *, const char *name, void *ctx,
		struct vm_refusal *);
	/* What is said of one that it was done to, N_("%s is running\n"). */
	const char *done;
	/* With --json: an object about one that it was done to, which took so
	 * many milliseconds. */
	json_t *(*json)(struct vms *, const char *name, double ms);
	/* Machines of one set are done one after another, as the others of it
	 * stand in for the one that is away. */
	bool spare_sets;
	void *ctx;
};

/* Prints a line about each, in the order of the names as long as none takes
 * long; or one object with all: {"machines": [in that order], "ms": all of it}.
 * One that is refused does not keep others from being done.  Ctrl-C: begins no other, and gives up waiting
 * for drivers that take long to end; again: ends at once.  CLI_OK when it was
 * done to all. */
int vm_each(struct vms *, const char *const *names, size_t count, bool json,
	const struct vm_each *);

#endif
