/* SPDX-License-Identifier: MIT */
/*
 * Tracking: has every logical processor that might still use what a page's
 * translation was left the enclave since?
 *
 * A SECS counts epochs; ETRACK begins one.  Whoever enters does so in the
 * current epoch.  EBLOCK, EMODPR and EMODT write the current epoch into the
 * page's EPCM entry.  The page is tracked when the enclave is in a later
 * epoch and nobody is inside who entered in the page's or in an earlier one.
 * Epoch 0 in an entry: no translation ever has to be waited for.
 */
#ifndef COFFER_SGX_TRACK_H
#define COFFER_SGX_TRACK_H

#include "model.h"

#define TRACK_EPOCH_FIRST 1u

/* Write the owner's epoch, current, into a child's entry. */
static inline void track_mark(struct sgx_epcm_entry *e, uint64_t current)
{
	e->epoch = current;
}

/* Is this page, child of a SECS whose epoch is current, tracked? */
bool track_is_done(struct sgx_machine *m, const struct sgx_epcm_entry *e,
	uint64_t current);

/* Begin a new epoch of the SECS at epc: RAX is 0, or
 * SGX_PREV_TRK_INCMPL while somebody is inside from before the last one. */
struct sgx_outcome track_begin(struct sgx_machine *m, uint32_t epc);

#endif
