/* SPDX-License-Identifier: MIT */
/*
 * The time, as the host tells it. Nothing makes it true; what is promised is
 * that CLOCK_MONOTONIC never goes back within this enclave.
 */
#include "../core/core.h"
#include "inside.h"
#include "libc.h"

#include <errno.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>

#include <openenclave/bits/time.h>

/* A host library without the clock call tells milliseconds at least. */
static int ask(int which, int64_t *s, int64_t *ns)
{
	int error = core_host_clock(which, s, ns);
	uint64_t all;

	if (!error)
		return 0;
	all = oe_host_time_ns();
	if (!all)
		return error;
	*s = (int64_t)(all / 1000000000);
	*ns = (int64_t)(all % 1000000000);
	return 0;
}

static uint64_t latest; /* CLOCK_MONOTONIC, nanoseconds */

static int64_t monotonic(int64_t ns)
{
	uint64_t now = ns < 0 ? 0 : (uint64_t)ns;
	uint64_t last = __atomic_load_n(&latest, __ATOMIC_RELAXED);

	while (now > last)
		if (__atomic_compare_exchange_n(&latest, &last, now, true,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return (int64_t)now;
	return (int64_t)last;
}

int __clock_gettime(clockid_t clock, struct timespec *to);
int __clock_gettime(clockid_t clock, struct timespec *to)
{
	int64_t s, ns;
	int error, which;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		which = 0;
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		which = 1;
		break;
	default:
		errno = EINVAL;
		return -1;
	}
	error = ask(which, &s, &ns);
	if (error) {
		errno = -error;
		return -1;
	}
	if (which) {
		ns = monotonic(s * 1000000000 + ns);
		s = ns / 1000000000;
		ns %= 1000000000;
	}
	to->tv_sec = s;
	to->tv_nsec = ns;
	return 0;
}

extern __typeof(__clock_gettime) clock_gettime
	__attribute__((alias("__clock_gettime")));

int libc_time_left(int clock, const struct timespec *at, uint64_t *left)
{
	struct timespec now;
	int64_t s;

	*left = UINT64_MAX;
	if (!at)
		return 0;
	if ((unsigned long)at->tv_nsec >= 1000000000)
		return -EINVAL;
	if (__clock_gettime(clock, &now))
		return -errno;
	if (__builtin_sub_overflow(at->tv_sec, now.tv_sec, &s) ||
		s > ((int64_t)1 << 33))
		return at->tv_sec < 0 ? (*left = 0, 0) : 0;
	if (s < 0 || (!s && at->tv_nsec <= now.tv_nsec)) {
		*left = 0;
		return 0;
	}
	*left = (uint64_t)(s * 1000000000 + at->tv_nsec - now.tv_nsec);
	return 0;
}

uint64_t oe_get_time(void)
{
	int64_t s, ns;

	if (ask(0, &s, &ns))
		return UINT64_MAX;
	return (uint64_t)s * 1000 + (uint64_t)ns / 1000000;
}

int sched_yield(void)
{
	core_host_sleep(0);
	return 0;
}
