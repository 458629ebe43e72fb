/* SPDX-License-Identifier: MIT */
/* OpenSSL inside: known answers, keys made from the enclave's own entropy,
 * formats. */
#include "checks.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/async.h>
#include <string.h>

/* FIPS 180-4's "abc". */
static int sha(void)
{
	static const uint8_t sha256_abc[32] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41,
		0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3,
		0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
		0x15, 0xad
	};
	static const uint8_t sha384_abc_begin[8] = {
		0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b
	};
	static const uint8_t sha512_abc_begin[8] = {
		0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba
	};
	uint8_t out[64];
	unsigned int size;

	CHECK(EVP_Digest("abc", 3, out, &size, EVP_sha256(), NULL));
	CHECK(size == 32 && !memcmp(out, sha256_abc, 32));
	CHECK(EVP_Digest("abc", 3, out, &size, EVP_sha384(), NULL));
	CHECK(size == 48 && !memcmp(out, sha384_abc_begin, 8));
	CHECK(EVP_Digest("abc", 3, out, &size, EVP_sha512(), NULL));
	CHECK(size == 64 && !memcmp(out, sha512_abc_begin, 8));
	return 0;
}

/* Test case 2 of the GCM specification: a zero key, IV and block. */
static int gcm(void)
{
	static const uint8_t zeros[16], expected[32] = {
		0x03, 0x88, 0xda, 0xce, 0x60, 0xb6, 0xa3, 0x92, 0xf3, 0x28,
		0xc2, 0xb9, 0x71, 0xb2, 0xfe, 0x78, 0xab, 0x6e, 0x47, 0xd4,
		0x2c, 0xec, 0x13, 0xbd, 0xf5, 0x3a, 0x67, 0xb2, 0x12, 0x57,
		0xbd, 0xdf
	};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t out[32], back[16];
	int n;

	CHECK(ctx);
	CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, zeros, zeros));
	CHECK(EVP_EncryptUpdate(ctx, out, &n, zeros, 16) && n == 16);
	CHECK(EVP_EncryptFinal_ex(ctx, out + 16, &n) && n == 0);
	CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + 16));
	CHECK(!memcmp(out, expected, 32));
	for (int wrong = 0; wrong < 2; wrong++) {
		out[16] ^= wrong;
		CHECK(EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, zeros,
			zeros));
		CHECK(EVP_DecryptUpdate(ctx, back, &n, out, 16));
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16,
			out + 16));
		CHECK((EVP_DecryptFinal_ex(ctx, back, &n) > 0) == !wrong);
	}
	EVP_CIPHER_CTX_free(ctx);
	return 0;
}

/* RFC 5869, test case 1. */
static int hkdf(void)
{
	static const uint8_t expected_begin[16] = {
		0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43,
		0x4f, 0x64, 0xd0, 0x36, 0x2f, 0x2a
	};
	uint8_t ikm[22], salt[13], info[10], out[42];
	size_t size = sizeof(out);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	memset(ikm, 0x0b, sizeof(ikm));
	for (int i = 0; i < 13; i++)
		salt[i] = i;
	for (int i = 0; i < 10; i++)
		info[i] = 0xf0 + i;
	CHECK(ctx);
	CHECK(EVP_PKEY_derive_init(ctx) > 0);
	CHECK(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) > 0);
	CHECK(EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, sizeof(salt)) > 0);
	CHECK(EVP_PKEY_CTX_set1_hkdf_key(ctx, ikm, sizeof(ikm)) > 0);
	CHECK(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, sizeof(info)) > 0);
	CHECK(EVP_PKEY_derive(ctx, out, &size) > 0);
	CHECK(!memcmp(out, expected_begin, 16));
	EVP_PKEY_CTX_free(ctx);
	return 0;
}

static int sign_and_verify(EVP_PKEY *key)
{
	static const char text[] = "a text";
	uint8_t signature[512];
	size_t size = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	CHECK(ctx);
	CHECK(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) > 0);
	CHECK(EVP_DigestSign(ctx, signature, &size, (const uint8_t *)text,
		sizeof(text)) > 0);
	EVP_MD_CTX_reset(ctx);
	CHECK(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) > 0);
	CHECK(EVP_DigestVerify(ctx, signature, size, (const uint8_t *)text,
		sizeof(text)) == 1);
	EVP_MD_CTX_reset(ctx);
	signature[size - 1] ^= 1;
	CHECK(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) > 0);
	CHECK(EVP_DigestVerify(ctx, signature, size, (const uint8_t *)text,
		sizeof(text)) != 1);
	EVP_MD_CTX_free(ctx);
	return 0;
}

static int ecdsa(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	int line;

	CHECK(key);
	line = sign_and_verify(key);
	EVP_PKEY_free(key);
	return line;
}

/* Encryption with OAEP as well. */
static int rsa(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	EVP_PKEY_CTX *ctx;
	uint8_t sealed[256], opened[256];
	size_t size = sizeof(sealed), opened_size = sizeof(opened);
	int line;

	CHECK(key);
	line = sign_and_verify(key);
	if (line)
		return line;
	ctx = EVP_PKEY_CTX_new(key, NULL);
	CHECK(EVP_PKEY_encrypt_init(ctx) > 0);
	CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
	CHECK(EVP_PKEY_encrypt(ctx, sealed, &size, (const uint8_t *)"key", 3)
		> 0);
	CHECK(EVP_PKEY_decrypt_init(ctx) > 0);
	CHECK(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
	CHECK(EVP_PKEY_decrypt(ctx, opened, &opened_size, sealed, size) > 0);
	CHECK(opened_size == 3 && !memcmp(opened, "key", 3));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return 0;
}

/* A private key as text, encrypted, and back. */
static int pem(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-384"), *back;
	BIO *bio = BIO_new(BIO_s_mem());
	char word[] = "word", other[] = "other";
	char *text;
	long size;

	CHECK(key && bio);
	CHECK(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), word,
		4, NULL, NULL));
	size = BIO_get_mem_data(bio, &text);
	CHECK(size > 100 && !memcmp(text, "-----BEGIN ENCRYPTED", 20));
	back = PEM_read_bio_PrivateKey(BIO_new_mem_buf(text, (int)size), NULL,
		NULL, other);
	CHECK(!back);
	ERR_clear_error();
	back = PEM_read_bio_PrivateKey(bio, NULL, NULL, word);
	CHECK(back && EVP_PKEY_eq(key, back) == 1);
	EVP_PKEY_free(back);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return 0;
}

/* OpenSSL's own generator, seeded by the processor. */
static int generators(void)
{
	uint8_t a[32], b[32];
	EVP_RAND *rand = EVP_RAND_fetch(NULL, "CTR-DRBG", NULL);
	EVP_RAND_CTX *ctx = EVP_RAND_CTX_new(rand, NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER,
			(char *)"AES-256-CTR", 0),
		OSSL_PARAM_construct_end()
	};

	CHECK(rand && ctx);
	CHECK(EVP_RAND_instantiate(ctx, 256, 0, NULL, 0, params));
	CHECK(EVP_RAND_generate(ctx, a, 32, 256, 0, NULL, 0));
	CHECK(EVP_RAND_generate(ctx, b, 32, 256, 1, NULL, 0));
	CHECK(memcmp(a, b, 32));
	EVP_RAND_CTX_free(ctx);
	EVP_RAND_free(rand);
	CHECK(RAND_status() == 1);
	CHECK(RAND_bytes(a, 32) == 1 && RAND_priv_bytes(b, 32) == 1);
	CHECK(memcmp(a, b, 32));
	CHECK(RAND_bytes(a, -1) != 1);
	return 0;
}

/* What an enclave does not have is refused. */
static int absent(void)
{
	BIO *bio;

	CHECK(!ASYNC_is_capable());
	CHECK(CONF_modules_load_file("/etc/ssl/openssl.cnf", NULL, 0) <= 0);
	bio = BIO_new_file("/etc/passwd", "r");
	CHECK(!bio);
	ERR_clear_error();
	CHECK(!CRYPTO_memcmp("abc", "abc", 3) && CRYPTO_memcmp("abc", "abd", 3));
	return 0;
}

int os_check(int which)
{
	static int (*const check[])(void) = {
		sha, gcm, hkdf, ecdsa, rsa, pem, generators, check_tls, absent
	};

	if (which < 0 || which >= (int)(sizeof(check) / sizeof(check[0])))
		return -1;
	return check[which]();
}
