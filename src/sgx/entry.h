/* SPDX-License-Identifier: MIT */
/* What EENTER and ERESUME have in common. */
#ifndef COFFER_SGX_ENTRY_H
#define COFFER_SGX_ENTRY_H

#include "model.h"
#include "secs.h"

/* TCS.STATE, which software cannot see. */
#define TCS_INACTIVE 0u
#define TCS_ACTIVE 1u

/* The architectural fields of a TCS, without the rest of its page. */
struct tcs_head {
	uint64_t state, flags, ossa;
	uint32_t cssa, nssa;
	uint64_t oentry, aep, ofsbase, ogsbase;
	uint32_t fslimit, gslimit;
};
_Static_assert(sizeof(struct tcs_head) == 72, "TCS layout");

/* FLAGS that this machine defines. */
uint64_t tcs_flags_defined(const struct sgx_machine *m);

/* Every reserved bit is zero, and in a 32-bit enclave the limits end in FFFh:
 * what EADD and EACCEPT want of a TCS. */
bool tcs_is_legal(const struct sgx_machine *m, const struct sgx_tcs *tcs,
	const struct secs *s);

/* A TCS and its enclave, as an entry finds them. */
struct entry {
	uint32_t secs, tcs; /* EPC indexes */
	struct secs s;
	struct tcs_head t;
	bool opt_in;
	/* The frame that was checked last. */
	uint32_t frame_count, frame[SGX_FRAME_PAGES_MAX], gpr_page;
};

/* Is this a TCS with AEX-Notify? */
static inline bool entry_wants_notice(const struct entry *e)
{
	return e->t.flags & SGX_TCS_AEXNOTIFY;
}

/* Find the TCS at linear address rbx and check it, the exit address aep, its
 * SECS and the processor's mode (xcr0). */
struct sgx_outcome entry_find(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t aep, uint64_t xcr0, struct entry *e);

/* Check that frame cssa can be used, and remember its pages in *e. */
struct sgx_outcome entry_check_frame(struct sgx_machine *m, uint32_t secs,
	uint32_t cssa, struct entry *e);

/* The last checks of EENTER before the TCS is taken. */
struct sgx_outcome entry_check_target(const struct entry *e);

/* GPRSGX of the frame that was checked last. */
void entry_read_gpr(struct sgx_machine *m, const struct entry *e,
	struct sgx_gprsgx *gpr);
void entry_write_gpr(struct sgx_machine *m, uint32_t gpr_page,
	const struct sgx_gprsgx *gpr);

/* AEX will use the frame that was checked last. */
void entry_take_frame(const struct entry *e, struct sgx_lp *lp);

/* What EENTER does, and ERESUME that notifies: enter at OENTRY on the frame
 * that was checked last, which is that of CSSA. */
void entry_enter(struct sgx_machine *m, const struct entry *e,
	struct sgx_lp *lp);

/* The TCS becomes active with this CSSA, the processor is inside. */
void entry_commit(struct sgx_machine *m, const struct entry *e,
	struct sgx_lp *lp, uint32_t cssa);

/* Write the TCS's fields back. */
void tcs_store(struct sgx_machine *m, uint32_t tcs, const struct tcs_head *t);
void tcs_load(struct sgx_machine *m, uint32_t tcs, struct tcs_head *t);

/* The processor is outside again: bases, XCR0 and TF as at entry. */
void entry_undo(struct sgx_lp *lp);

#endif
