/* SPDX-License-Identifier: MIT */
/* Looking things up in the EPC map. */
#ifndef COFFER_SGX_EPCM_H
#define COFFER_SGX_EPCM_H

#include "model.h"
#include "secs.h"

/* EPC index of an ENCLS operand (any offset in the page).  False: the
 * address is not in the EPC. */
bool epcm_find(const struct sgx_machine *m, uint64_t address, uint32_t *epc);

static inline bool epcm_is_valid(const struct sgx_epcm_entry *e)
{
	return e->flags & SGX_EPCM_VALID;
}

/* A valid entry: is the page part of an enclave, and no SECS? */
static inline bool epcm_is_child(const struct sgx_epcm_entry *e)
{
	return e->type == SGX_PT_REG || e->type == SGX_PT_TCS ||
		e->type == SGX_PT_TRIM;
}

/* Is there a valid SECS at this index (which may be out of range)? */
bool epcm_is_secs(const struct sgx_machine *m, uint32_t epc);

/* Make a free entry a valid one. */
void epcm_set(struct sgx_epcm_entry *e, uint32_t secs, uint64_t linaddr,
	enum sgx_page_type type, uint8_t rwx);

/* EPC index behind a linear address in the address space of enclave secs, or
 * SGX_TRANSLATE_*; addresses outside ELRANGE are NOT_EPC without asking. */
int64_t epcm_translate(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t linaddr, bool write);

/* A memory operand of an ENCLU leaf: size bytes at address, aligned, wholly
 * in ELRANGE (else #GP), on a page that the enclave may read, or write (else
 * #PF).  No operand crosses a page, as size <= align and align divides 4096.
 * *epc and *offset say where it lies. */
struct sgx_outcome epcm_operand(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, uint32_t size, uint32_t align,
	bool write, uint32_t *epc, uint32_t *offset);

#endif
