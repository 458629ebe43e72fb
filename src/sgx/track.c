/* SPDX-License-Identifier: MIT */
/* SDM 3D: Tracking */
#include "track.h"
#include "outcome.h"
#include "secs.h"

bool track_is_done(struct sgx_machine *m, const struct sgx_epcm_entry *e,
	uint64_t current)
{
	if (e->epoch < TRACK_EPOCH_FIRST)
		return true;
	return e->epoch < current && !m->memory->threads_in_epoch(
		m->memory_ctx, e->secs, e->epoch);
}

struct sgx_outcome track_begin(struct sgx_machine *m, uint32_t epc)
{
	struct secs_account a;

	secs_account_load(m, epc, &a);
	if (m->memory->threads_in_epoch(m->memory_ctx, epc, a.epoch - 1))
		return outcome_error(SGX_PREV_TRK_INCMPL);
	a.epoch++;
	secs_account_store(m, epc, &a);
	m->memory->track(m->memory_ctx, epc, a.epoch);
	return outcome_success();
}
