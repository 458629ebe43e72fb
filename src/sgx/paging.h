/* SPDX-License-Identifier: MIT */
/*
 * How a page looks outside the EPC: AES-128-GCM under the machine's paging
 * key, with the page's version as IV and struct mac_header beside it.  Only
 * who holds the version, that is a VA slot, can bring it back, and only once.
 */
#ifndef COFFER_SGX_PAGING_H
#define COFFER_SGX_PAGING_H

#include "model.h"

/* Versions count up from here.  0 is an empty slot, and EDBGRD does not look
 * at the lowest three bits of one. */
#define VERSION_FIRST 8u

/* What is authenticated with the 4096 bytes and never written anywhere: EWB
 * makes it from EPCM and SECS, ELD* from what software hands in and from the
 * SECS that it names.  The manual has the fields; their order is ours. */
struct mac_header {
	uint64_t eid; /* the owner's; 0 for a SECS or VA page */
	uint64_t linaddr; /* 0 for a SECS or VA page */
	struct sgx_secinfo secinfo; /* R, W, X, PENDING, MODIFIED, PR, type */
	uint8_t reserved[40]; /* PCMD's: zero when the page went out */
	uint8_t zero[8];
};
_Static_assert(sizeof(struct mac_header) == 128, "MACHEADER layout");

/* The page's state as SECINFO.FLAGS has it; BLOCKED is not part of that. */
uint64_t paging_secinfo_flags(const struct sgx_epcm_entry *e);

/* The other way: EPCM flags (with VALID) from SECINFO.FLAGS. */
uint8_t paging_epcm_flags(uint64_t secinfo_flags);

/* The 4096 bytes of page, private memory, are encrypted or decrypted where
 * they are.  seal: 0 or -1.  open: 0, 1 for a page that is not what went out,
 * -1.  Unless 0, page is wiped. */
int paging_seal(const struct sgx_machine *m, uint64_t version,
	const struct mac_header *header, void *page, uint8_t mac[16]);
int paging_open(const struct sgx_machine *m, uint64_t version,
	const struct mac_header *header, void *page, const uint8_t mac[16]);

/* The VA slot at an EPC operand that is 8-aligned and in the EPC.  find:
 * false if the page is no valid VA page. */
struct va_slot {
	uint32_t epc, offset;
};
bool va_slot_find(const struct sgx_machine *m, uint64_t address,
	struct va_slot *slot);
uint64_t va_slot_read(const struct sgx_machine *m, const struct va_slot *slot);
void va_slot_write(const struct sgx_machine *m, const struct va_slot *slot,
	uint64_t version);

#endif
