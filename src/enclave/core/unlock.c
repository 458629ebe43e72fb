/* SPDX-License-Identifier: MIT */
/*
 * Protected code (coffer/protected_code.h): decrypted in place, relocated, and
 * its pages made unwritable again where the processor can.
 *
 * What is in the table was measured, so it is what the signer saw; it is
 * checked all the same, because a mistake there would write over the runtime.
 */
#include "../crypto/crypto.h"
#include "core.h"
#include "priv.h"

#include <coffer/protected_code.h>
#include <coffer/sgx_arch.h>
#include <elf.h>
#include <string.h>

__attribute__((section(COFFER_PROTECTED_SECTION), used,
	visibility("default"))) volatile const struct coffer_protected_table
	coffer_protected_table = {
	.size = sizeof(struct coffer_protected_table),
	.version = COFFER_PROTECTED_VERSION,
};

enum { LOCKED = 0, UNLOCKED, BROKEN };

static core_spinlock lock;
static volatile uint32_t state;

bool core_protected(uint64_t rva)
{
	for (uint32_t i = 0; i < coffer_protected_table.count; i++)
		if (rva >= coffer_protected_table.range[i].rva &&
			rva - coffer_protected_table.range[i].rva <
			coffer_protected_table.range[i].size)
			return true;
	return false;
}

static bool key_is_right(const uint8_t *key)
{
	uint8_t text[sizeof(COFFER_PROTECTED_CHECK) - 1
		+ COFFER_PROTECTED_KEY_SIZE];
	uint8_t digest[32], difference = 0;
	bool good;

	memcpy(text, COFFER_PROTECTED_CHECK, sizeof(COFFER_PROTECTED_CHECK) - 1);
	memcpy(text + sizeof(COFFER_PROTECTED_CHECK) - 1, key,
		COFFER_PROTECTED_KEY_SIZE);
	good = crypto_sha256(text, sizeof(text), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		difference |= digest[i] ^ coffer_protected_table.key_check[i];
	memset(text, 0, sizeof(text));
	__asm__ volatile("" : : "r"(text) : "memory");
	return good && !difference;
}

static bool in_image(const struct coffer_protected_range *r)
{
	uint64_t size = core_heap_base() - core_image_base();

	return r->rva < size && r->size <= size - r->rva;
}

static bool decrypt(const uint8_t *key)
{
	struct coffer_protected_place place = {
		.label = COFFER_PROTECTED_LABEL,
		.count = coffer_protected_table.count };

	if (place.count > COFFER_PROTECTED_RANGES)
		return false;
	for (uint32_t i = 0; i < place.count; i++) {
		struct coffer_protected_range r =
			coffer_protected_table.range[i];
		uint8_t *at = core_image_base() + r.rva;

		if (!in_image(&r))
			return false;
		place.index = i;
		place.rva = r.rva;
		place.size = r.size;
		if (!crypto_gcm_open(key, COFFER_PROTECTED_KEY_SIZE, r.iv,
				&place, sizeof(place), at, r.size, at, r.tag))
			return false;
	}
	return true;
}

/* Were [from, end) linked unwritable?  Then the rights it had. */
static bool was_unwritable(uint64_t from, uint64_t end, uint64_t *rights)
{
	for (uint32_t i = 0; i < coffer_protected_table.count; i++) {
		struct coffer_protected_range r =
			coffer_protected_table.range[i];

		if (r.rva < from || r.rva >= end ||
			r.rights & COFFER_PROTECTED_W)
			continue;
		*rights = (r.rights & COFFER_PROTECTED_R ? SGX_SECINFO_R : 0)
			| (r.rights & COFFER_PROTECTED_X ? SGX_SECINFO_X : 0);
		return true;
	}
	return false;
}

/* The segments that protecting made writable are not any more. */
static bool restrict_segments(void)
{
	const uint64_t image = (uint64_t)core_image_base();
	const Elf64_Ehdr *elf = (const void *)image;
	const Elf64_Phdr *ph = (const void *)(image + elf->e_phoff);
	const uint64_t mask = SGX_PAGE_SIZE - 1;
	uint64_t rights;

	for (unsigned i = 0; i < elf->e_phnum; i++, ph++) {
		uint64_t from = ph->p_vaddr & ~mask;
		uint64_t end = (ph->p_vaddr + ph->p_memsz + mask) & ~mask;

		if (ph->p_type == PT_LOAD && ph->p_flags & PF_W &&
			was_unwritable(from, end, &rights) &&
			!core_restrict(image + from, end - from, rights))
			return false;
	}
	return true;
}

static oe_result_t unlock(const uint8_t *key)
{
	if (state == BROKEN || !key_is_right(key))
		return OE_VERIFY_FAILED;
	if (state == UNLOCKED)
		return OE_OK;
	if (!decrypt(key)) {
		state = BROKEN;
		return OE_VERIFY_FAILED;
	}
	core_relocate(true);
	state = UNLOCKED;
	return core_has_sgx2() && !restrict_segments() ? OE_FAILURE : OE_OK;
}

oe_result_t coffer_unlock_code(const uint8_t *key, size_t key_size)
{
	uint8_t copy[COFFER_PROTECTED_KEY_SIZE];
	oe_result_t result;

	if (!key || key_size != sizeof(copy))
		return OE_INVALID_PARAMETER;
	if (!coffer_protected_table.count)
		return OE_NOT_FOUND;
	memcpy(copy, key, sizeof(copy));
	core_spin_lock(&lock);
	result = unlock(copy);
	core_spin_unlock(&lock);
	memset(copy, 0, sizeof(copy));
	__asm__ volatile("" : : "r"(copy) : "memory");
	return result;
}
