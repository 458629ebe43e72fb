/* SPDX-License-Identifier: MIT */
/* Giving way to other threads. */
#ifndef _OE_SCHED_H
#define _OE_SCHED_H

#include <openenclave/bits/defs.h>

OE_EXTERNC_BEGIN

/* Let the host run something else on this processor; 0. */
int oe_sched_yield(void);

OE_EXTERNC_END

#endif
