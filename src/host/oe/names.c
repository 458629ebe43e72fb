/* SPDX-License-Identifier: MIT */
/*
 * Ecalls are known by name in the process and by number in each enclave: a
 * generated wrapper asks once for its name's global id, each enclave has a
 * table from global ids to the numbers of its own EDL.  So two enclaves of
 * different EDLs may share a wrapper.
 */
#include "enclave.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char **names;
static uint64_t count, room;

/* The id of a name, made if need be; UINT64_MAX when out of memory.  With
 * the lock held. */
static uint64_t id_of(const char *name)
{
	for (uint64_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	if (count == room) {
		uint64_t more = room ? room * 2 : 64;
		char **grown = realloc(names, more * sizeof(*names));

		if (!grown)
			return UINT64_MAX;
		names = grown;
		room = more;
	}
	names[count] = strdup(name);
	if (!names[count])
		return UINT64_MAX;
	return count++;
}

oe_result_t names_global(uint64_t *global_id, const char *name)
{
	uint64_t id;

	pthread_mutex_lock(&lock);
	id = id_of(name);
	pthread_mutex_unlock(&lock);
	if (id == UINT64_MAX)
		return OE_OUT_OF_MEMORY;
	__atomic_store_n(global_id, id, __ATOMIC_RELEASE);
	return OE_OK;
}

bool names_register(struct _oe_enclave *enclave, const oe_ecall_info_t *table,
	uint32_t table_count)
{
	bool ok = false;

	pthread_mutex_lock(&lock);
	for (uint32_t i = 0; i < table_count; i++)
		if (table[i].name && id_of(table[i].name) == UINT64_MAX)
			goto out;
	enclave->local_ids = malloc((count ? count : 1) * sizeof(uint32_t));
	if (!enclave->local_ids)
		goto out;
	enclave->name_count = count;
	memset(enclave->local_ids, 0xff, count * sizeof(uint32_t));
	for (uint32_t i = 0; i < table_count; i++)
		if (table[i].name)
			enclave->local_ids[id_of(table[i].name)] = i;
	ok = true;
out:
	pthread_mutex_unlock(&lock);
	return ok;
}
