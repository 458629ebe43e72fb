/* SPDX-License-Identifier: MIT */
/*
 * vCPUs and memory of a machine on the command line: placing this process in
 * the machine's group, and saying what holds.
 */
#ifndef COFFER_CLI_VM_LIMITS_H
#define COFFER_CLI_VM_LIMITS_H

#include "vm/cgroup.h"
#include "vm/vm.h"
#include <jansson.h>

/* Makes the machine's group and moves this process into it, for the program
 * that it is about to become.  *applied: what holds.  Where that fails there
 * is a line on stderr, and the program runs without limits as it does where
 * there is no place for groups. */
void limits_enter(const char *vm, const struct vmconf_size *,
	struct cgroup_place *applied);

/* One line about a machine's limits, for who has just entered it. */
void limits_line(const struct vmconf_size *, const struct cgroup_place *,
	char *text, size_t size);

/* For `coffer vm show`: lines on stdout, or an object. */
void limits_show(const struct vm *);
json_t *limits_json(const struct vm *);

#endif
