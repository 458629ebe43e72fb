/* SPDX-License-Identifier: MIT */
/* SDM 3D: EREPORT */
/* EREPORT: the running enclave's identity and 64 bytes of its own, under a
 * key that the target enclave on this machine can get. */
#include "epcm.h"
#include "keys.h"
#include "outcome.h"
#include "secs.h"
#include "sigstruct.h"
#include "wipe.h"
#include <string.h>

static bool target_is_legal(const struct sgx_targetinfo *t)
{
	return !t->cet_attributes &&
		all_zero(t->reserved1, sizeof t->reserved1) &&
		all_zero(t->reserved2, sizeof t->reserved2) &&
		all_zero(t->reserved3, sizeof t->reserved3);
}

static void fill_body(const struct sgx_machine *m, const struct secs *s,
	struct sgx_report_body *body)
{
	memcpy(body->cpusvn, m->cpusvn, sizeof body->cpusvn);
	body->misc_select = s->misc_select;
	memcpy(body->isv_ext_prod_id, s->isv_ext_prod_id,
		sizeof body->isv_ext_prod_id);
	body->attributes = s->attributes;
	memcpy(body->mrenclave, s->mrenclave, sizeof body->mrenclave);
	memcpy(body->mrsigner, s->mrsigner, sizeof body->mrsigner);
	memcpy(body->config_id, s->config_id, sizeof body->config_id);
	body->isv_prod_id = s->isv_prod_id;
	body->isv_svn = s->isv_svn;
	body->config_svn = s->config_svn;
	memcpy(body->isv_family_id, s->isv_family_id,
		sizeof body->isv_family_id);
}

struct sgx_outcome sgx_ereport(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx, uint64_t rdx)
{
	struct sgx_targetinfo target;
	struct sgx_report report = { 0 };
	uint32_t epc, offset;
	struct sgx_outcome o;
	struct secs s;
	uint8_t key[16];
	int failed;

	if (!epcm_is_secs(m, secs))
		return outcome_machine();
	secs_load(m, secs, &s);

	o = epcm_operand(m, secs, &s, rbx, sizeof target, 512, false, &epc,
		&offset);
	if (!outcome_is_ok(&o))
		return o;
	m->memory->read(m->memory_ctx, epc, offset, &target, sizeof target);
	if (!target_is_legal(&target))
		return outcome_gp();
	o = epcm_operand(m, secs, &s, rcx, 64, 128, false, &epc, &offset);
	if (!outcome_is_ok(&o))
		return o;
	m->memory->read(m->memory_ctx, epc, offset, report.body.report_data,
		sizeof report.body.report_data);
	o = epcm_operand(m, secs, &s, rdx, sizeof report, 512, true, &epc,
		&offset);
	if (!outcome_is_ok(&o))
		return o;

	fill_body(m, &s, &report.body);
	memcpy(report.key_id, m->report_key_id, sizeof report.key_id);
	key_derive_report(m, &target, report.key_id, key);
	failed = m->crypto->aes128_cmac(key, &report.body, sizeof report.body,
		report.mac);
	wipe(key, sizeof key);
	if (failed)
		return outcome_machine();
	m->memory->write(m->memory_ctx, epc, offset, &report, sizeof report);
	return outcome_ok();
}
