/* SPDX-License-Identifier: MIT */
/*
 * Pages that come, change and go while the enclave runs (SGX2).
 *
 * The host does its part and may say what it likes about it: nothing counts
 * but EACCEPT, with which the processor vouches for a page as it is.
 *
 *   come    EACCEPT {REG, R, W, PENDING}: a page of zeroes that was augmented;
 *           where there is none the host's kernel augments it now
 *   change  EMODPE extends; the host restricts, EACCEPT {REG, PR, ...} proves
 *   go      the host trims, EACCEPT {TRIM, MODIFIED} proves that it was told
 *           what we asked for, the host removes
 *
 * PR is not compared by EACCEPT, so {REG, PR, R, W} also proves that a page is
 * an ordinary one of ours: what is left of a trim that the host did not do.
 * Only pages that nobody uses are accepted as new ones, so that a host that
 * takes a page away and puts a fresh one there ends the enclave (a page fault
 * at its next use) and never changes data.
 */
#include "priv.h"

#include <coffer/memory.h>
#include <coffer/sgx_arch.h>
#include <openenclave/bits/properties.h>

#define REG_RW (SGX_SECINFO_REG | SGX_SECINFO_R | SGX_SECINFO_W)

enum { SGX2_UNKNOWN = 0, SGX2_THERE, SGX2_MISSING };

static volatile uint32_t sgx2;
static volatile uint32_t released; /* some page was given back before */

uint64_t core_sgx2(uint64_t leaf, const struct sgx_secinfo *secinfo,
	uint64_t page);

static uint64_t leaf(uint64_t number, uint64_t flags, uint64_t page)
{
	struct sgx_secinfo secinfo __attribute__((aligned(64))) = {
		.flags = flags };

	return core_sgx2(number, &secinfo, page);
}

uint64_t core_accept(uint64_t page, uint64_t flags)
{
	return leaf(SGX_EACCEPT, flags, page);
}

oe_result_t core_ask_pages(uint32_t what, uint64_t address, uint64_t size,
	uint64_t *value)
{
	struct call_pages *shared = core_ocall_buffer(sizeof(*shared));
	oe_result_t result;

	if (!shared)
		return OE_OUT_OF_MEMORY;
	shared->what = what;
	shared->reserved = 0;
	shared->address = address;
	shared->size = size;
	shared->value = *value;
	shared->result = -1;
	result = core_ocall(CALL_PAGES, (uint64_t)shared, NULL);
	*value = READ_ONCE(shared->value);
	if (!result && READ_ONCE(shared->result))
		result = OE_FAILURE;
	core_ocall_buffer_free(shared);
	return result;
}

/* The host's word, which can at most make the enclave try in vain, or not. */
bool core_has_sgx2(void)
{
	uint64_t features = 0;

	if (sgx2 == SGX2_UNKNOWN && !core_ask_pages(CALL_PAGES_FEATURES, 0, 0,
			&features))
		sgx2 = features & SGX_FEATURE_SGX2 ? SGX2_THERE
			: SGX2_MISSING;
	return sgx2 == SGX2_THERE;
}

static bool commit_page(uint64_t page, uint64_t rest)
{
	uint64_t r = core_accept(page, REG_RW | SGX_SECINFO_PENDING), none = 0;

	if (!r)
		return true;
	/* It was to go, and is here still. */
	if (r != SGX_PAGE_ATTRIBUTES_MISMATCH)
		return false;
	if (!core_accept(page, REG_RW | SGX_SECINFO_PR))
		return true;
	if (!released)
		return false;
	core_ask_pages(CALL_PAGES_REMOVE, page, rest, &none);
	return !core_accept(page, REG_RW | SGX_SECINFO_PENDING);
}

size_t core_commit(void *address, size_t size)
{
	uint64_t from = (uint64_t)address, done = 0;

	if (!core_has_sgx2())
		return 0;
	while (done < size && commit_page(from + done, size - done))
		done += SGX_PAGE_SIZE;
	return done;
}

void core_release(void *address, size_t size)
{
	uint64_t from = (uint64_t)address, end = from + size;
	uint64_t value = SGX_PT_TRIM, none = 0;

	if (!core_has_sgx2())
		return;
	released = 1;
	if (core_ask_pages(CALL_PAGES_MODIFY, from, size, &value)) {
		/* How far it came, it says. */
		value &= ~(uint64_t)(SGX_PAGE_SIZE - 1);
		end = value < size ? from + value : end;
	}
	for (uint64_t page = from; page < end; page += SGX_PAGE_SIZE) {
		if (core_accept(page, SGX_SECINFO_TRIM | SGX_SECINFO_MODIFIED)) {
			end = page;
			break;
		}
	}
	if (end > from)
		core_ask_pages(CALL_PAGES_REMOVE, from, end - from, &none);
}

bool core_restrict(uint64_t from, uint64_t size, uint64_t rights)
{
	uint64_t value = rights;

	if (core_ask_pages(CALL_PAGES_RESTRICT, from, size, &value))
		return false;
	for (uint64_t at = from; at < from + size; at += SGX_PAGE_SIZE)
		if (core_accept(at, SGX_SECINFO_REG | SGX_SECINFO_PR | rights))
			return false;
	return true;
}

oe_result_t coffer_protect(void *address, size_t size, int access)
{
	uint64_t from = (uint64_t)address, heap = (uint64_t)core_heap_base();
	uint64_t flags = SGX_SECINFO_REG, rights;
	bool restricted = false;

	if (from % SGX_PAGE_SIZE || !size || size % SGX_PAGE_SIZE
			|| from < heap || size > core_heap_room()
			|| from - heap > core_heap_room() - size
			|| access & ~(COFFER_READ | COFFER_WRITE)
			|| access == COFFER_WRITE)
		return OE_INVALID_PARAMETER;
	if (!core_has_sgx2())
		return OE_UNSUPPORTED;
	rights = (access & COFFER_READ ? SGX_SECINFO_R : 0)
		| (access & COFFER_WRITE ? SGX_SECINFO_W : 0);
	flags |= rights | SGX_SECINFO_PR;
	for (uint64_t at = from; at < from + size; at += SGX_PAGE_SIZE) {
		if (rights && leaf(SGX_EMODPE, SGX_SECINFO_REG | rights, at)
				!= SGX_EMODPE)
			return OE_FAILURE;
		/* More than these: that is the host's to take away. */
		if (core_accept(at, flags))
			restricted = true;
	}
	return !restricted || core_restrict(from, size, rights) ? OE_OK
		: OE_FAILURE;
}
