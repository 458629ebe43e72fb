/* SPDX-License-Identifier: MIT */
/*
 * Threads that are made while the enclave runs (SGX2): the pages of the next
 * one are accepted, its TCS is written and the host asked to make it one;
 * EACCEPT then proves that it is a TCS with what was written there.
 *
 * The host asks for it, on a TCS that is free, whenever it likes; more than
 * the signed number there will not be.  Threads are made in the order of their
 * addresses, one at a time.
 */
#include "priv.h"

#include <coffer/growth.h>
#include <coffer/sgx_arch.h>
#include <elf.h>
#include <openenclave/bits/properties.h>
#include <string.h>

/* The layout of image/layout.c: guard, stack, guard, TCS, two frames of SSA,
 * guard, thread-local variables, td. */
#define GUARD SGX_PAGE_SIZE
#define SSA_FRAMES 2u
#define TCS_TO_TLS ((1 + SSA_FRAMES) * SGX_PAGE_SIZE + GUARD)

static volatile uint32_t busy;
static uint64_t made; /* under busy */

static bool commit(uint64_t address, uint64_t size)
{
	if (core_commit((void *)address, size) != size)
		return false;
	/* Pages that an attempt before this one left here. */
	memset((void *)address, 0, size);
	return true;
}

static oe_result_t make(uint64_t tcs, uint64_t stack_size)
{
	const Elf64_Ehdr *elf = (const void *)core.image;
	uint64_t td = tcs + _td_from_tcs_offset, value = SGX_PT_TCS;
	struct sgx_tcs *new = (struct sgx_tcs *)tcs;

	if ((stack_size && !commit(tcs - GUARD - stack_size, stack_size))
			|| !commit(tcs + SGX_PAGE_SIZE,
				SSA_FRAMES * SGX_PAGE_SIZE)
			|| !commit(tcs + TCS_TO_TLS,
				td + SGX_PAGE_SIZE - tcs - TCS_TO_TLS)
			|| !commit(tcs, SGX_PAGE_SIZE))
		return OE_OUT_OF_MEMORY;
	new->ossa = tcs + SGX_PAGE_SIZE - core.base;
	new->nssa = SSA_FRAMES;
	new->oentry = core.image + elf->e_entry - core.base;
	new->ofsbase = new->ogsbase = td - core.base;
	new->fslimit = new->gslimit = UINT32_MAX;
	if (core_ask_pages(CALL_PAGES_MODIFY, tcs, SGX_PAGE_SIZE, &value)
			|| core_accept(tcs, SGX_SECINFO_TCS
				| SGX_SECINFO_MODIFIED))
		return OE_FAILURE;
	return OE_OK;
}

oe_result_t core_make_thread(uint64_t *tcs)
{
	const uint64_t most = coffer_enclave_growth.max_tcs;
	const uint64_t first =
		oe_enclave_properties_sgx.header.size_settings.num_tcs;
	const uint64_t stack = oe_enclave_properties_sgx.header.size_settings
		.num_stack_pages * SGX_PAGE_SIZE;
	const uint64_t thread = 2 * GUARD + stack + _td_from_tcs_offset
		+ SGX_PAGE_SIZE;
	oe_result_t result;

	if (__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE))
		return OE_BUSY;
	*tcs = (uint64_t)core_heap_base() + core_heap_room()
		+ (first + made) * thread + 2 * GUARD + stack;
	if (most <= first || made >= most - first)
		result = OE_OUT_OF_THREADS;
	else
		result = core_has_sgx2() ? make(*tcs, stack) : OE_UNSUPPORTED;
	if (!result)
		made++;
	__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	return result;
}
