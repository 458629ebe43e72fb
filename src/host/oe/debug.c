/* SPDX-License-Identifier: MIT */
/* Debug enclaves as debuggers find them: coffer/debug.h. */
#include "enclave.h"

#include <stdlib.h>
#include <string.h>

struct coffer_debug_enclave *coffer_debug_enclaves;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A debugger's breakpoint stands here: a call has to happen. */
#define PLACE __attribute__((noinline, used))

PLACE void coffer_debug_created(const struct coffer_debug_enclave *entry)
{
	__asm__ volatile("" : : "r"(entry) : "memory");
}

PLACE void coffer_debug_ending(const struct coffer_debug_enclave *entry)
{
	__asm__ volatile("" : : "r"(entry) : "memory");
}

PLACE void coffer_debug_fault(const struct coffer_debug_enclave *entry,
	uint64_t tcs, uint32_t vector, uint64_t address)
{
	__asm__ volatile("" : : "r"(entry), "r"(tcs), "r"(vector),
		"r"(address) : "memory");
}

void debug_created(struct _oe_enclave *enclave)
{
	struct coffer_debug_enclave *entry;

	if (!enclave->debug || !enclave->drv->cell)
		return;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return; /* it cannot be debugged, and works */
	entry->magic = COFFER_DEBUG_MAGIC;
	entry->version = COFFER_DEBUG_VERSION;
	entry->cell = enclave->drv->cell(enclave->machine);
	entry->path = realpath(enclave->path, NULL);
	if (!entry->path)
		entry->path = enclave->path;
	entry->base = enclave->base;
	entry->size = enclave->size;
	enclave->debugged = entry;
	pthread_mutex_lock(&lock);
	entry->next = coffer_debug_enclaves;
	__atomic_store_n(&coffer_debug_enclaves, entry, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
	coffer_debug_created(entry);
}

void debug_ending(struct _oe_enclave *enclave)
{
	struct coffer_debug_enclave *entry = enclave->debugged;
	struct coffer_debug_enclave **link = &coffer_debug_enclaves;

	if (!entry)
		return;
	coffer_debug_ending(entry);
	pthread_mutex_lock(&lock);
	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	pthread_mutex_unlock(&lock);
	if (entry->path != enclave->path)
		free((char *)entry->path);
	free(entry);
	enclave->debugged = NULL;
}

void debug_fault(struct _oe_enclave *enclave, uint64_t tcs, uint32_t vector,
	uint64_t address)
{
	if (enclave->debugged)
		coffer_debug_fault(enclave->debugged, tcs, vector, address);
}
