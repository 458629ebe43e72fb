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

/* INIT and DEBUG separate keys whatever the mask says. */
#define ATTRIBUTES_ALWAYS (SGX_ATTR_INIT | SGX_ATTR_DEBUG)

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

/* The checks that end with a code in RAX. */
static struct sgx_outcome check_request(const struct sgx_machine *m,
	const struct sgx_keyrequest *r, const struct secs *s)
{
	uint64_t needed = attribute_needed(r->key_name);
	bool takes_config_svn = r->key_name == SGX_KEYNAME_SEAL ||
		r->key_name == SGX_KEYNAME_PROVISION_SEAL;

	if (r->key_name > SGX_KEYNAME_SEAL)
		return outcome_error(SGX_INVALID_KEYNAME);
	if (r->key_name == SGX_KEYNAME_REPORT)
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

/* What all keys but REPORT have in common. */
static void take_common(struct key_dependencies *d,
	const struct sgx_keyrequest *r, const struct secs *s)
{
	memcpy(d->cpusvn, r->cpusvn, sizeof d->cpusvn);
	d->isv_svn = r->isv_svn;
	d->isv_prod_id = s->isv_prod_id;
	d->attributes.flags = s->attributes.flags &
		(r->attributes_mask.flags | ATTRIBUTES_ALWAYS);
	d->attributes.xfrm = s->attributes.xfrm & r->attributes_mask.xfrm;
	d->misc_select = s->misc_select & r->misc_mask;
}

static void take_masks(struct key_dependencies *d,
	const struct sgx_keyrequest *r)
{
	d->attributes_mask = r->attributes_mask;
	d->misc_mask = ~r->misc_mask;
}

/* KEYPOLICY's choices, for the two keys that have them. */
static void take_policy(struct key_dependencies *d,
	const struct sgx_keyrequest *r, const struct secs *s)
{
	d->key_policy = r->key_policy;
	if (r->key_policy & SGX_KEYPOLICY_NOISVPRODID)
		d->isv_prod_id = 0;
	if (r->key_policy & SGX_KEYPOLICY_ISVFAMILYID)
		memcpy(d->isv_family_id, s->isv_family_id,
			sizeof d->isv_family_id);
	if (r->key_policy & SGX_KEYPOLICY_ISVEXTPRODID)
		memcpy(d->isv_ext_prod_id, s->isv_ext_prod_id,
			sizeof d->isv_ext_prod_id);
	if (r->key_policy & SGX_KEYPOLICY_CONFIGID) {
		memcpy(d->config_id, s->config_id, sizeof d->config_id);
		d->config_svn = r->config_svn;
	}
}

static void take_mrsigner(struct key_dependencies *d, const struct secs *s)
{
	memcpy(d->mrsigner, s->mrsigner, sizeof d->mrsigner);
}

static void derive_report(const struct sgx_machine *m,
	const struct sgx_keyrequest *r, const struct secs *s, uint8_t key[16])
{
	struct sgx_targetinfo self = { 0 };

	memcpy(self.mrenclave, s->mrenclave, sizeof self.mrenclave);
	self.attributes = s->attributes;
	self.misc_select = s->misc_select;
	self.config_svn = s->config_svn;
	memcpy(self.config_id, s->config_id, sizeof self.config_id);
	key_derive_report(m, &self, r->key_id, key);
}

/* Each name's row of the manual's table of dependencies. */
static void derive(const struct sgx_machine *m, const struct sgx_keyrequest *r,
	const struct secs *s, uint8_t key[16])
{
	struct key_dependencies d;

	if (r->key_name == SGX_KEYNAME_REPORT) {
		derive_report(m, r, s, key);
		return;
	}
	key_dependencies_init(&d, m, r->key_name);
	take_common(&d, r, s);
	switch (r->key_name) {
	case SGX_KEYNAME_EINITTOKEN:
		take_mrsigner(&d, s);
		memcpy(d.key_id, r->key_id, sizeof d.key_id);
		break;
	case SGX_KEYNAME_PROVISION:
		take_mrsigner(&d, s);
		take_masks(&d, r);
		break;
	case SGX_KEYNAME_PROVISION_SEAL:
		take_mrsigner(&d, s);
		take_masks(&d, r);
		take_policy(&d, r, s);
		break;
	default: /* SEAL */
		take_masks(&d, r);
		take_policy(&d, r, s);
		memcpy(d.key_id, r->key_id, sizeof d.key_id);
		if (r->key_policy & SGX_KEYPOLICY_MRENCLAVE)
			memcpy(d.mrenclave, s->mrenclave, sizeof d.mrenclave);
		if (r->key_policy & SGX_KEYPOLICY_MRSIGNER)
			take_mrsigner(&d, s);
		break;
	}
	key_derive(m, &d, key);
	wipe(&d, sizeof d);
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

	derive(m, &request, &s, key);
	m->memory->write(m->memory_ctx, key_epc, key_offset, key, sizeof key);
	wipe(key, sizeof key);
	return outcome_success();
}
