/* SPDX-License-Identifier: MIT */
/* The time, as the host tells it: not to be trusted. */
#ifndef _OE_TIME_H
#define _OE_TIME_H

#include <openenclave/bits/time.h>

OE_EXTERNC_BEGIN

/* Seconds since 1970-01-01 UTC, also stored at *to unless NULL; -1 when the
 * host cannot be asked. */
time_t oe_time(time_t *to);

/* Wait; 0, or -1 with oe_errno set. rest may be NULL. */
int oe_nanosleep(const struct oe_timespec *time, struct oe_timespec *rest);

OE_EXTERNC_END

#endif
