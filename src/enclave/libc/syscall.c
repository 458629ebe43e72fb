/* SPDX-License-Identifier: MIT */
/*
 * The system calls that enclaves have.
 *
 *   write, writev        to descriptors 1 and 2
 *   read, readv          from descriptor 0
 *   close, lseek, ioctl  of 0, 1, 2: close does nothing, the others fail as
 *                        on a pipe
 *   futex                wait, wake, requeue; always private
 *   clock_gettime, gettimeofday, time, clock_getres, nanosleep,
 *   clock_nanosleep      by the host's clock
 *   sched_yield          lets the host run something else
 *   getpid, gettid, getppid and the user and group ids: constants
 *   set_tid_address, rt_sigprocmask: accepted, there are no signals
 *   mmap, munmap, mprotect, madvise, brk: no memory but the heap's
 *   getrandom            from the processor
 *   exit, exit_group     abort the enclave
 */
#include "../core/core.h"
#include "inside.h"
#include "libc.h"
#include "musl.h"

#include <errno.h>
#include <limits.h>
#include <openenclave/enclave.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Generated where an enclave's EDL imports it (logging.edl). A host library
 * that does not know the runtime's own way to write knows this one. */
oe_result_t oe_write_ocall(int device, const char *text, size_t size)
	__attribute__((weak));

long libc_write_all(int fd, const void *data, size_t size)
{
	if (oe_host_write_all(fd, data, size) == OE_OK)
		return 0;
	if (oe_write_ocall && size &&
		oe_write_ocall(fd - 1, data, size) == OE_OK)
		return 0;
	return -EIO;
}

static bool is_output(long fd)
{
	return fd == 1 || fd == 2;
}

static long write_vector(long fd, const struct iovec *v, long count)
{
	long total = 0, error;

	if (!is_output(fd))
		return -EBADF;
	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	for (long i = 0; i < count; i++) {
		if (v[i].iov_len > (size_t)(LONG_MAX - total))
			return -EINVAL;
		error = libc_write_all((int)fd, v[i].iov_base, v[i].iov_len);
		if (error)
			return total ? total : error;
		total += (long)v[i].iov_len;
	}
	return total;
}

static long read_vector(long fd, const struct iovec *v, long count)
{
	long total = 0;
	int64_t n;

	if (fd != 0)
		return -EBADF;
	if (count < 0 || count > IOV_MAX)
		return -EINVAL;
	for (long i = 0; i < count; i++) {
		if (!v[i].iov_len)
			continue;
		n = core_host_read(0, v[i].iov_base, v[i].iov_len);
		if (n < 0)
			return total ? total : (long)n;
		if ((uint64_t)n > v[i].iov_len)
			return -EIO;
		total += (long)n;
		if ((uint64_t)n < v[i].iov_len)
			break;
	}
	return total;
}

static long terminal(long fd)
{
	return fd >= 0 && fd <= 2 ? -ENOTTY : -EBADF;
}

static long nanoseconds_of(const struct timespec *t, uint64_t *ns)
{
	if (!t) {
		*ns = LIBC_FOREVER;
		return 0;
	}
	if (t->tv_sec < 0 || (unsigned long)t->tv_nsec >= 1000000000)
		return -EINVAL;
	if (t->tv_sec > (1l << 33))
		*ns = LIBC_FOREVER;
	else
		*ns = (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
	return 0;
}

static long futex(volatile int *address, long op, int value, long time)
{
	uint64_t ns;
	long error;

	switch (op & 127) {
	case 0: /* FUTEX_WAIT */
		error = nanoseconds_of((const struct timespec *)time, &ns);
		return error ? error : libc_futex_wait(address, value, ns);
	case 1: /* FUTEX_WAKE */
		return libc_futex_wake(address, value);
	case 3: /* FUTEX_REQUEUE: whom it would move looks again instead */
		if (value < 0 || time < 0 || time > INT_MAX - value)
			return -EINVAL;
		return libc_futex_wake(address, value + (int)time);
	default:
		return -ENOSYS;
	}
}

static long sleep_for(int clock, long flags, const struct timespec *t,
	struct timespec *rest)
{
	uint64_t ns;
	long error;

	if (!t)
		return -EFAULT;
	if (flags & 1) /* TIMER_ABSTIME */
		error = libc_time_left(clock, t, &ns);
	else
		error = nanoseconds_of(t, &ns);
	if (error)
		return error;
	error = ns ? core_host_sleep(ns) : 0;
	if (error == -EINTR && !(flags & 1) && rest)
		*rest = *t;
	return error;
}

long oe_syscall(long n, long a, long b, long c, long d, long e, long f)
{
	struct iovec one = { .iov_base = (void *)b, .iov_len = (size_t)c };
	struct timespec now;

	switch (n) {
	case SYS_write:
		return write_vector(a, &one, 1);
	case SYS_writev:
		return write_vector(a, (const struct iovec *)b, c);
	case SYS_read:
		return read_vector(a, &one, 1);
	case SYS_readv:
		return read_vector(a, (const struct iovec *)b, c);
	case SYS_close:
		return a >= 0 && a <= 2 ? 0 : -EBADF;
	case SYS_lseek:
		return a >= 0 && a <= 2 ? -ESPIPE : -EBADF;
	case SYS_ioctl:
		return terminal(a);
	case SYS_futex:
		return futex((volatile int *)a, b, (int)c, d);
	case SYS_clock_gettime:
		return clock_gettime((clockid_t)a, (struct timespec *)b) ?
			-errno : 0;
	case SYS_clock_getres:
		if (a < 0 || a > CLOCK_BOOTTIME)
			return -EINVAL;
		if (b)
			*(struct timespec *)b =
				(struct timespec){ .tv_nsec = 1000000 };
		return 0;
	case SYS_gettimeofday:
		if (clock_gettime(CLOCK_REALTIME, &now))
			return -errno;
		if (a) {
			((long *)a)[0] = now.tv_sec;
			((long *)a)[1] = now.tv_nsec / 1000;
		}
		return 0;
	case SYS_time:
		if (clock_gettime(CLOCK_REALTIME, &now))
			return -errno;
		if (a)
			*(long *)a = now.tv_sec;
		return now.tv_sec;
	case SYS_nanosleep:
		return sleep_for(CLOCK_MONOTONIC, 0,
			(const struct timespec *)a, (struct timespec *)b);
	case SYS_clock_nanosleep:
		return sleep_for((int)a, b, (const struct timespec *)c,
			(struct timespec *)d);
	case SYS_sched_yield:
		core_host_sleep(0);
		return 0;
	case SYS_getpid:
	case SYS_getppid:
		return 1;
	case SYS_gettid:
	case SYS_set_tid_address:
		return musl_self()->tid;
	case SYS_getuid:
	case SYS_geteuid:
	case SYS_getgid:
	case SYS_getegid:
	case SYS_rt_sigprocmask:
	case SYS_madvise:
	case SYS_munmap:
		return 0;
	case SYS_brk:
	case SYS_mmap:
	case SYS_mremap:
		return -ENOMEM;
	case SYS_mprotect:
		return -EACCES;
	case SYS_getrandom:
		return getrandom((void *)a, (size_t)b, (unsigned)c);
	case SYS_exit:
	case SYS_exit_group:
		oe_abort();
	default:
		return -ENOSYS;
	}
}

/* musl's own calls that may block, or be cancelled on a real kernel. */
long __syscall_cp(long n, long a, long b, long c, long d, long e, long f);
long __syscall_cp(long n, long a, long b, long c, long d, long e, long f)
{
	int saved = musl_self()->errno_value;
	long result = oe_syscall(n, a, b, c, d, e, f);

	musl_self()->errno_value = saved;
	return result;
}

long syscall(long n, ...)
{
	long a[6], result;
	va_list list;

	va_start(list, n);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	result = oe_syscall(n, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result >= 0 || result < -4095)
		return result;
	errno = (int)-result;
	return -1;
}
