/* SPDX-License-Identifier: MIT */
#include "seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

const char *seal_random(void *out, size_t size)
{
	return RAND_bytes(out, (int)size) == 1 ? NULL : "no random bytes";
}

const char *seal_hash(const void *data, size_t size, uint8_t hash[BOX_HASH_SIZE])
{
	return EVP_Digest(data, size, hash, NULL, EVP_sha256(), NULL) == 1 ?
		NULL : "hashing failed";
}

static bool derive(const uint8_t *salt, size_t salt_size, const uint8_t *secret,
	const char *label, uint8_t key[BOX_KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
			(void *)secret, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
			(void *)label, strlen(label)),
		OSSL_PARAM_END, OSSL_PARAM_END,
	};
	bool good;

	if (salt_size)
		params[3] = OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_SALT, (void *)salt, salt_size);
	good = context && EVP_KDF_derive(context, key, BOX_KEY_SIZE, params) == 1;
	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return good;
}

/* AES-256-GCM of a whole message; the tag is written, or checked. */
static bool gcm(bool encrypt, const uint8_t key[BOX_KEY_SIZE],
	const uint8_t nonce[BOX_NONCE_SIZE], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, uint8_t tag[BOX_TAG_SIZE])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool good = c &&
		EVP_CipherInit_ex2(c, EVP_aes_256_gcm(), key, nonce, encrypt,
			NULL) == 1 &&
		EVP_CipherUpdate(c, NULL, &n, aad, (int)aad_size) == 1 &&
		EVP_CipherUpdate(c, out, &n, in, (int)size) == 1 &&
		(encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG,
			BOX_TAG_SIZE, tag) == 1) &&
		EVP_CipherFinal_ex(c, (uint8_t *)out + n, &last) == 1 &&
		(size_t)n + (size_t)last == size &&
		(!encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG,
			BOX_TAG_SIZE, tag) == 1);

	EVP_CIPHER_CTX_free(c);
	if (!good)
		OPENSSL_cleanse(out, size);
	return good;
}

static EVP_PKEY *read_point(const uint8_t point[BOX_POINT_SIZE])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
			"P-256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
			(void *)point, BOX_POINT_SIZE),
		OSSL_PARAM_END,
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY_CTX *check = NULL;
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_fromdata_init(c) == 1 &&
		EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) == 1)
		check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (!check || EVP_PKEY_public_check(check) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	EVP_PKEY_CTX_free(check);
	EVP_PKEY_CTX_free(c);
	return key;
}

static bool agree(EVP_PKEY *ours, EVP_PKEY *theirs, uint8_t shared[32])
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, ours, NULL);
	size_t size = 32;
	bool good = c && EVP_PKEY_derive_init(c) == 1 &&
		EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
		EVP_PKEY_derive(c, shared, &size) == 1 && size == 32;

	EVP_PKEY_CTX_free(c);
	return good;
}

static bool wrap(EVP_PKEY *ours, EVP_PKEY *theirs, const uint8_t key[BOX_KEY_SIZE],
	const uint8_t point[BOX_POINT_SIZE], struct box_wrapped_key *wrapped)
{
	uint8_t shared[32], wrapping[BOX_KEY_SIZE], salt[2 * BOX_POINT_SIZE];
	size_t size;
	bool good;

	memcpy(wrapped->magic, BOX_WRAPPED_MAGIC, BOX_MAGIC_SIZE);
	good = EVP_PKEY_get_octet_string_param(ours, OSSL_PKEY_PARAM_PUB_KEY,
			wrapped->point, BOX_POINT_SIZE, &size) == 1 &&
		size == BOX_POINT_SIZE &&
		RAND_bytes(wrapped->nonce, BOX_NONCE_SIZE) == 1 &&
		agree(ours, theirs, shared);
	if (good) {
		memcpy(salt, wrapped->point, BOX_POINT_SIZE);
		memcpy(salt + BOX_POINT_SIZE, point, BOX_POINT_SIZE);
		good = derive(salt, sizeof(salt), shared, BOX_LABEL_WRAP, wrapping) &&
			gcm(true, wrapping, wrapped->nonce, wrapped,
				BOX_WRAPPED_AUTHENTICATED, key, BOX_KEY_SIZE,
				wrapped->key, wrapped->tag);
	}
	OPENSSL_cleanse(shared, sizeof(shared));
	OPENSSL_cleanse(wrapping, sizeof(wrapping));
	return good;
}

const char *seal_wrap(const uint8_t key[BOX_KEY_SIZE],
	const uint8_t point[BOX_POINT_SIZE], struct box_wrapped_key *wrapped)
{
	EVP_PKEY *theirs = read_point(point), *ours;
	bool good;

	memset(wrapped, 0, sizeof(*wrapped));
	if (!theirs)
		return "the enclave's public key is no point of P-256";
	ours = EVP_EC_gen("P-256");
	good = ours && wrap(ours, theirs, key, point, wrapped);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	if (good)
		return NULL;
	memset(wrapped, 0, sizeof(*wrapped));
	return "wrapping the key failed";
}

const char *seal_records(const uint8_t key[BOX_KEY_SIZE], const void *text,
	size_t size, uint8_t *message)
{
	struct box_header header = { .magic = BOX_SEALED_MAGIC,
		.kind = BOX_KIND_RECORDS, .size = size };
	uint8_t direction[BOX_KEY_SIZE];
	bool good = size <= BOX_PLAINTEXT_MAX &&
		RAND_bytes(header.nonce, BOX_NONCE_SIZE) == 1 &&
		derive(NULL, 0, key, BOX_LABEL_RECORDS, direction);

	memcpy(message, &header, sizeof(header));
	good = good && gcm(true, direction, header.nonce, &header, sizeof(header),
		text, size, message + sizeof(header),
		message + sizeof(header) + size);
	OPENSSL_cleanse(direction, sizeof(direction));
	return good ? NULL : "encrypting the records failed";
}

const char *seal_open_result(const uint8_t key[BOX_KEY_SIZE],
	const uint8_t bound[BOX_HASH_SIZE], const uint8_t *message,
	size_t message_size, void *text, size_t size)
{
	uint8_t direction[BOX_KEY_SIZE], tag[BOX_TAG_SIZE];
	struct box_header header;
	bool good;

	memset(text, 0, size);
	if (message_size != size + BOX_OVERHEAD)
		return "the result has another size than a result has";
	memcpy(&header, message, sizeof(header));
	if (memcmp(header.magic, BOX_SEALED_MAGIC, BOX_MAGIC_SIZE) ||
		header.kind != BOX_KIND_RESULT || header.size != size)
		return "this is no sealed result";
	memcpy(tag, message + sizeof(header) + size, sizeof(tag));
	good = derive(NULL, 0, key, BOX_LABEL_RESULT, direction) &&
		gcm(false, direction, header.nonce, message, sizeof(header),
			message + sizeof(header), size, text, tag);
	OPENSSL_cleanse(direction, sizeof(direction));
	if (!good)
		return "the result is not authentic: changed, or of another key";
	if (CRYPTO_memcmp(header.bound, bound, BOX_HASH_SIZE)) {
		memset(text, 0, size);
		return "the result was computed on other records";
	}
	return NULL;
}
