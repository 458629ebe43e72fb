/* SPDX-License-Identifier: MIT */
/* The enclave of the tests with a lying host. */
#include <openenclave/enclave.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lied_to_t.h"

#define GUARD 0x5a

/* What no host may change or see. */
static uint8_t guard[8192] __attribute__((aligned(64)));

__attribute__((constructor)) static void fill(void)
{
	memset(guard, GUARD, sizeof(guard));
}

uint64_t lt_guard_address(void)
{
	return (uint64_t)guard;
}

int lt_guard_intact(void)
{
	for (unsigned i = 0; i < sizeof(guard); i++)
		if (guard[i] != GUARD)
			return 0;
	return 1;
}

int lt_ocall(int value)
{
	int result = -1;
	oe_result_t failed = lt_host_add(&result, value, 1);

	return failed ? -(int)failed : result;
}

int lt_host_memory(size_t size)
{
	uint8_t *memory = oe_host_malloc(size);

	if (!memory)
		return 0;
	if (!oe_is_outside_enclave(memory, size))
		return -1;
	memory[0] = 1;
	memory[size - 1] = 1;
	oe_host_free(memory);
	return 1;
}

/* flag[0] ends it, flag[1] says that it has begun. */
int lt_spin(int *flag)
{
	if (!oe_is_outside_enclave(flag, 2 * sizeof(*flag)))
		return -1;
	*(volatile int *)(flag + 1) = 1;
	while (!*(volatile int *)flag)
		__builtin_ia32_pause();
	return 1;
}

static uint64_t skip(oe_exception_record_t *record)
{
	record->context->rip += 2;
	return OE_EXCEPTION_CONTINUE_EXECUTION;
}

int lt_fault(void)
{
	oe_add_vectored_exception_handler(false, skip);
	__asm__ volatile("ud2");
	oe_remove_vectored_exception_handler(skip);
	return 1;
}

int lt_echo(const uint8_t *from, uint8_t *to, size_t size)
{
	memcpy(to, from, size);
	return 1;
}

int lt_print(void)
{
	return puts("a line") >= 0 && fflush(stdout) == 0;
}

int lt_time(uint64_t *seconds)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now))
		return 0;
	*seconds = (uint64_t)now.tv_sec;
	return now.tv_nsec >= 0 && now.tv_nsec < 1000000000;
}

/* Waits a little for what nobody signals. */
int lt_wait(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct timespec end = { 1, 0 };
	int result;

	pthread_mutex_lock(&lock);
	result = pthread_cond_timedwait(&never, &lock, &end);
	pthread_mutex_unlock(&lock);
	return result ? 1 : 0;
}
