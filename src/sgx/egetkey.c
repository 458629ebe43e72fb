/* SPDX-License-Identifier: MIT */
/* SDM 3D: EGETKEY, Keys */
/* EGETKEY: a key that only enclaves of the right identity get, and only on
 * this machine. */
#include "epcm.h"
#include "keys.h"
#include "outcome.h"
#include "secs.h"
#include "sigstruct.h"
#include "wipe.h"
#include <string.h>

#define POLICY_KSS (SGX_KEYPOLICY_NOISVPRODID | SGX_KEYPOLICY_CONFIGID | \
	SGX_KEYPOLICY_ISVFAMILYID | SGX_KEYPOLICY_ISVEXTPRODID)
#define POLICY_DEFINED (SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER | \
	POLICY_KSS)

static bool request_is_legal(const struct sgx_keyrequest *r,
	const struct secs *s)
{
	if (r->reserved1 || r->cet_attributes_mask ||
	    !all_zero(r->reserved2, sizeof r->reserved2) ||
	    r->key_policy & ~POLICY_DEFINED)
		return false;
	if (s->attributes.flags & SGX_ATTR_KSS)
		return true;
	return !(r->key_policy & POLICY_KSS) && !r->config_svn;
}

static uint64_t attribute_needed(uint16_t key_name)
{
	switch (key_name) {
	case SGX_KEYNAME_EINITTOKEN:
		return SGX_ATTR_EINITTOKENKEY;
	case SGX_KEYNAME_PROVISION:
	case SGX_KEYNAME_PROVISION_SEAL:
		return SGX_ATTR_PROVISIONKEY;
	default:
		return 0;
	}
}

/* Coffer's own: there is one only where the machine was manufactured. */
static bool is_ca_root(const struct sgx_machine *m,
	const struct sgx_keyrequest *r)
{
	return r->key_name == COFFER_KEYNAME_ROOT &&
		!all_zero(m->fuses.ca_root_hash,
			sizeof m->fuses.ca_root_hash);
}

/* The checks that end with a code in RAX. */
static struct sgx_outcome check_request(const struct sgx_machine *m,
	const struct sgx_keyrequest *r, const struct secs *s)
{
	uint64_t needed = attribute_needed(r->key_name);
	bool takes_config_svn = r->key_name == SGX_KEYNAME_SEAL ||
		r->key_name == SGX_KEYNAME_PROVISION_SEAL;

	if (r->key_name > SGX_KEYNAME_SEAL && !is_ca_root(m, r))
		return outcome_error(SGX_INVALID_KEYNAME);
	if (r->key_name == SGX_KEYNAME_REPORT || is_ca_root(m, r))
		return outcome_success();
	if ((s->attributes.flags & needed) != needed)
		return outcome_error(SGX_INVALID_ATTRIBUTE);
	if (!cpusvn_is_reached(m, r->cpusvn))
		return outcome_error(SGX_INVALID_CPUSVN);
	if (r->isv_svn > s->isv_svn)
		return outcome_error(SGX_INVALID_ISVSVN);
	if (takes_config_svn && r->config_svn > s->config_svn)
		return outcome_error(SGX_INVALID_ISVSVN);
	return outcome_success();
}

struct sgx_outcome sgx_egetkey(struct sgx_machine *m, uint32_t secs,
	uint64_t rbx, uint64_t rcx)
{
	struct sgx_keyrequest request;
	uint32_t epc, offset, key_epc, key_offset;
	struct sgx_outcome o;
	struct secs s;
	uint8_t key[16];

	if (!epcm_is_secs(m, secs))
		return outcome_machine();
	secs_load(m, secs, &s);

	o = epcm_operand(m, secs, &s, rbx, sizeof request, 512, false, &epc,
		&offset);
	if (!outcome_is_ok(&o))
		return o;
	o = epcm_operand(m, secs, &s, rcx, sizeof key, 16, true, &key_epc,
		&key_offset);
	if (!outcome_is_ok(&o))
		return o;
	m->memory->read(m->memory_ctx, epc, offset, &request, sizeof request);
	if (!request_is_legal(&request, &s))
		return outcome_gp();
	o = check_request(m, &request, &s);
	if (!outcome_is_ok(&o))
		return o;

	key_derive_request(m, &request, &s, key);
	m->memory->write(m->memory_ctx, key_epc, key_offset, key, sizeof key);
	wipe(key, sizeof key);
	return outcome_success();
}
