/* SPDX-License-Identifier: MIT */
/* SDM 3D: EINIT */
/* EINIT: the measurement is closed, compared with what the signer signed,
 * and the enclave may be entered. */
#include "epcm.h"
#include "keys.h"
#include "outcome.h"
#include "secs.h"
#include "sigstruct.h"
#include "wipe.h"
#include <string.h>

#define TOKEN_VALID 1u
#define TOKEN_MACED 192u

static bool attributes_match(struct sgx_attributes a, struct sgx_attributes b,
	struct sgx_attributes mask)
{
	return !((a.flags ^ b.flags) & mask.flags) &&
		!((a.xfrm ^ b.xfrm) & mask.xfrm);
}

static bool token_reserved_is_zero(const struct sgx_einittoken *t)
{
	return !(t->valid & ~TOKEN_VALID) && !t->cet_masked_attributes_le &&
		all_zero(t->reserved1, sizeof t->reserved1) &&
		all_zero(t->reserved2, sizeof t->reserved2) &&
		all_zero(t->reserved3, sizeof t->reserved3) &&
		all_zero(t->reserved4, sizeof t->reserved4);
}

/* In constant time, as the caller may try again and again. */
static bool same_mac(const uint8_t a[16], const uint8_t b[16])
{
	uint8_t difference = 0;

	for (int i = 0; i < 16; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

/* Launch control with a token from the launch enclave. */
static struct sgx_outcome check_token(const struct sgx_machine *m,
	const struct sgx_einittoken *t, const struct secs *s,
	const uint8_t mrenclave[32], const uint8_t mrsigner[32])
{
	uint8_t key[16], mac[16];
	int failed;

	if (t->masked_attributes_le.flags & SGX_ATTR_DEBUG &&
	    !(s->attributes.flags & SGX_ATTR_DEBUG))
		return outcome_error(SGX_INVALID_EINITTOKEN);
	if (!token_reserved_is_zero(t))
		return outcome_error(SGX_INVALID_EINITTOKEN);
	if (!cpusvn_is_reached(m, t->cpusvn_le))
		return outcome_error(SGX_INVALID_CPUSVN);
	key_derive_einittoken(m, t, key);
	failed = m->crypto->aes128_cmac(key, t, TOKEN_MACED, mac);
	wipe(key, sizeof key);
	if (failed)
		return outcome_machine();
	if (!same_mac(mac, t->mac)) {
		wipe(mac, sizeof mac);
		return outcome_error(SGX_INVALID_EINITTOKEN);
	}
	if (memcmp(t->mrenclave, mrenclave, 32) ||
	    memcmp(t->mrsigner, mrsigner, 32))
		return outcome_error(SGX_INVALID_MEASUREMENT);
	if (t->attributes.flags != s->attributes.flags ||
	    t->attributes.xfrm != s->attributes.xfrm)
		return outcome_error(SGX_INVALID_ATTRIBUTE);
	return outcome_success();
}

/* Everything that depends on the enclave; *s is complete on success. */
static struct sgx_outcome check_enclave(const struct sgx_machine *m,
	const struct sgx_sigstruct *sig, const struct sgx_einittoken *t,
	struct secs *s)
{
	struct sgx_outcome o = outcome_success();
	bool is_launch_signer;

	if (!(s->attributes.flags & SGX_ATTR_KSS) &&
	    (!all_zero(sig->isv_family_id, sizeof sig->isv_family_id) ||
	     !all_zero(sig->isv_ext_prod_id, sizeof sig->isv_ext_prod_id)))
		return outcome_error(SGX_INVALID_SIG_STRUCT);
	sgx_measure_final(&s->measure, &m->crypto->sha256, s->mrenclave);
	if (memcmp(s->mrenclave, sig->enclave_hash, 32))
		return outcome_error(SGX_INVALID_MEASUREMENT);
	sigstruct_signer_hash(m->crypto, sig, s->mrsigner);
	is_launch_signer = !memcmp(s->mrsigner, m->lepubkeyhash, 32);
	if (s->attributes.flags & SGX_ATTR_EINITTOKENKEY && !is_launch_signer)
		return outcome_error(SGX_INVALID_ATTRIBUTE);
	if (!attributes_match(s->attributes, sig->attributes,
	    sig->attributes_mask))
		return outcome_error(SGX_INVALID_ATTRIBUTE);
	if ((s->misc_select ^ sig->misc_select) & sig->misc_mask)
		return outcome_error(SGX_INVALID_ATTRIBUTE);
	if (t->valid & TOKEN_VALID)
		o = check_token(m, t, s, s->mrenclave, s->mrsigner);
	else if (!is_launch_signer)
		o = outcome_error(SGX_INVALID_EINITTOKEN);
	return o;
}

struct sgx_outcome sgx_einit(struct sgx_machine *m, uint64_t rbx, uint64_t rcx,
	uint64_t rdx, const struct sgx_sigstruct *sigstruct,
	const struct sgx_einittoken *token, bool event_pending)
{
	struct sgx_sigstruct sig;
	struct sgx_einittoken t;
	struct sgx_outcome o;
	struct secs s;
	uint32_t epc;

	if (rbx % SGX_PAGE_SIZE || rcx % SGX_PAGE_SIZE || rdx % 512)
		return outcome_gp();
	if (!epcm_find(m, rcx, &epc))
		return outcome_pf_encls(rcx);
	sig = *sigstruct;
	t = *token;
	__asm__ volatile("" : : "r"(&sig), "r"(&t) : "memory");

	if (!sigstruct_is_well_formed(&sig))
		return outcome_error(SGX_INVALID_SIG_STRUCT);
	if (event_pending)
		return outcome_error(SGX_UNMASKED_EVENT);
	if (!sigstruct_is_signed(m->crypto, &sig))
		return outcome_error(SGX_INVALID_SIGNATURE);
	if (!epcm_is_secs(m, epc))
		return outcome_pf_encls(rcx);
	secs_load(m, epc, &s);
	if (secs_is_initialised(&s))
		return outcome_gp();
	o = check_enclave(m, &sig, &t, &s);
	if (!outcome_is_ok(&o))
		return o;

	s.isv_prod_id = sig.isv_prod_id;
	s.isv_svn = sig.isv_svn;
	memcpy(s.isv_ext_prod_id, sig.isv_ext_prod_id,
		sizeof s.isv_ext_prod_id);
	memcpy(s.isv_family_id, sig.isv_family_id, sizeof s.isv_family_id);
	s.attributes.flags |= SGX_ATTR_INIT;
	secs_store(m, epc, &s);
	return o;
}
