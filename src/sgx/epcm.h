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

/* Whose page is it: the SECS and the linear address, with nothing blocked? */
bool epcm_belongs(const struct sgx_epcm_entry *e, uint32_t secs,
	uint64_t address);

/* Every bit that SECINFO does not define is zero. */
bool secinfo_is_legal(const struct sgx_secinfo *secinfo);

static inline uint32_t secinfo_type(const struct sgx_secinfo *secinfo)
{
	return secinfo->flags >> SGX_SECINFO_PT_SHIFT & 0xff;
}

/* Writable without being readable: no page may be that. */
static inline bool secinfo_is_write_only(const struct sgx_secinfo *secinfo)
{
	return (secinfo->flags & (SGX_SECINFO_R | SGX_SECINFO_W)) ==
		SGX_SECINFO_W;
}

/* Make a free entry a valid one. */
void epcm_set(struct sgx_epcm_entry *e, uint32_t secs, uint64_t linaddr,
	enum sgx_page_type type, uint8_t rwx);

/* EPC index behind a linear address in the address space of enclave secs, or
 * SGX_TRANSLATE_*; addresses outside ELRANGE are NOT_EPC without asking. */
int64_t epcm_translate(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t linaddr, bool write);

/* The steps of epcm_operand, for leaves that take them apart.  range: the
 * #GP; find: in the EPC, or #PF; owned: else #PF.  epc and address as they
 * were found. */
struct sgx_outcome epcm_range(const struct secs *s, uint64_t address,
	uint32_t size, uint32_t align);
struct sgx_outcome epcm_find_linear(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, bool write, uint32_t *epc);
struct sgx_outcome epcm_owned(const struct sgx_machine *m, uint32_t secs,
	uint32_t epc, uint64_t address, bool write);

/* A SECINFO that an enclave hands in at address, which is ready: a copy in
 * *secinfo, or #GP for reserved bits. */
struct sgx_outcome epcm_read_secinfo(struct sgx_machine *m, uint32_t epc,
	uint64_t address, struct sgx_secinfo *secinfo);

/* A memory operand of an ENCLU leaf: size bytes at address, aligned, wholly
 * in ELRANGE (else #GP), on a page that the enclave may read, or write (else
 * #PF).  No operand crosses a page, as size <= align and align divides 4096.
 * *epc and *offset say where it lies. */
struct sgx_outcome epcm_operand(struct sgx_machine *m, uint32_t secs,
	const struct secs *s, uint64_t address, uint32_t size, uint32_t align,
	bool write, uint32_t *epc, uint32_t *offset);

#endif
