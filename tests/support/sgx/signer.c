/* SPDX-License-Identifier: MIT */
/* Two signers, whose RSA-3072 keys with exponent 3 are made at first use. */
#include "common/crypto_openssl.h"
#include "world.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

static EVP_PKEY *signer_key(int signer)
{
	static EVP_PKEY *keys[2];
	EVP_PKEY_CTX *context;
	BIGNUM *three;

	if (keys[signer])
		return keys[signer];
	context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	three = BN_new();
	assert_true(context && three && BN_set_word(three, 3));
	assert_int_equal(EVP_PKEY_keygen_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 3072), 1);
	assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, three),
		1);
	assert_int_equal(EVP_PKEY_keygen(context, &keys[signer]), 1);
	BN_free(three);
	EVP_PKEY_CTX_free(context);
	return keys[signer];
}

static void put_modulus(int signer, uint8_t modulus[384])
{
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(signer_key(signer),
		OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2lebinpad(n, modulus, 384), 384);
	BN_free(n);
}

/* By long division, without the shortcut that the code under test takes:
 * Q2 = floor((S^3 - Q1 S M) / M). */
static void put_quotients(struct sgx_sigstruct *sig)
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *m = BN_lebin2bn(sig->modulus, 384, NULL);
	BIGNUM *s = BN_lebin2bn(sig->signature, 384, NULL);
	BIGNUM *a = BN_new(), *b = BN_new(), *q = BN_new();

	assert_true(BN_mul(a, s, s, context) &&
		BN_div(q, NULL, a, m, context));
	assert_int_equal(BN_bn2lebinpad(q, sig->q1, 384), 384);
	assert_true(BN_mul(a, a, s, context) && BN_mul(b, q, s, context) &&
		BN_mul(b, b, m, context) && BN_sub(a, a, b) &&
		BN_div(q, NULL, a, m, context));
	assert_int_equal(BN_bn2lebinpad(q, sig->q2, 384), 384);
	BN_free(a);
	BN_free(b);
	BN_free(q);
	BN_free(s);
	BN_free(m);
	BN_CTX_free(context);
}

void world_sign(struct sgx_sigstruct *sig, int signer)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer_key(signer), NULL);
	const struct sgx_sha256_ops *sha256 = crypto_openssl_sha256();
	uint8_t digest[32], big_endian[384];
	struct sgx_sha256 hash;
	size_t size = sizeof big_endian;

	sig->exponent = 3;
	put_modulus(signer, sig->modulus);
	sha256->init(&hash);
	sha256->update(&hash, sig, 128);
	sha256->update(&hash, (const uint8_t *)sig + 900, 128);
	sha256->final(&hash, digest);
	assert_int_equal(EVP_PKEY_sign_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context,
		RSA_PKCS1_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()),
		1);
	assert_int_equal(EVP_PKEY_sign(context, big_endian, &size, digest,
		sizeof digest), 1);
	for (size_t i = 0; i < sizeof big_endian; i++)
		sig->signature[i] = big_endian[sizeof big_endian - 1 - i];
	put_quotients(sig);
	EVP_PKEY_CTX_free(context);
}

void world_mrsigner(int signer, uint8_t mrsigner[32])
{
	const struct sgx_sha256_ops *sha256 = crypto_openssl_sha256();
	struct sgx_sha256 hash;
	uint8_t modulus[384];

	put_modulus(signer, modulus);
	sha256->init(&hash);
	sha256->update(&hash, modulus, sizeof modulus);
	sha256->final(&hash, mrsigner);
}
