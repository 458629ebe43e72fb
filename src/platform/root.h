/* SPDX-License-Identifier: MIT */
/*
 * The root certificate of a shared machine, where those can read it who
 * cannot read the state directory: <runtime>/root.pem beside the machines'
 * runtime directories.  It is public, and the same for all of them.
 */
#ifndef COFFER_PLATFORM_ROOT_H
#define COFFER_PLATFORM_ROOT_H

#include "common/why.h"

/* state, runtime: the bases.  Replaces what is there at once.  0, -ENOENT
 * when there is no authority yet, or another negative errno. */
int root_publish(const char *state, const char *runtime, struct why *why);

#endif
