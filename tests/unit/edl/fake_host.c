/* SPDX-License-Identifier: MIT */
#include "fake_host.h"

#include <dlfcn.h>
#include <openenclave/edger8r/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct fake_enclave *enclave;
static const oe_ocall_func_t *ocalls;
static uint32_t ocall_count;
static const oe_ecall_info_t *names;
static uint32_t name_count;

size_t fake_shared_blocks;
void (*fake_tamper)(void *out, size_t out_size);

#define BLOCKS 4096
static struct {
	uint8_t *p;
	size_t size;
} blocks[BLOCKS];

void *oe_host_shared_malloc(size_t size)
{
	for (size_t i = 0; i < BLOCKS; i++) {
		if (blocks[i].p)
			continue;
		blocks[i].p = aligned_alloc(16, size ? (size + 15) & ~15ull
						     : 16);
		if (!blocks[i].p)
			return NULL;
		blocks[i].size = size;
		/* Whoever relies on zeroes finds none. */
		memset(blocks[i].p, 0xa5, size);
		fake_shared_blocks++;
		return blocks[i].p;
	}
	return NULL;
}

void oe_host_shared_free(void *p)
{
	for (size_t i = 0; p && i < BLOCKS; i++) {
		if (blocks[i].p == p) {
			free(p);
			blocks[i].p = NULL;
			fake_shared_blocks--;
			return;
		}
	}
	/* An address that the host made up goes back to the host, who knows
	 * that it is none. */
	if (p && !fake_tamper)
		abort();
}

static bool is_shared(const void *p, size_t size)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < BLOCKS; i++)
		if (blocks[i].p && at >= blocks[i].p &&
		    at < blocks[i].p + blocks[i].size &&
		    size <= (size_t)(blocks[i].p + blocks[i].size - at))
			return true;
	return false;
}

static bool ocall(size_t id, const void *in, size_t in_size, void *out,
		  size_t out_size, size_t *written)
{
	if (id >= ocall_count)
		return false;
	ocalls[id](in, in_size, out, out_size, written);
	if (fake_tamper)
		fake_tamper(out, out_size);
	return true;
}

const struct fake_enclave *fake_load(const char *path)
{
	static const struct fake_host host = {
		oe_host_shared_malloc, oe_host_shared_free, is_shared, ocall
	};
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *symbol = library ? dlsym(library, "fake_connect") : NULL;
	fake_connect_t *connect;

	if (!symbol) {
		fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	memcpy(&connect, &symbol, sizeof(connect));
	enclave = connect(&host);
	return enclave;
}

oe_result_t oe_create_enclave(const char *path, oe_enclave_type_t type,
			      uint32_t flags,
			      const oe_enclave_setting_t *settings,
			      uint32_t setting_count,
			      const oe_ocall_func_t *ocall_table,
			      uint32_t table_count,
			      const oe_ecall_info_t *ecall_names,
			      uint32_t ecall_count, oe_enclave_t **made)
{
	if (!fake_load(path) || enclave->count != ecall_count)
		return OE_FAILURE;
	ocalls = ocall_table;
	ocall_count = table_count;
	names = ecall_names;
	name_count = ecall_count;
	*made = (oe_enclave_t *)&enclave;
	return OE_OK;
}

oe_result_t oe_call_enclave_function(oe_enclave_t *e, uint64_t *global_id,
				     const char *name, const void *in,
				     size_t in_size, void *out,
				     size_t out_size, size_t *written)
{
	if (in_size % 16 || out_size % 16 || in_size < 24 || out_size < 24 ||
	    !is_shared(in, in_size) || !is_shared(out, out_size))
		abort();
	for (uint32_t i = 0; i < name_count; i++) {
		if (strcmp(names[i].name, name))
			continue;
		if (!enclave->ecall(i, in, in_size, out, out_size, written))
			return OE_NOT_FOUND;
		return OE_OK;
	}
	return OE_NOT_FOUND;
}

oe_result_t oe_switchless_call_enclave_function(
	oe_enclave_t *e, uint64_t *global_id, const char *name,
	const void *in, size_t in_size, void *out, size_t out_size,
	size_t *written)
{
	return oe_call_enclave_function(e, global_id, name, in, in_size, out,
					out_size, written);
}
