/* SPDX-License-Identifier: MIT */
/* SDM 3D: Eviction, VA page */
#include "paging.h"
#include "epcm.h"
#include "wipe.h"
#include <string.h>

#define IV_SIZE 12u

/* EPCM keeps the three bits one place below SECINFO. */
#define STATE_BITS (SGX_EPCM_PENDING | SGX_EPCM_MODIFIED | SGX_EPCM_PR)
_Static_assert(SGX_SECINFO_PENDING == SGX_EPCM_PENDING << 1 &&
	SGX_SECINFO_MODIFIED == SGX_EPCM_MODIFIED << 1 &&
	SGX_SECINFO_PR == SGX_EPCM_PR << 1, "state bits");

uint64_t paging_secinfo_flags(const struct sgx_epcm_entry *e)
{
	return (uint64_t)e->type << SGX_SECINFO_PT_SHIFT | e->rwx |
		(uint64_t)(e->flags & STATE_BITS) << 1;
}

uint8_t paging_epcm_flags(uint64_t secinfo_flags)
{
	return (uint8_t)(SGX_EPCM_VALID | (secinfo_flags >> 1 & STATE_BITS));
}

/* The version in the upper 64 of 96 bits. */
static void make_iv(uint64_t version, uint8_t iv[IV_SIZE])
{
	memset(iv, 0, IV_SIZE - sizeof version);
	memcpy(iv + IV_SIZE - sizeof version, &version, sizeof version);
}

int paging_seal(const struct sgx_machine *m, uint64_t version,
	const struct mac_header *header, void *page, uint8_t mac[16])
{
	uint8_t iv[IV_SIZE];
	int result;

	make_iv(version, iv);
	result = m->crypto->aes128_gcm_seal(m->paging_key, iv, header,
		sizeof *header, page, SGX_PAGE_SIZE, page, mac);
	if (result)
		wipe(page, SGX_PAGE_SIZE);
	return result;
}

int paging_open(const struct sgx_machine *m, uint64_t version,
	const struct mac_header *header, void *page, const uint8_t mac[16])
{
	uint8_t iv[IV_SIZE];
	int result;

	make_iv(version, iv);
	result = m->crypto->aes128_gcm_open(m->paging_key, iv, header,
		sizeof *header, page, SGX_PAGE_SIZE, page, mac);
	if (result)
		wipe(page, SGX_PAGE_SIZE);
	return result;
}

bool va_slot_find(const struct sgx_machine *m, uint64_t address,
	struct va_slot *slot)
{
	slot->epc = (uint32_t)(address >> SGX_PAGE_SHIFT);
	slot->offset = address % SGX_PAGE_SIZE;
	return epcm_is_valid(&m->epcm[slot->epc]) &&
		m->epcm[slot->epc].type == SGX_PT_VA;
}

uint64_t va_slot_read(const struct sgx_machine *m, const struct va_slot *slot)
{
	uint64_t version;

	m->memory->read(m->memory_ctx, slot->epc, slot->offset, &version,
		sizeof version);
	return version;
}

void va_slot_write(const struct sgx_machine *m, const struct va_slot *slot,
	uint64_t version)
{
	m->memory->write(m->memory_ctx, slot->epc, slot->offset, &version,
		sizeof version);
}
