/* SPDX-License-Identifier: MIT */
/*
 * What the files of the enclave's C library share with each other.
 *
 * The library is Debian's musl, unmodified, with the members left out that
 * cannot work inside an enclave, and the files of this folder in their
 * place. musl's objects call the kernel with `syscall` instructions. Where
 * that happens often, a file here replaces the function; everywhere else the
 * instruction faults, and the runtime leads it to oe_syscall (libc.h).
 */
#ifndef COFFER_ENCLAVE_LIBC_INSIDE_H
#define COFFER_ENCLAVE_LIBC_INSIDE_H

#include <stddef.h>
#include <stdint.h>

#define LIBC_FOREVER UINT64_MAX

/*
 * Write all bytes to the host's stdout (fd 1) or stderr (2), as often as the
 * host takes only a part. 0, or a negative errno after a part was written.
 */
long libc_write_all(int fd, const void *data, size_t size);

/*
 * Futexes of this library, as of the kernel's: sleep while *address is value.
 * nanoseconds: the longest to sleep, or LIBC_FOREVER. 0, -EAGAIN, -ETIMEDOUT.
 */
int libc_futex_wait(volatile int *address, int value, uint64_t nanoseconds);

/* Wake up to count threads that wait there: how many. */
int libc_futex_wake(volatile int *address, int count);

/* 64 random bits; the enclave is aborted when the processor gives none. */
uint64_t libc_random64(void);

struct timespec;

/* From now until the point in time that at says on the clock: nanoseconds,
 * 0 when it has passed; LIBC_FOREVER for at NULL. -EINVAL for a bad one. */
int libc_time_left(int clock, const struct timespec *at, uint64_t *left);

#endif
