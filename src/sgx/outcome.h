/* SPDX-License-Identifier: MIT */
/* Making the values that leaves return. */
#ifndef COFFER_SGX_OUTCOME_H
#define COFFER_SGX_OUTCOME_H

#include "model.h"

/* Success of a leaf that writes neither RAX nor flags. */
struct sgx_outcome outcome_ok(void);

/* Success of a leaf that returns a code: RAX = 0, status flags cleared. */
struct sgx_outcome outcome_success(void);

/* ZF = 1, RAX = error. */
struct sgx_outcome outcome_error(enum sgx_error error);

/* CF = 1, RAX = error: nothing was done, and nothing is wrong. */
struct sgx_outcome outcome_notice(enum sgx_error error);

/* #GP(0). */
struct sgx_outcome outcome_gp(void);

/* #PF at an EPC operand of ENCLS, which runs as supervisor. */
struct sgx_outcome outcome_pf_encls(uint64_t address);

/* #PF of user code: by the EPC map (bit 15 of the error code), or by the
 * page tables (no bit 15, page not present). */
struct sgx_outcome outcome_pf_epcm(uint64_t address, bool write);
struct sgx_outcome outcome_pf_paging(uint64_t address, bool write);

/* The machine itself failed. */
struct sgx_outcome outcome_machine(void);

static inline bool outcome_is_ok(const struct sgx_outcome *o)
{
	return o->kind == SGX_OUTCOME_OK;
}

#endif
