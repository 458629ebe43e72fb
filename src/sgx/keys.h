/* SPDX-License-Identifier: MIT */
/*
 * Key derivation.  The manual fixes what a key depends on, not how: here it
 * is HMAC-SHA256 under the fuses' root over struct key_dependencies, cut to
 * 128 bits.  Changing the struct changes every key that was ever sealed.
 */
#ifndef COFFER_SGX_KEYS_H
#define COFFER_SGX_KEYS_H

#include "model.h"
#include "secs.h"

/* All inputs, at fixed places; what a key does not depend on is zero. */
struct key_dependencies {
	uint8_t label[8]; /* "COFKEY01" */
	uint16_t key_name, key_policy;
	uint16_t isv_prod_id, isv_svn, config_svn;
	uint8_t cet_attributes, cet_attributes_mask; /* zero: no CET */
	uint32_t misc_select, misc_mask;
	uint8_t zero[4];
	uint8_t owner_epoch[16];
	uint8_t seal_fuses[16];
	uint8_t cpusvn[16];
	struct sgx_attributes attributes, attributes_mask;
	uint8_t isv_family_id[16];
	uint8_t isv_ext_prod_id[16];
	uint8_t mrenclave[32];
	uint8_t mrsigner[32];
	uint8_t key_id[32];
	uint8_t config_id[64];
	uint8_t padding[352];
};
_Static_assert(sizeof(struct key_dependencies) == 656, "no holes");

/* All zero but label, name and padding; with the secrets of this machine
 * that the name calls for. */
void key_dependencies_init(struct key_dependencies *d,
	const struct sgx_machine *m, enum sgx_keyname name);

void key_derive(const struct sgx_machine *m, const struct key_dependencies *d,
	uint8_t key[16]);

/* The REPORT key of the enclave that *target describes (its reserved and CET
 * fields do not count), for reports with this KEYID on this machine. */
void key_derive_report(const struct sgx_machine *m,
	const struct sgx_targetinfo *target, const uint8_t key_id[32],
	uint8_t key[16]);

/* What EGETKEY gives for this request, its checks passed, to an initialised
 * enclave of this SECS: of the machine, only fuses, CPUSVN (for REPORT) and
 * crypto are looked at. */
void key_derive_request(const struct sgx_machine *m,
	const struct sgx_keyrequest *request, const struct secs *s,
	uint8_t key[16]);

/* The key that the launch enclave used for this token. */
void key_derive_einittoken(const struct sgx_machine *m,
	const struct sgx_einittoken *token, uint8_t key[16]);

/* Is every component of this CPUSVN at most the machine's? */
bool cpusvn_is_reached(const struct sgx_machine *m, const uint8_t cpusvn[16]);

#endif
