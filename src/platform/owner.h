/* SPDX-License-Identifier: MIT */
/*
 * Who runs a machine: whoever holds the flock of its state directory, which a
 * driver takes and shares with its processor (one open file), so that it lasts
 * until both are gone.  The file "runtime" in it names the runtime directory
 * of the last driver.
 */
#ifndef COFFER_PLATFORM_OWNER_H
#define COFFER_PLATFORM_OWNER_H

#include "platform/platform.h"

/* Takes the state directory (p->state) for the driver that p is: p->held,
 * p->state_dev and p->state_ino.  A predecessor that is ending is waited for,
 * for a minute; one that serves, for as long as it may take to notice that it
 * shall end.  0 or a negative errno; -EWOULDBLOCK when somebody else has it. */
int owner_take(struct platform *p, struct why *why);

#endif
