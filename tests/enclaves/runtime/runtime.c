/* SPDX-License-Identifier: MIT */
/* The enclave of the runtime's tests. */
#include <openenclave/enclave.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime_t.h"

static int constructed;
static __thread uint64_t tls_first = 0x1122334455667788ull;
static __thread uint64_t tls_zero;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int counter, waiting;
static const char *const words[] = { "one", "two", "three" };

__attribute__((constructor)) static void construct(void)
{
	constructed++;
}

void rt_empty(void)
{
}

int rt_add(int a, int b)
{
	return a + b;
}

uint64_t rt_sum(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += data[i];
	return sum;
}

void rt_fill(uint8_t *data, size_t size, uint8_t value)
{
	memset(data, value, size);
}

int rt_ocall(int value)
{
	int result = -1;

	if (rt_host_add(&result, value, 1))
		return -1;
	return result;
}

int rt_nested(int depth)
{
	int result = -1;

	return rt_host_nest(&result, depth) ? -100 : result;
}

int rt_thread_counter(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
	}
	return counter;
}

uint64_t rt_tls(uint64_t value)
{
	uint64_t before = tls_first ^ 0x1122334455667788ull;

	before |= tls_zero;
	tls_first = value;
	tls_zero = value;
	return before;
}

int rt_ranges(void *outside)
{
	uint8_t here = 0;
	int bad = 0;

	bad |= !oe_is_within_enclave(&here, 1) << 0;
	bad |= oe_is_outside_enclave(&here, 1) << 1;
	bad |= oe_is_within_enclave(outside, 1) << 2;
	bad |= !oe_is_outside_enclave(outside, 16) << 3;
	bad |= oe_is_within_enclave(NULL, 1) << 4;
	bad |= oe_is_outside_enclave(NULL, 1) << 5;
	bad |= oe_is_within_enclave(&here, SIZE_MAX) << 6;
	bad |= oe_is_outside_enclave(outside, SIZE_MAX) << 7;
	bad |= oe_is_within_enclave(&here, 1ull << 40) << 8;
	bad |= oe_is_outside_enclave((void *)((uint64_t)&here
		- (1ull << 40)), 1ull << 41) << 9;
	return bad;
}

void rt_host_gift(char **text)
{
	*text = oe_host_strndup("for the host to keep", 100);
}

int rt_host_memory(size_t size)
{
	char *memory = oe_host_malloc(size), *copy;

	if (!memory || !oe_is_outside_enclave(memory, size))
		return 1;
	memset(memory, 'x', size);
	memory = oe_host_realloc(memory, size * 2);
	if (!memory || memory[0] != 'x' || memory[size - 1] != 'x')
		return 2;
	oe_host_free(memory);
	copy = oe_host_strndup("to the host", 6);
	if (!copy || strcmp(copy, "to the"))
		return 3;
	oe_host_free(copy);
	memory = oe_host_calloc(16, 16);
	for (int i = 0; i < 256; i++)
		if (memory[i])
			return 4;
	oe_host_free(memory);
	if (oe_host_calloc(SIZE_MAX / 2, 3))
		return 5;
	return 0;
}

int rt_random(uint64_t *values)
{
	return oe_random(values, 4 * sizeof(values[0]));
}

int rt_relocated(void)
{
	int good = 0;

	for (unsigned i = 0; i < 3; i++)
		good += oe_is_within_enclave(words[i], 4);
	return good == 3 && !strcmp(words[1], "two");
}

int rt_constructed(void)
{
	return constructed;
}

int rt_seal_key(int policy, uint8_t *key)
{
	uint8_t *first, *second, *info;
	size_t first_size, second_size, info_size;
	oe_result_t result = oe_get_seal_key_by_policy(
		(oe_seal_policy_t)policy, &first, &first_size, &info,
		&info_size);

	if (result)
		return result;
	result = oe_get_seal_key(info, info_size, &second, &second_size);
	if (!result && (first_size != 16 || second_size != 16
			|| info_size != 512 || memcmp(first, second, 16)))
		result = OE_FAILURE;
	memcpy(key, first, 16);
	oe_free_seal_key(first, info);
	if (!result)
		oe_free_seal_key(second, NULL);
	return result;
}

/* A report for ourselves, checked; with a bit of it flipped if flip >= 0. */
int rt_report(int flip)
{
	static const uint8_t data[3] = { 1, 2, 3 };
	uint8_t *first, *report;
	size_t size, target_size;
	oe_report_t parsed;
	void *target;
	int result;

	if (oe_get_report(0, NULL, 0, NULL, 0, &first, &size)
			|| oe_get_target_info(first, size, &target,
				&target_size))
		return 1000;
	oe_free_report(first);
	if (oe_get_report(0, data, sizeof(data), target, target_size, &report,
			&size))
		return 1001;
	oe_free_target_info(target);
	if (flip >= 0)
		report[16 + flip / 8] ^= (uint8_t)(1u << flip % 8);
	result = oe_verify_report(report, size, &parsed);
	if (!result && (memcmp(parsed.report_data, data, sizeof(data))
			|| parsed.report_data[3]))
		result = 1002;
	oe_free_report(report);
	return result;
}

/* Returns when count threads are here. */
int rt_barrier(int count)
{
	pthread_mutex_lock(&lock);
	waiting++;
	if (waiting == count)
		pthread_cond_broadcast(&changed);
	while (waiting < count)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return waiting;
}

void rt_abort(void)
{
	oe_abort();
}

void rt_assert(void)
{
	oe_assert(constructed == 77);
}

int rt_print(const char *text)
{
	return printf("%s\n", text);
}
