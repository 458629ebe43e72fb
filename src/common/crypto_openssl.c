/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 goes through libcrypto's low-level functions, because their context
 * is a plain structure that may be copied and kept in an EPC page.  CMAC, GCM
 * and RSA go through a library context of our own with the built-in provider:
 * constant-time AES, and no configuration.
 *
 * GCM is used per page fault: its two contexts live on between calls, with the
 * key schedule, and only the IV is set when the key is the one before.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto_openssl.h"
#include <errno.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>

#define RSA_SIZE 384
#define RSA_BITS 3072
#define RSA_EXPONENT 3

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sgx_sha256),
	"SHA256_CTX does not fit");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct sgx_sha256),
	"SHA256_CTX is not aligned");

/* Written once, under g_once. */
static pthread_once_t g_once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *g_library;
static EVP_MAC *g_cmac;
static EVP_MD *g_sha256;

/* One direction of GCM.  Allocated by libcrypto, thus where the program keeps
 * its secrets. */
struct gcm {
	EVP_CIPHER_CTX *context;
	bool has_key;
	uint8_t key[16];
};
static struct gcm *g_seal, *g_open;

static void sha256_init(struct sgx_sha256 *context)
{
	memset(context, 0, sizeof *context);
	SHA256_Init((SHA256_CTX *)context);
}

static void sha256_update(struct sgx_sha256 *context, const void *data,
	size_t size)
{
	SHA256_Update((SHA256_CTX *)context, data, size);
}

static void sha256_final(struct sgx_sha256 *context, uint8_t digest[32])
{
	SHA256_Final(digest, (SHA256_CTX *)context);
}

static EVP_PKEY *public_key(const uint8_t modulus[RSA_SIZE])
{
	BIGNUM *n = BN_lebin2bn(modulus, RSA_SIZE, NULL);
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY_CTX *context = NULL;
	EVP_PKEY *key = NULL;

	if (!n || !builder || BN_num_bits(n) != RSA_BITS || !BN_is_odd(n))
		goto out;
	if (!OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) ||
	    !OSSL_PARAM_BLD_push_uint(builder, OSSL_PKEY_PARAM_RSA_E,
	    RSA_EXPONENT))
		goto out;
	params = OSSL_PARAM_BLD_to_param(builder);
	context = EVP_PKEY_CTX_new_from_name(g_library, "RSA", NULL);
	if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
out:
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	return key;
}

static int rsa3072_quotients(const uint8_t modulus[RSA_SIZE],
	const uint8_t signature[RSA_SIZE], uint8_t q1[RSA_SIZE],
	uint8_t q2[RSA_SIZE])
{
	BN_CTX *context = BN_CTX_new();
	BIGNUM *m = BN_lebin2bn(modulus, RSA_SIZE, NULL);
	BIGNUM *s = BN_lebin2bn(signature, RSA_SIZE, NULL);
	BIGNUM *product = BN_new(), *quotient = BN_new(), *rest = BN_new();
	int result = -1;

	if (context && m && s && product && quotient && rest &&
	    BN_cmp(s, m) < 0 && BN_sqr(product, s, context) &&
	    BN_div(quotient, rest, product, m, context) &&
	    BN_bn2lebinpad(quotient, q1, RSA_SIZE) == RSA_SIZE &&
	    BN_mul(product, s, rest, context) &&
	    BN_div(quotient, NULL, product, m, context) &&
	    BN_bn2lebinpad(quotient, q2, RSA_SIZE) == RSA_SIZE)
		result = 0;
	BN_free(product);
	BN_free(quotient);
	BN_free(rest);
	BN_free(s);
	BN_free(m);
	BN_CTX_free(context);
	ERR_clear_error();
	return result;
}

static int rsa3072_verify(const uint8_t modulus[RSA_SIZE],
	const uint8_t signature[RSA_SIZE], const uint8_t digest[32])
{
	uint8_t big_endian[RSA_SIZE];
	EVP_PKEY *key = public_key(modulus);
	EVP_PKEY_CTX *context = NULL;
	int result = -1;

	for (int i = 0; i < RSA_SIZE; i++)
		big_endian[i] = signature[RSA_SIZE - 1 - i];
	if (key)
		context = EVP_PKEY_CTX_new_from_pkey(g_library, key, NULL);
	if (context && EVP_PKEY_verify_init(context) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(context, g_sha256) == 1 &&
	    EVP_PKEY_verify(context, big_endian, RSA_SIZE, digest, 32) == 1)
		result = 0;
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return result;
}

static int aes128_cmac(const uint8_t key[16], const void *data, size_t size,
	uint8_t mac[16])
{
	char cipher[] = "AES-128-CBC";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher,
			0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *context = EVP_MAC_CTX_new(g_cmac);
	size_t length = 0;
	int result = -1;

	if (context && EVP_MAC_init(context, key, 16, params) == 1 &&
	    EVP_MAC_update(context, data, size) == 1 &&
	    EVP_MAC_final(context, mac, &length, 16) == 1 && length == 16)
		result = 0;
	EVP_MAC_CTX_free(context);
	return result;
}

/* Make ready for one message of at most INT_MAX bytes, AAD done. */
static int gcm_begin(struct gcm *g, const uint8_t key[16],
	const uint8_t iv[12], const void *aad, size_t aad_size, size_t size)
{
	bool same = g->has_key && !CRYPTO_memcmp(g->key, key, sizeof g->key);
	int length;

	if (size > INT_MAX || aad_size > INT_MAX)
		return -1;
	g->has_key = false;
	if (EVP_CipherInit_ex2(g->context, NULL, same ? NULL : key, iv, -1,
	    NULL) != 1)
		return -1;
	memcpy(g->key, key, sizeof g->key);
	g->has_key = true;
	return EVP_CipherUpdate(g->context, NULL, &length, aad,
		(int)aad_size) == 1 ? 0 : -1;
}

static int aes128_gcm_seal(const uint8_t key[16], const uint8_t iv[12],
	const void *aad, size_t aad_size, const void *in, size_t size,
	void *out, uint8_t tag[16])
{
	EVP_CIPHER_CTX *context = g_seal->context;
	int length, rest;

	if (gcm_begin(g_seal, key, iv, aad, aad_size, size) != 0 ||
	    EVP_CipherUpdate(context, out, &length, in, (int)size) != 1 ||
	    EVP_CipherFinal_ex(context, (uint8_t *)out + length, &rest) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) != 1)
		return -1;
	return 0;
}

static int aes128_gcm_open(const uint8_t key[16], const uint8_t iv[12],
	const void *aad, size_t aad_size, const void *in, size_t size,
	void *out, const uint8_t tag[16])
{
	EVP_CIPHER_CTX *context = g_open->context;
	uint8_t expected[16];
	int length, rest;

	memcpy(expected, tag, sizeof expected);
	if (gcm_begin(g_open, key, iv, aad, aad_size, size) != 0 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16,
	    expected) != 1 ||
	    EVP_CipherUpdate(context, out, &length, in, (int)size) != 1)
		return -1;
	/* All that can go wrong now is the tag. */
	if (EVP_CipherFinal_ex(context, (uint8_t *)out + length, &rest) == 1)
		return 0;
	ERR_clear_error();
	return 1;
}

static int random_bytes(void *data, size_t size)
{
	uint8_t *to = data;

	while (size) {
		ssize_t got = getrandom(to, size, 0);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0) {
			to += got;
			size -= (size_t)got;
		}
	}
	return 0;
}

static const struct sgx_crypto_ops g_ops = {
	.sha256 = { sha256_init, sha256_update, sha256_final },
	.rsa3072_verify = rsa3072_verify,
	.rsa3072_quotients = rsa3072_quotients,
	.aes128_cmac = aes128_cmac,
	.aes128_gcm_seal = aes128_gcm_seal,
	.aes128_gcm_open = aes128_gcm_open,
	.random = random_bytes,
};

static struct gcm *gcm_new(const EVP_CIPHER *cipher, bool seal)
{
	struct gcm *g = OPENSSL_zalloc(sizeof *g);

	if (!g)
		return NULL;
	g->context = EVP_CIPHER_CTX_new();
	if (g->context && EVP_CipherInit_ex2(g->context, cipher, NULL, NULL,
	    seal, NULL) == 1)
		return g;
	EVP_CIPHER_CTX_free(g->context);
	OPENSSL_free(g);
	return NULL;
}

static void set_up(void)
{
	EVP_CIPHER *gcm;

	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG |
		OPENSSL_INIT_NO_ATEXIT, NULL);
	g_library = OSSL_LIB_CTX_new();
	if (!g_library)
		return;
	g_cmac = EVP_MAC_fetch(g_library, "CMAC", NULL);
	g_sha256 = EVP_MD_fetch(g_library, "SHA256", NULL);
	gcm = EVP_CIPHER_fetch(g_library, "AES-128-GCM", NULL);
	if (!gcm)
		return;
	g_seal = gcm_new(gcm, true);
	g_open = gcm_new(gcm, false);
	EVP_CIPHER_free(gcm);
}

const struct sgx_crypto_ops *crypto_openssl(void)
{
	pthread_once(&g_once, set_up);
	return g_cmac && g_sha256 && g_seal && g_open ? &g_ops : NULL;
}

const struct sgx_sha256_ops *crypto_openssl_sha256(void)
{
	return &g_ops.sha256;
}
