/* SPDX-License-Identifier: MIT */
/* SDM 3D: Keys */
#include "keys.h"
#include "wipe.h"
#include <string.h>

#define HMAC_BLOCK 64u

/* The decoded signature's PKCS#1 padding, the same for every enclave whose
 * signature EINIT accepted: 00 01, 330 times FF, 00, DigestInfo. */
static void put_padding(uint8_t padding[352])
{
	static const uint8_t digest_info[19] = {
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20
	};

	memset(padding, 0xff, 352);
	padding[0] = 0;
	padding[1] = 1;
	padding[332] = 0;
	memcpy(padding + 333, digest_info, sizeof digest_info);
}

void key_dependencies_init(struct key_dependencies *d,
	const struct sgx_machine *m, enum sgx_keyname name)
{
	memset(d, 0, sizeof *d);
	memcpy(d->label, "COFKEY01", sizeof d->label);
	d->key_name = (uint16_t)name;
	put_padding(d->padding);
	if (name != SGX_KEYNAME_PROVISION)
		memcpy(d->seal_fuses, m->fuses.seal, sizeof d->seal_fuses);
	if (name != SGX_KEYNAME_PROVISION && name != SGX_KEYNAME_PROVISION_SEAL)
		memcpy(d->owner_epoch, m->fuses.owner_epoch,
			sizeof d->owner_epoch);
}

static void hmac_pass(const struct sgx_machine *m, uint8_t mask,
	const void *data, size_t size, uint8_t digest[32])
{
	const struct sgx_sha256_ops *sha256 = &m->crypto->sha256;
	struct sgx_sha256 context;
	uint8_t block[HMAC_BLOCK];

	memset(block, mask, sizeof block);
	for (size_t i = 0; i < sizeof m->fuses.root; i++)
		block[i] ^= m->fuses.root[i];
	sha256->init(&context);
	sha256->update(&context, block, sizeof block);
	sha256->update(&context, data, size);
	sha256->final(&context, digest);
	wipe(block, sizeof block);
	wipe(&context, sizeof context);
}

void key_derive(const struct sgx_machine *m, const struct key_dependencies *d,
	uint8_t key[16])
{
	uint8_t inner[32], outer[32];

	hmac_pass(m, 0x36, d, sizeof *d, inner);
	hmac_pass(m, 0x5c, inner, sizeof inner, outer);
	memcpy(key, outer, 16);
	wipe(inner, sizeof inner);
	wipe(outer, sizeof outer);
}

void key_derive_report(const struct sgx_machine *m,
	const struct sgx_targetinfo *target, const uint8_t key_id[32],
	uint8_t key[16])
{
	struct key_dependencies d;

	key_dependencies_init(&d, m, SGX_KEYNAME_REPORT);
	memcpy(d.cpusvn, m->cpusvn, sizeof d.cpusvn);
	memcpy(d.mrenclave, target->mrenclave, sizeof d.mrenclave);
	d.attributes = target->attributes;
	d.misc_select = target->misc_select;
	memcpy(d.key_id, key_id, sizeof d.key_id);
	memcpy(d.config_id, target->config_id, sizeof d.config_id);
	d.config_svn = target->config_svn;
	key_derive(m, &d, key);
	wipe(&d, sizeof d);
}

void key_derive_einittoken(const struct sgx_machine *m,
	const struct sgx_einittoken *token, uint8_t key[16])
{
	struct key_dependencies d;

	key_dependencies_init(&d, m, SGX_KEYNAME_EINITTOKEN);
	memcpy(d.cpusvn, token->cpusvn_le, sizeof d.cpusvn);
	d.isv_svn = token->isv_svn_le;
	d.isv_prod_id = token->isv_prod_id_le;
	memcpy(d.mrsigner, m->lepubkeyhash, sizeof d.mrsigner);
	d.attributes = token->masked_attributes_le;
	d.misc_select = token->masked_misc_select_le;
	memcpy(d.key_id, token->key_id, sizeof d.key_id);
	key_derive(m, &d, key);
	wipe(&d, sizeof d);
}

/* INIT and DEBUG separate keys whatever the mask says. */
#define ATTRIBUTES_ALWAYS (SGX_ATTR_INIT | SGX_ATTR_DEBUG)

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
void key_derive_request(const struct sgx_machine *m,
	const struct sgx_keyrequest *r, const struct secs *s, uint8_t key[16])
{
	struct key_dependencies d;

	if (r->key_name == SGX_KEYNAME_REPORT) {
		derive_report(m, r, s, key);
		return;
	}
	if (r->key_name == COFFER_KEYNAME_ROOT) {
		memcpy(key, m->fuses.ca_root_hash, 16);
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

bool cpusvn_is_reached(const struct sgx_machine *m, const uint8_t cpusvn[16])
{
	for (size_t i = 0; i < sizeof m->cpusvn; i++)
		if (cpusvn[i] > m->cpusvn[i])
			return false;
	return true;
}
