/* SPDX-License-Identifier: MIT */
/* The rest of openenclave/corelibc/stdlib.h, and errno, sched, time. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include <openenclave/corelibc/errno.h>
#include <openenclave/corelibc/sched.h>
#include <openenclave/corelibc/stdlib.h>
#include <openenclave/corelibc/time.h>

int oe_atoi(const char *s)
{
	return atoi(s);
}

long oe_strtol(const char *s, char **end, int base)
{
	return strtol(s, end, base);
}

unsigned long oe_strtoul(const char *s, char **end, int base)
{
	return strtoul(s, end, base);
}

void oe_qsort(void *base, size_t count, size_t size,
	int (*compare)(const void *, const void *))
{
	qsort(base, count, size, compare);
}

int oe_rand(void)
{
	return rand();
}

int oe_atexit(void (*function)(void))
{
	return atexit(function);
}

void oe_exit(int status)
{
	exit(status);
}

int *__oe_errno_location(void)
{
	return &errno;
}

int oe_sched_yield(void)
{
	return sched_yield();
}

time_t oe_time(time_t *to)
{
	return time(to);
}

int oe_nanosleep(const struct oe_timespec *wait, struct oe_timespec *rest)
{
	struct timespec t = { .tv_sec = wait->tv_sec,
		.tv_nsec = wait->tv_nsec }, left = { 0 };
	int result = nanosleep(&t, &left);

	if (result && rest)
		*rest = (struct oe_timespec){ left.tv_sec, left.tv_nsec };
	return result;
}
