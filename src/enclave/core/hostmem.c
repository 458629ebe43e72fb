/* SPDX-License-Identifier: MIT */
/* Ranges, and memory of the host. */
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <string.h>

bool oe_is_within_enclave(const void *address, size_t size)
{
	return core_within((uint64_t)address, size);
}

bool oe_is_outside_enclave(const void *address, size_t size)
{
	return core_outside((uint64_t)address, size);
}

/* A host that gives memory inside the enclave is out to harm it. */
static void *judge(uint64_t address, size_t size)
{
	if (!address)
		return NULL;
	if (!core_outside(address, size))
		oe_abort();
	return address % 16 ? NULL : (void *)address;
}

void *oe_host_malloc(size_t size)
{
	uint64_t address = 0;

	if (core_ocall(CALL_MALLOC, size, &address))
		return NULL;
	return judge(address, size);
}

void *oe_host_calloc(size_t count, size_t size)
{
	size_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	memory = oe_host_malloc(bytes);
	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

void *oe_host_realloc(void *address, size_t size)
{
	struct call_realloc *shared;
	uint64_t moved = 0;
	oe_result_t result;

	if (!address)
		return oe_host_malloc(size);
	if (!core_outside((uint64_t)address, 1))
		return NULL;
	shared = core_ocall_buffer(sizeof(*shared));
	if (!shared)
		return NULL;
	shared->address = (uint64_t)address;
	shared->size = size;
	shared->result = 0;
	result = core_ocall(CALL_REALLOC, (uint64_t)shared, NULL);
	if (!result)
		moved = READ_ONCE(shared->result);
	core_ocall_buffer_free(shared);
	return judge(moved, size);
}

void oe_host_free(void *address)
{
	if (address)
		core_ocall(CALL_FREE, (uint64_t)address, NULL);
}

char *oe_host_strndup(const char *text, size_t size)
{
	size_t length;
	char *copy;

	if (!text)
		return NULL;
	length = strnlen(text, size);
	if (length == SIZE_MAX)
		return NULL;
	copy = oe_host_malloc(length + 1);
	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = 0;
	return copy;
}
