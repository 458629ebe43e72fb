/* SPDX-License-Identifier: MIT */
#include "service/akv_key.h"

#include "service/jwk.h"
#include "service/base64.h"
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[][2] = {
	[AKV_RSA] = {"RSA", "RSA-HSM"},
	[AKV_EC] = {"EC", "EC-HSM"},
	[AKV_OCT] = {"oct", "oct-HSM"},
};

bool akv_kty_parse(const char *kty, enum akv_kind *kind, bool *hsm)
{
	for (int i = AKV_RSA; kty && i <= AKV_OCT; i++)
		for (int j = 0; j < 2; j++)
			if (!strcmp(kinds[i][j], kty)) {
				*kind = (enum akv_kind)i;
				*hsm = j;
				return true;
			}
	return false;
}

const char *akv_kty(enum akv_kind kind, bool hsm)
{
	return kinds[kind][hsm];
}

void akv_key_wipe(struct akv_key *key)
{
	EVP_PKEY_free(key->pair);
	OPENSSL_cleanse(key, sizeof(*key));
	memset(key, 0, sizeof(*key));
}

static int make_rsa(unsigned bits, unsigned exponent, struct akv_key *key,
	struct why *why)
{
	EVP_PKEY_CTX *context = NULL;
	BIGNUM *e = NULL;
	int r = -EIO;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return why_set(why, -EINVAL, "an RSA key has a key_size of "
			"2048, 3072 or 4096 bits, not %u", bits);
	if (exponent != 3 && exponent != 17 && exponent != 257 &&
			exponent != 65537)
		return why_set(why, -EINVAL, "public_exponent may be 3, 17, "
			"257 or 65537");
	context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	e = BN_new();
	if (context && e && BN_set_word(e, exponent) == 1 &&
			EVP_PKEY_keygen_init(context) == 1 &&
			EVP_PKEY_CTX_set_rsa_keygen_bits(context,
				(int)bits) == 1 &&
			EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, e) == 1 &&
			EVP_PKEY_generate(context, &key->pair) == 1)
		r = 0;
	BN_free(e);
	EVP_PKEY_CTX_free(context);
	return r ? why_set(why, r, "OpenSSL could not make the key") : 0;
}

static int make_ec(const char *curve, struct akv_key *key, struct why *why)
{
	if (strcmp(curve, "P-256") && strcmp(curve, "P-384") &&
			strcmp(curve, "P-521"))
		return why_set(why, -EINVAL,
			"crv may be P-256, P-384 or P-521");
	key->pair = EVP_EC_gen(curve);
	return key->pair ? 0
		: why_set(why, -EIO, "OpenSSL could not make the key");
}

static int make_oct(unsigned bits, struct akv_key *key, struct why *why)
{
	if (bits != 128 && bits != 192 && bits != 256)
		return why_set(why, -EINVAL, "a symmetric key has a key_size "
			"of 128, 192 or 256 bits, not %u", bits);
	key->oct_size = bits / 8;
	return RAND_priv_bytes(key->oct, (int)key->oct_size) == 1 ? 0
		: why_set(why, -EIO, "no random numbers");
}

int akv_key_make(enum akv_kind kind, bool hsm, unsigned bits,
	const char *curve, unsigned exponent, struct akv_key *key,
	struct why *why)
{
	int r = -EINVAL;

	memset(key, 0, sizeof(*key));
	switch (kind) {
	case AKV_RSA:
		r = make_rsa(bits ? bits : 2048, exponent ? exponent : 65537,
			key, why);
		break;
	case AKV_EC:
		r = make_ec(curve ? curve : "P-256", key, why);
		break;
	case AKV_OCT:
		r = make_oct(bits ? bits : 256, key, why);
		break;
	}
	if (r) {
		akv_key_wipe(key);
		return r;
	}
	key->kind = kind;
	key->hsm = hsm;
	return 0;
}

static int import_oct(const json_t *jwk, struct akv_key *key, struct why *why)
{
	const char *k = json_string_value(json_object_get(jwk, "k"));
	uint8_t *bytes;
	size_t size;
	int r;

	if (!k || base64url_decode(k, strlen(k), &bytes, &size))
		return why_set(why, -EINVAL,
			"a symmetric key needs \"k\", base64url");
	if (size < 16 || size > AKV_OCT_MAX) {
		r = why_set(why, -EINVAL, "a symmetric key has 16 to %u "
			"bytes, not %zu", AKV_OCT_MAX, size);
	} else {
		memcpy(key->oct, bytes, size);
		key->oct_size = size;
		r = 0;
	}
	OPENSSL_cleanse(bytes, size);
	free(bytes);
	return r;
}

static int import_pair(const json_t *jwk, const char *kty,
	struct akv_key *key, struct why *why)
{
	json_t *plain = json_copy((json_t *)jwk); /* without -HSM */
	EVP_PKEY_CTX *context;
	int r = 0;

	if (!plain || json_object_set_new(plain, "kty", json_string(kty))) {
		json_decref(plain);
		return why_set(why, -ENOMEM, "out of memory");
	}
	key->pair = jwk_to_key(plain, true, why);
	if (!key->pair) {
		json_decref(plain);
		return -EINVAL;
	}
	/* jwk_to_key gives the public key where the private is missing. */
	if (!json_object_get(plain, "d"))
		r = why_set(why, -EINVAL, "the key is a public one: there is "
			"no \"d\"");
	context = r ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key->pair,
		NULL);
	if (!r && (!context || EVP_PKEY_pairwise_check(context) != 1))
		r = why_set(why, -EINVAL, "the key's private and public "
			"members do not belong together");
	EVP_PKEY_CTX_free(context);
	json_decref(plain);
	return r;
}

int akv_key_import(const json_t *jwk, struct akv_key *key, struct why *why)
{
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	enum akv_kind kind;
	bool hsm;
	int r;

	memset(key, 0, sizeof(*key));
	if (!akv_kty_parse(kty, &kind, &hsm))
		return why_set(why, -EINVAL, "\"kty\" must be RSA, EC or oct, "
			"each with -HSM behind it or without");
	r = kind == AKV_OCT ? import_oct(jwk, key, why)
			    : import_pair(jwk, akv_kty(kind, false), key, why);
	if (r) {
		akv_key_wipe(key);
		return r;
	}
	key->kind = kind;
	key->hsm = hsm;
	return 0;
}

json_t *akv_key_public(const struct akv_key *key)
{
	json_t *jwk = key->pair ? jwk_from_key(key->pair, false)
				: json_object();

	if (!jwk || json_object_set_new(jwk, "kty", json_string(
			akv_kty(key->kind, key->hsm)))) {
		json_decref(jwk);
		return NULL;
	}
	return jwk;
}

int akv_key_write(const struct akv_key *key, uint8_t **material, size_t *size)
{
	PKCS8_PRIV_KEY_INFO *info;
	uint8_t *der = NULL;
	int n;

	if (key->kind == AKV_OCT) {
		*material = OPENSSL_memdup(key->oct, key->oct_size);
		*size = key->oct_size;
		return *material ? 0 : -ENOMEM;
	}
	info = EVP_PKEY2PKCS8(key->pair);
	n = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (n <= 0)
		return -EIO;
	*material = der;
	*size = (size_t)n;
	return 0;
}

int akv_key_read(enum akv_kind kind, bool hsm, const uint8_t *material,
	size_t size, struct akv_key *key)
{
	const unsigned char *at = material;
	PKCS8_PRIV_KEY_INFO *info;

	memset(key, 0, sizeof(*key));
	if (!size || size > AKV_MATERIAL_MAX)
		return -EBADMSG;
	key->kind = kind;
	key->hsm = hsm;
	if (kind == AKV_OCT) {
		if (size > AKV_OCT_MAX)
			return -EBADMSG;
		memcpy(key->oct, material, size);
		key->oct_size = size;
		return 0;
	}
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)size);
	key->pair = info ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	if (!key->pair || EVP_PKEY_get_base_id(key->pair) !=
			(kind == AKV_RSA ? EVP_PKEY_RSA : EVP_PKEY_EC)) {
		akv_key_wipe(key);
		return -EBADMSG;
	}
	return 0;
}

static const char *const op_names[] = {
	"encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey",
	"import", "export",
};
#define OPS (sizeof(op_names) / sizeof(*op_names))

bool akv_ops_parse(const json_t *list, unsigned *ops)
{
	const json_t *name;
	size_t i, j;

	if (!json_is_array(list) || json_array_size(list) > 2 * OPS)
		return false;
	*ops = 0;
	json_array_foreach(list, i, name) {
		for (j = 0; j < OPS && json_is_string(name); j++)
			if (!strcmp(op_names[j], json_string_value(name)))
				break;
		if (!json_is_string(name) || j == OPS)
			return false;
		*ops |= 1u << j;
	}
	return true;
}

json_t *akv_ops_list(unsigned ops)
{
	json_t *list = json_array();

	for (size_t i = 0; i < OPS; i++)
		if (ops & 1u << i)
			json_array_append_new(list, json_string(op_names[i]));
	return list;
}

unsigned akv_ops_default(enum akv_kind kind)
{
	switch (kind) {
	case AKV_RSA:
		return AKV_OP_ENCRYPT | AKV_OP_DECRYPT | AKV_OP_SIGN |
			AKV_OP_VERIFY | AKV_OP_WRAP | AKV_OP_UNWRAP;
	case AKV_EC:
		return AKV_OP_SIGN | AKV_OP_VERIFY;
	case AKV_OCT:
		return AKV_OP_ENCRYPT | AKV_OP_DECRYPT | AKV_OP_WRAP |
			AKV_OP_UNWRAP;
	}
	return 0;
}
