/* SPDX-License-Identifier: MIT */
#include "rsa3072.h"
#include "common/crypto_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

const char *rsa3072_modulus(void *evp_pkey, uint8_t modulus[RSA3072_SIZE])
{
	const char *wrong = "the key is not an RSA-3072 key with exponent 3";
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *key = evp_pkey;

	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(key) == 3072 &&
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) &&
		EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) &&
		BN_is_word(e, 3) &&
		BN_bn2binpad(n, modulus, RSA3072_SIZE) == RSA3072_SIZE)
		wrong = NULL;
	BN_free(n);
	BN_free(e);
	return wrong;
}

int rsa3072_sign(void *evp_pkey, const uint8_t digest[32],
	uint8_t signature[RSA3072_SIZE])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(evp_pkey, NULL);
	size_t size = RSA3072_SIZE;
	int rc = -1;

	if (ctx && EVP_PKEY_sign_init(ctx) > 0 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
		EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0 &&
		EVP_PKEY_sign(ctx, signature, &size, digest, 32) > 0 &&
		size == RSA3072_SIZE)
		rc = 0;
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

int rsa3072_verify(const uint8_t modulus[RSA3072_SIZE],
	const uint8_t signature[RSA3072_SIZE], const uint8_t digest[32])
{
	const struct sgx_crypto_ops *crypto = crypto_openssl();
	uint8_t n[RSA3072_SIZE], s[RSA3072_SIZE];

	if (!crypto)
		return -1;
	/* The processor's verification takes little endian. */
	for (unsigned i = 0; i < RSA3072_SIZE; i++) {
		n[i] = modulus[RSA3072_SIZE - 1 - i];
		s[i] = signature[RSA3072_SIZE - 1 - i];
	}
	return crypto->rsa3072_verify(n, s, digest);
}

int rsa3072_quotients(const uint8_t modulus[RSA3072_SIZE],
	const uint8_t signature[RSA3072_SIZE], uint8_t q1[RSA3072_SIZE],
	uint8_t q2[RSA3072_SIZE])
{
	BIGNUM *s = BN_bin2bn(signature, RSA3072_SIZE, NULL);
	BIGNUM *m = BN_bin2bn(modulus, RSA3072_SIZE, NULL);
	BIGNUM *square = BN_new(), *quotient = BN_new(), *rest = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	int rc = -1;

	if (s && m && square && quotient && rest && ctx && !BN_is_zero(m) &&
		BN_sqr(square, s, ctx) &&
		BN_div(quotient, rest, square, m, ctx) &&
		BN_bn2binpad(quotient, q1, RSA3072_SIZE) >= 0 &&
		BN_mul(square, s, rest, ctx) &&
		BN_div(quotient, NULL, square, m, ctx) &&
		BN_bn2binpad(quotient, q2, RSA3072_SIZE) >= 0)
		rc = 0;
	BN_CTX_free(ctx);
	BN_free(rest);
	BN_free(quotient);
	BN_free(square);
	BN_free(m);
	BN_free(s);
	return rc;
}
