/* SPDX-License-Identifier: MIT */
/* SDM 3D: SECS */
#include "secs.h"
#include "epcm.h"
#include <string.h>

void secs_load(struct sgx_machine *m, uint32_t epc, struct secs *s)
{
	m->memory->read(m->memory_ctx, epc, 0, s, sizeof *s);
}

void secs_store(struct sgx_machine *m, uint32_t epc, const struct secs *s)
{
	m->memory->write(m->memory_ctx, epc, 0, s, sizeof *s);
}

void secs_account_load(struct sgx_machine *m, uint32_t epc,
	struct secs_account *a)
{
	m->memory->read(m->memory_ctx, epc, offsetof(struct secs, eid), a,
		sizeof *a);
}

void secs_account_store(struct sgx_machine *m, uint32_t epc,
	const struct secs_account *a)
{
	m->memory->write(m->memory_ctx, epc, offsetof(struct secs, eid), a,
		sizeof *a);
}

int sgx_secs_read(struct sgx_machine *m, uint32_t epc, struct sgx_secs *secs)
{
	struct secs s;

	if (!epcm_is_secs(m, epc))
		return -1;
	secs_load(m, epc, &s);
	memset(secs, 0, sizeof *secs);
	memcpy(secs, &s, SECS_ARCHITECTURAL);
	return 0;
}
