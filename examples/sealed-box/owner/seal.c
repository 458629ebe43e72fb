/* SPDX-License-Identifier: MIT */
#include "seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
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

static bool derive(const uint8_t key[BOX_KEY_SIZE], const char *label,
	uint8_t derived[BOX_KEY_SIZE])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
			(void *)key, BOX_KEY_SIZE),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
			(void *)label, strlen(label)),
		OSSL_PARAM_END,
	};
	bool good = context && EVP_KDF_derive(context, derived, BOX_KEY_SIZE,
		params) == 1;

	EVP_KDF_CTX_free(context);
	EVP_KDF_free(kdf);
	return good;
}

const char *seal_derive(const uint8_t key[BOX_KEY_SIZE], const char *label,
	uint8_t derived[BOX_KEY_SIZE])
{
	return derive(key, label, derived) ? NULL : "deriving a key failed";
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

const char *seal_records(const uint8_t key[BOX_KEY_SIZE], const void *text,
	size_t size, uint8_t *message)
{
	struct box_header header = { .magic = BOX_SEALED_MAGIC,
		.kind = BOX_KIND_RECORDS, .size = size };
	uint8_t direction[BOX_KEY_SIZE];
	bool good = size <= BOX_PLAINTEXT_MAX &&
		RAND_bytes(header.nonce, BOX_NONCE_SIZE) == 1 &&
		derive(key, BOX_LABEL_RECORDS, direction);

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
	good = derive(key, BOX_LABEL_RESULT, direction) &&
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
