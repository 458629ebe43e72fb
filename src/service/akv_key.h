/* SPDX-License-Identifier: MIT */
/*
 * Key material of the key service: RSA, EC and symmetric ("oct") keys, made,
 * imported, written down and read back.  "-HSM" behind a type changes
 * nothing about how Coffer keeps a key: there is no hardware here, the type
 * is kept because clients and Azure's rules for release ask for it.
 */
#ifndef COFFER_SERVICE_AKV_KEY_H
#define COFFER_SERVICE_AKV_KEY_H

#include "common/why.h"
#include <jansson.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AKV_OCT_MAX 64u /* bytes of a symmetric key */
#define AKV_MATERIAL_MAX 8192u /* bytes written down */

enum akv_kind {
	AKV_RSA,
	AKV_EC,
	AKV_OCT,
};

/* Operations that a key may be used for: "key_ops". */
enum akv_op {
	AKV_OP_ENCRYPT = 1 << 0,
	AKV_OP_DECRYPT = 1 << 1,
	AKV_OP_SIGN = 1 << 2,
	AKV_OP_VERIFY = 1 << 3,
	AKV_OP_WRAP = 1 << 4,
	AKV_OP_UNWRAP = 1 << 5,
	AKV_OP_IMPORT = 1 << 6,
	AKV_OP_EXPORT = 1 << 7,
};

struct akv_key {
	enum akv_kind kind;
	bool hsm; /* of a type that ends in -HSM */
	EVP_PKEY *pair; /* RSA, EC */
	uint8_t oct[AKV_OCT_MAX];
	size_t oct_size;
};

/* "RSA", "EC-HSM", …; false: there is no such type. */
bool akv_kty_parse(const char *kty, enum akv_kind *kind, bool *hsm);
const char *akv_kty(enum akv_kind kind, bool hsm);

/* All functions that make a key leave it empty when they fail; an empty one
 * may be given to akv_key_wipe(). */
void akv_key_wipe(struct akv_key *key);

/* Makes a key.  bits: 0 for the default; RSA 2048 (default), 3072, 4096; oct
 * 128, 192, 256 (default).  curve: NULL for the default P-256; P-384, P-521.
 * exponent: 0 for 65537.  -EINVAL with why. */
int akv_key_make(enum akv_kind kind, bool hsm, unsigned bits,
	const char *curve, unsigned exponent, struct akv_key *key,
	struct why *why);

/* A private JWK, of a type with or without -HSM.  -EINVAL with why. */
int akv_key_import(const json_t *jwk, struct akv_key *key, struct why *why);

/* The public members, with "kty", without kid and key_ops: a new object. */
json_t *akv_key_public(const struct akv_key *key);

/* What is kept and what is released: PKCS #8 (DER), or the octets.  *material
 * is the caller's (OPENSSL_clear_free).  And back. */
int akv_key_write(const struct akv_key *key, uint8_t **material, size_t *size);
int akv_key_read(enum akv_kind kind, bool hsm, const uint8_t *material,
	size_t size, struct akv_key *key);

/* "key_ops" to and from a set of akv_op.  false: not a list of known names. */
bool akv_ops_parse(const json_t *list, unsigned *ops);
json_t *akv_ops_list(unsigned ops);

/* All that a key of this kind can do (without import and export). */
unsigned akv_ops_default(enum akv_kind kind);

#endif
