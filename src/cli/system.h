/* SPDX-License-Identifier: MIT */
/*
 * `coffer --system COMMAND`: the same commands about the system's machines,
 * for who administers them.
 */
#ifndef COFFER_CLI_SYSTEM_H
#define COFFER_CLI_SYSTEM_H

#include "common/why.h"

/* From root becomes the system's user, for good, with the directories and the
 * group of the system's machines; who is that user already gets the latter.
 * -EPERM for everybody else, -ENOENT where there is no such user. */
int system_become(struct why *why);

#endif
