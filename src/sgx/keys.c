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

bool cpusvn_is_reached(const struct sgx_machine *m, const uint8_t cpusvn[16])
{
	for (size_t i = 0; i < sizeof m->cpusvn; i++)
		if (cpusvn[i] > m->cpusvn[i])
			return false;
	return true;
}
