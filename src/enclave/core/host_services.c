/* SPDX-License-Identifier: MIT */
/* Small services of the host that a C library needs. */
#include "libc/libc.h"
#include "priv.h"

#include <errno.h>
#include <string.h>

#define CHUNK (CALL_OCALL_BUFFER_SIZE - sizeof(struct call_io))

static int errno_of(oe_result_t result)
{
	return result == OE_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

int64_t core_host_write(int fd, const void *data, size_t size)
{
	size_t part = size < CHUNK ? size : CHUNK;
	struct call_io *io;
	oe_result_t result;
	int64_t done;

	if (fd < 0 || fd > 2)
		return -EBADF;
	io = core_ocall_buffer(sizeof(*io) + part);
	if (!io)
		return -ENOMEM;
	memcpy(io + 1, data, part);
	io->fd = fd;
	io->data = (uint64_t)(io + 1);
	io->size = part;
	io->result = -EIO;
	result = core_ocall(CALL_WRITE, (uint64_t)io, NULL);
	done = result ? errno_of(result) : READ_ONCE(io->result);
	core_ocall_buffer_free(io);
	if (done < -4095 || done > (int64_t)part)
		return -EIO;
	return done;
}

int64_t core_host_read(int fd, void *data, size_t size)
{
	size_t part = size < CHUNK ? size : CHUNK;
	struct call_io *io;
	oe_result_t result;
	int64_t done;

	if (fd < 0 || fd > 2)
		return -EBADF;
	io = core_ocall_buffer(sizeof(*io) + part);
	if (!io)
		return -ENOMEM;
	io->fd = fd;
	io->data = (uint64_t)(io + 1);
	io->size = part;
	io->result = -EIO;
	result = core_ocall(CALL_READ, (uint64_t)io, NULL);
	done = result ? errno_of(result) : READ_ONCE(io->result);
	if (done < -4095 || done > (int64_t)part)
		done = -EIO;
	if (done > 0)
		memcpy(data, io + 1, done);
	core_ocall_buffer_free(io);
	return done;
}

int core_host_clock(int clock, int64_t *seconds, int64_t *nanoseconds)
{
	struct call_clock *shared = core_ocall_buffer(sizeof(*shared));
	oe_result_t result;
	int64_t failed;

	if (!shared)
		return -ENOMEM;
	shared->clock = clock;
	shared->result = -EIO;
	result = core_ocall(CALL_CLOCK, (uint64_t)shared, NULL);
	failed = result ? errno_of(result) : READ_ONCE(shared->result);
	*seconds = READ_ONCE(shared->seconds);
	*nanoseconds = READ_ONCE(shared->nanoseconds);
	core_ocall_buffer_free(shared);
	if (failed)
		return failed < 0 && failed >= -4095 ? (int)failed : -EIO;
	if (*seconds < 0 || *nanoseconds < 0 || *nanoseconds > 999999999)
		return -EIO;
	return 0;
}

int core_host_sleep(uint64_t nanoseconds)
{
	oe_result_t result = core_ocall(CALL_SLEEP, nanoseconds, NULL);

	return result ? errno_of(result) : 0;
}

oe_result_t oe_host_write_all(int device, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		int64_t done = core_host_write(device, from, size);

		if (done <= 0)
			return core.status ? (oe_result_t)core.status
				: OE_FAILURE;
		from += done;
		size -= done;
	}
	return OE_OK;
}

uint64_t oe_host_time_ns(void)
{
	int64_t seconds, nanoseconds;
	uint64_t milliseconds;

	if (!core_host_clock(0, &seconds, &nanoseconds)
			&& seconds < INT64_MAX / 1000000000)
		return seconds * 1000000000ull + nanoseconds;
	if (core_ocall(CALL_GET_TIME, 0, &milliseconds)
			|| milliseconds > UINT64_MAX / 1000000)
		return 0;
	return milliseconds * 1000000;
}
