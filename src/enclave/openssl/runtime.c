/* SPDX-License-Identifier: MIT */
/* What the runtime needs (crypto/crypto.h), by OpenSSL. */
#include "../crypto/crypto.h"

#include <openssl/evp.h>

#define PART (1u << 30) /* lengths are ints */

static const EVP_CIPHER *cipher(size_t key_size)
{
	return key_size == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
}

/* The bytes through the context, which knows key, IV and direction. */
static bool update(EVP_CIPHER_CTX *c, const void *aad, size_t aad_size,
	const uint8_t *in, size_t size, uint8_t *out)
{
	int n;

	if (aad_size > PART || (aad_size
			&& EVP_CipherUpdate(c, NULL, &n, aad, (int)aad_size)
				!= 1))
		return false;
	while (size) {
		int part = (int)(size < PART ? size : PART);

		if (EVP_CipherUpdate(c, out, &n, in, part) != 1 || n != part)
			return false;
		in += part;
		out += part;
		size -= (size_t)part;
	}
	return true;
}

bool crypto_gcm_seal(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, uint8_t tag[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t none[16];
	bool good;
	int n;

	good = c && EVP_CipherInit_ex(c, cipher(key_size), NULL, key, iv, 1)
			== 1
		&& update(c, aad, aad_size, in, size, out)
		&& EVP_CipherFinal_ex(c, none, &n) == 1
		&& EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
	EVP_CIPHER_CTX_free(c);
	return good;
}

bool crypto_gcm_open(const uint8_t *key, size_t key_size,
	const uint8_t iv[12], const void *aad, size_t aad_size,
	const void *in, size_t size, void *out, const uint8_t tag[16])
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t none[16];
	bool good;
	int n;

	good = c && EVP_CipherInit_ex(c, cipher(key_size), NULL, key, iv, 0)
			== 1
		&& EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16,
			(void *)tag) == 1
		&& update(c, aad, aad_size, in, size, out)
		&& EVP_CipherFinal_ex(c, none, &n) == 1;
	EVP_CIPHER_CTX_free(c);
	return good;
}

bool crypto_sha256(const void *data, size_t size, uint8_t digest[32])
{
	return EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL) == 1;
}
