/* SPDX-License-Identifier: MIT */
/*
 * Ocalls.  The enclave names functions and addresses; addresses must lie in
 * memory that it may reach anyway, numbers are copied once.
 */
#include "enclave.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <openenclave/edger8r/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))

static oe_result_t call_host_function(struct _oe_enclave *enclave,
	struct slot *slot, uint64_t argument)
{
	struct call_args *shared = (struct call_args *)argument, args;
	uint8_t small_in[CALL_SMALL] __attribute__((aligned(16))) = { 0 };
	uint8_t small_out[CALL_SMALL] __attribute__((aligned(16)));
	const struct call_marshal_head *head;
	const uint8_t *in;
	uint8_t *out;
	oe_ocall_func_t function;
	size_t written = 0;

	if (argument % 8
			|| !shared_reachable(enclave, argument, sizeof(args)))
		return OE_INVALID_PARAMETER;
	args.function_id = READ_ONCE(shared->function_id);
	args.in = READ_ONCE(shared->in);
	args.in_size = READ_ONCE(shared->in_size);
	args.out = READ_ONCE(shared->out);
	args.out_size = READ_ONCE(shared->out_size);
	args.flags = READ_ONCE(shared->flags);
	if (!args.in || !args.out || args.in_size % CALL_BUFFER_ALIGN
			|| args.out_size % CALL_BUFFER_ALIGN
			|| !shared_reachable(enclave, args.in, args.in_size)
			|| !shared_reachable(enclave, args.out, args.out_size))
		return OE_INVALID_PARAMETER;
	if (args.function_id >= enclave->ocall_count)
		return OE_NOT_FOUND;
	function = enclave->ocalls[args.function_id];
	if (!function)
		return OE_NOT_FOUND;

	/* Only what is there crosses. */
	in = args.flags & CALL_INPUT_ZERO && args.in_size <= CALL_SMALL
		? small_in : (const uint8_t *)args.in;
	out = (uint8_t *)args.out;
	if (args.flags & CALL_OUTPUT_ZEROED && args.out_size <= CALL_SMALL)
		out = memset(small_out, 0, sizeof(small_out));
	function(in, args.in_size, out, args.out_size, &written);
	/* Nested data for the enclave becomes its own: it frees it. */
	head = (const struct call_marshal_head *)out;
	if (args.out_size >= sizeof(*head) && written >= sizeof(*head)
			&& head->deep_out
			&& !owned_add(&enclave->owned, head->deep_out,
				head->deep_out_size))
		return OE_OUT_OF_MEMORY;
	if (out == small_out && !call_all_zero(out, args.out_size))
		memcpy((void *)args.out, out, args.out_size);
	if (!(args.flags & CALL_PRESET) || written != args.out_size) {
		shared->out_written = written;
		shared->result = OE_OK;
	}
	return OE_OK;
}

static void futex_wait(atomic_int *word, int value,
	const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout, NULL, 0);
}

/* One wake is remembered: 0 none, 1 one, -1 the thread sleeps. */
static int thread_wait(struct _oe_enclave *enclave, struct slot *slot,
	const struct timespec *timeout)
{
	int one = 1, none = 0, sleeping = -1;

	if (atomic_compare_exchange_strong(&slot->event, &one, 0))
		return 0;
	if (!atomic_compare_exchange_strong(&slot->event, &none, -1)) {
		atomic_store(&slot->event, 0);
		return 0;
	}
	if (atomic_load(&enclave->lost)) {
		atomic_store(&slot->event, 0);
		return 0;
	}
	if (timeout) {
		if (atomic_load(&slot->event) == -1)
			futex_wait(&slot->event, -1, timeout);
	} else {
		while (atomic_load(&slot->event) == -1)
			futex_wait(&slot->event, -1, NULL);
	}
	if (atomic_compare_exchange_strong(&slot->event, &sleeping, 0))
		return -ETIMEDOUT;
	atomic_store(&slot->event, 0);
	return 0;
}

static void wake(struct slot *slot)
{
	if (atomic_exchange(&slot->event, 1) == -1)
		syscall(SYS_futex, &slot->event, FUTEX_WAKE_PRIVATE, INT_MAX,
			NULL, NULL, 0);
}

static oe_result_t thread_wake(struct _oe_enclave *enclave, uint64_t tcs)
{
	struct slot *slot = slot_find(enclave, tcs);

	if (!slot)
		return OE_NOT_FOUND;
	wake(slot);
	return OE_OK;
}

void ocall_wake_all(struct _oe_enclave *enclave)
{
	for (uint32_t i = 0; i < enclave->slot_count; i++)
		wake(&enclave->slots[i]);
}

static oe_result_t thread_wait_timed(struct _oe_enclave *enclave,
	struct slot *slot, uint64_t argument)
{
	struct call_wait *wait = (struct call_wait *)argument;
	uint64_t nanoseconds;
	struct timespec timeout;

	if (!shared_reachable(enclave, argument, sizeof(*wait)))
		return OE_INVALID_PARAMETER;
	nanoseconds = READ_ONCE(wait->nanoseconds);
	timeout.tv_sec = nanoseconds / 1000000000;
	timeout.tv_nsec = nanoseconds % 1000000000;
	wait->result = thread_wait(enclave, slot, &timeout);
	return OE_OK;
}

static oe_result_t give_memory(struct _oe_enclave *enclave, uint64_t size,
	uint64_t *value)
{
	void *memory = oe_host_shared_malloc(size ? size : 1);

	if (memory && !owned_add(&enclave->owned, (uint64_t)memory,
			size)) {
		oe_host_shared_free(memory);
		memory = NULL;
	}
	*value = (uint64_t)memory;
	return OE_OK;
}

static oe_result_t take_memory(struct _oe_enclave *enclave, uint64_t address)
{
	uint64_t size;

	if (!owned_remove(&enclave->owned, address, &size))
		return OE_INVALID_PARAMETER;
	oe_host_shared_free((void *)address);
	return OE_OK;
}

/* *value is 0, and the old memory is as it was, when there is no memory. */
static oe_result_t resize(struct _oe_enclave *enclave, uint64_t old,
	uint64_t size, uint64_t *value)
{
	uint64_t old_size;

	*value = 0;
	if (!owned_remove(&enclave->owned, old, &old_size))
		return OE_INVALID_PARAMETER;
	give_memory(enclave, size, value);
	if (!*value) {
		/* The place that it just left is there still. */
		owned_add(&enclave->owned, old, old_size);
		return OE_OK;
	}
	memcpy((void *)*value, (const void *)old,
		size < old_size ? size : old_size);
	oe_host_shared_free((void *)old);
	return OE_OK;
}

static oe_result_t resize_memory(struct _oe_enclave *enclave,
	uint64_t argument)
{
	struct call_realloc *ask = (struct call_realloc *)argument;
	uint64_t moved;
	oe_result_t result;

	if (!shared_reachable(enclave, argument, sizeof(*ask)))
		return OE_INVALID_PARAMETER;
	result = resize(enclave, READ_ONCE(ask->address),
		READ_ONCE(ask->size), &moved);
	ask->result = moved;
	return result;
}

void *oe_realloc_ocall(void *address, size_t size)
{
	const struct frame *frame = slot_frame();
	uint64_t moved = 0;

	if (!frame)
		return NULL;
	if (address)
		resize(frame->enclave, (uint64_t)address, size, &moved);
	else
		give_memory(frame->enclave, size, &moved);
	return (void *)moved;
}

/* The enclave's handle is what the enclave says; the frame is ours. */
void oe_sgx_thread_wake_wait_ocall(oe_enclave_t *enclave, uint64_t waiter_tcs,
	uint64_t self_tcs)
{
	const struct frame *frame = slot_frame();

	if (!frame)
		return;
	thread_wake(frame->enclave, waiter_tcs);
	thread_wait(frame->enclave, frame->slot, NULL);
}

static oe_result_t transfer(struct _oe_enclave *enclave, uint64_t argument,
	bool out)
{
	struct call_io *io = (struct call_io *)argument;
	uint64_t fd, data, size;
	ssize_t done;

	if (!shared_reachable(enclave, argument, sizeof(*io)))
		return OE_INVALID_PARAMETER;
	fd = READ_ONCE(io->fd);
	data = READ_ONCE(io->data);
	size = READ_ONCE(io->size);
	if (fd > 2 || !shared_reachable(enclave, data, size))
		return OE_INVALID_PARAMETER;
	/* What the program printed before comes before. */
	if (out)
		fflush(fd == 2 ? stderr : stdout);
	done = out ? write((int)fd, (const void *)data, size)
		: read((int)fd, (void *)data, size);
	io->result = done < 0 ? -errno : done;
	return OE_OK;
}

static oe_result_t log_line(struct _oe_enclave *enclave, uint64_t argument)
{
	const struct call_log *line = (const struct call_log *)argument;
	char text[512];
	uint32_t size, level;

	if (!shared_reachable(enclave, argument, sizeof(*line)))
		return OE_INVALID_PARAMETER;
	size = READ_ONCE(line->size);
	level = READ_ONCE(line->level);
	if (size > sizeof(text) || level > HOST_VERBOSE
			|| !shared_reachable(enclave, argument,
				sizeof(*line) + size))
		return OE_INVALID_PARAMETER;
	memcpy(text, line->text, size);
	host_log_enclave(level, text, size);
	return OE_OK;
}

static oe_result_t tell_time(struct _oe_enclave *enclave, uint64_t argument)
{
	struct call_clock *ask = (struct call_clock *)argument;
	struct timespec now = { 0 };
	uint64_t clock;

	if (!shared_reachable(enclave, argument, sizeof(*ask)))
		return OE_INVALID_PARAMETER;
	clock = READ_ONCE(ask->clock);
	if (clock > 1)
		return OE_INVALID_PARAMETER;
	ask->result = clock_gettime(clock ? CLOCK_MONOTONIC : CLOCK_REALTIME,
		&now) ? -errno : 0;
	ask->seconds = now.tv_sec;
	ask->nanoseconds = now.tv_nsec;
	return OE_OK;
}

static oe_result_t nap(uint64_t nanoseconds)
{
	struct timespec rest = {
		nanoseconds / 1000000000, nanoseconds % 1000000000
	};

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
	return OE_OK;
}

static oe_result_t cpuid_table(struct _oe_enclave *enclave, uint64_t argument)
{
	if (!shared_reachable(enclave, argument,
			sizeof(struct call_cpuid_table)))
		return OE_INVALID_PARAMETER;
	services_cpuid((struct call_cpuid_table *)argument);
	return OE_OK;
}

oe_result_t ocall_serve(struct _oe_enclave *enclave, struct slot *slot,
	uint32_t function, uint64_t argument, uint64_t *value)
{
	struct timespec now;

	switch (function) {
	case CALL_HOST_FUNCTION:
		return call_host_function(enclave, slot, argument);
	case CALL_THREAD_WAKE:
		return thread_wake(enclave, argument);
	case CALL_THREAD_WAIT:
		thread_wait(enclave, slot, NULL);
		return OE_OK;
	case CALL_THREAD_WAIT_TIMED:
		return thread_wait_timed(enclave, slot, argument);
	case CALL_MALLOC:
		return give_memory(enclave, argument, value);
	case CALL_REALLOC:
		return resize_memory(enclave, argument);
	case CALL_FREE:
		return take_memory(enclave, argument);
	case CALL_GET_TIME:
		clock_gettime(CLOCK_REALTIME, &now);
		*value = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
		return OE_OK;
	case CALL_CPUID_TABLE:
		return cpuid_table(enclave, argument);
	case CALL_WRITE:
		return transfer(enclave, argument, true);
	case CALL_READ:
		return transfer(enclave, argument, false);
	case CALL_LOG:
		return log_line(enclave, argument);
	case CALL_CLOCK:
		return tell_time(enclave, argument);
	case CALL_PAGES:
		return ocall_pages(enclave, argument);
	case CALL_SLEEP:
		return nap(argument);
	case CALL_TSC:
		*value = __builtin_ia32_rdtsc();
		return OE_OK;
	default:
		return OE_NOT_FOUND;
	}
}
