/* SPDX-License-Identifier: MIT */
/* OpenSSL inside, with things that the host checks with its own. */
#include "checks.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* OPENSSL_ia32cap(3). */
extern unsigned int OPENSSL_ia32cap_P[4];

/* A constructor of the program's own finds OpenSSL ready. */
static uint8_t early[32];
static unsigned int early_capabilities;

static void __attribute__((constructor)) start(void)
{
	unsigned int size;

	early_capabilities = OPENSSL_ia32cap_P[0];
	EVP_Digest("abc", 3, early, &size, EVP_sha256(), NULL);
}

int os_capabilities(uint32_t *words)
{
	for (int i = 0; i < 4; i++)
		words[i] = OPENSSL_ia32cap_P[i];
	CHECK(early_capabilities && early_capabilities == words[0]);
	CHECK(early[0] == 0xba && early[31] == 0xad);
	return 0;
}

static int gcm(const uint8_t *key, const uint8_t *iv, uint8_t *data,
	size_t size, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	CHECK(ctx);
	CHECK(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key, iv));
	CHECK(EVP_EncryptUpdate(ctx, data, &n, data, (int)size));
	CHECK(EVP_EncryptFinal_ex(ctx, data + n, &n));
	CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, tag));
	EVP_CIPHER_CTX_free(ctx);
	return 0;
}

int os_encrypt(const uint8_t *key, const uint8_t *iv, uint8_t *data,
	size_t size, uint8_t *tag)
{
	return gcm(key, iv, data, size, tag);
}

X509 *self_signed(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name;
	X509_EXTENSION *ext;

	if (!cert)
		return NULL;
	name = X509_get_subject_name(cert);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		"critical,CA:TRUE");
	if (!ext || !X509_set_version(cert, X509_VERSION_3)
			|| !ASN1_INTEGER_set(X509_get_serialNumber(cert), 7)
			|| !ASN1_TIME_set_string(X509_getm_notBefore(cert),
				"20200101000000Z")
			|| !ASN1_TIME_set_string(X509_getm_notAfter(cert),
				"20991231235959Z")
			|| !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				(const uint8_t *)"inside", -1, -1, 0)
			|| !X509_set_issuer_name(cert, name)
			|| !X509_set_pubkey(cert, key)
			|| !X509_add_ext(cert, ext, -1)
			|| !X509_sign(cert, key, EVP_sha256()))
		abort();
	X509_EXTENSION_free(ext);
	return cert;
}

/* A self-signed certificate of a new key, which is also verified here, and a
 * signature by the key. */
int os_certificate(char *pem, uint8_t *hash, uint8_t *signature,
	size_t *signature_size)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	X509 *cert = self_signed(key);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *verify = X509_STORE_CTX_new();
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long size;

	CHECK(key && ctx && cert && store && verify && bio);
	CHECK(X509_STORE_CTX_init(verify, store, cert, NULL));
	CHECK(X509_verify_cert(verify) != 1);
	X509_STORE_CTX_cleanup(verify);
	CHECK(X509_STORE_add_cert(store, cert));
	CHECK(X509_STORE_CTX_init(verify, store, cert, NULL));
	CHECK(X509_verify_cert(verify) == 1);

	CHECK(PEM_write_bio_X509(bio, cert));
	size = BIO_get_mem_data(bio, &text);
	CHECK(size > 0 && size < 4096);
	memcpy(pem, text, (size_t)size);
	pem[size] = 0;

	CHECK(RAND_bytes(hash, 32) == 1);
	*signature_size = 128;
	CHECK(EVP_PKEY_sign_init(ctx) > 0);
	CHECK(EVP_PKEY_sign(ctx, signature, signature_size, hash, 32) > 0);

	BIO_free(bio);
	X509_STORE_CTX_free(verify);
	X509_STORE_free(store);
	X509_free(cert);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return 0;
}

int os_random(uint8_t *bytes, size_t size)
{
	return RAND_bytes(bytes, (int)size) == 1 ? 0 : __LINE__;
}

/* Fetching, keys, random numbers, errors and their locks, on as many threads
 * as the host likes. */
int os_work(int rounds)
{
	static EVP_PKEY *shared;
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	uint8_t hash[32], signature[128];

	pthread_mutex_lock(&lock);
	if (!shared)
		shared = EVP_EC_gen("P-256");
	pthread_mutex_unlock(&lock);
	CHECK(shared);
	for (int i = 0; i < rounds; i++) {
		EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(shared, NULL);
		size_t size = sizeof(signature);
		unsigned int n;

		CHECK(md && ctx);
		CHECK(RAND_bytes(hash, sizeof(hash)) == 1);
		CHECK(EVP_Digest(hash, 32, hash, &n, md, NULL));
		CHECK(EVP_PKEY_sign_init(ctx) > 0);
		CHECK(EVP_PKEY_sign(ctx, signature, &size, hash, 32) > 0);
		CHECK(EVP_PKEY_verify_init(ctx) > 0);
		CHECK(EVP_PKEY_verify(ctx, signature, size, hash, 32) == 1);
		hash[0] ^= 1;
		CHECK(EVP_PKEY_verify(ctx, signature, size, hash, 32) != 1);
		/* Each thread has errors of its own. */
		ERR_clear_error();
		ERR_raise(ERR_LIB_USER, 1 + i % 100);
		CHECK(ERR_GET_REASON(ERR_get_error()) == 1 + i % 100);
		CHECK(!ERR_get_error());
		EVP_PKEY_CTX_free(ctx);
		EVP_MD_free(md);
	}
	return 0;
}

int os_gcm_speed(size_t size, int rounds)
{
	static const uint8_t key[16], iv[12];
	uint8_t *data = calloc(1, size), tag[16];
	int line = data ? 0 : __LINE__;

	for (int i = 0; i < rounds && !line; i++)
		line = gcm(key, iv, data, size, tag);
	free(data);
	return line;
}

int os_sign_speed(int rounds)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t hash[32] = { 0 }, signature[128];

	CHECK(key && ctx && EVP_PKEY_sign_init(ctx) > 0);
	for (int i = 0; i < rounds; i++) {
		size_t size = sizeof(signature);

		CHECK(EVP_PKEY_sign(ctx, signature, &size, hash, 32) > 0);
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return 0;
}
