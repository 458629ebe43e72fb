/* SPDX-License-Identifier: MIT */
/*
 * Time, inside an enclave. The host tells it, so it is a hint and no proof.
 */
#ifndef _OE_BITS_TIME_H
#define _OE_BITS_TIME_H

#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* Same layout as the C library's struct timespec and struct timeval. */
struct oe_timespec {
	time_t tv_sec; /* seconds since 1970-01-01, UTC */
	long tv_nsec;  /* 0 to 999,999,999 */
};

struct oe_timeval {
	time_t tv_sec;
	long tv_usec;    /* 0 to 999,999 */
};

/*
 * Milliseconds since 1970-01-01 UTC as the host tells them (an ocall), or
 * (uint64_t)-1 when the host cannot be asked. The value is not trusted.
 */
uint64_t oe_get_time(void);

OE_EXTERNC_END

#endif
