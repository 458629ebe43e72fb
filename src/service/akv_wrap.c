/* SPDX-License-Identifier: MIT */
#include "service/akv_wrap.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define AES_SIZE 32

const EVP_MD *akv_wrap_hash(const char *enc)
{
	if (!strcmp(enc, "CKM_RSA_AES_KEY_WRAP"))
		return EVP_sha1();
	if (!strcmp(enc, "RSA_AES_KEY_WRAP_256"))
		return EVP_sha256();
	if (!strcmp(enc, "RSA_AES_KEY_WRAP_384"))
		return EVP_sha384();
	return NULL;
}

static const EVP_CIPHER *wrap_cipher(size_t key_size, bool padded)
{
	switch (key_size) {
	case 16:
		return padded ? EVP_aes_128_wrap_pad() : EVP_aes_128_wrap();
	case 24:
		return padded ? EVP_aes_192_wrap_pad() : EVP_aes_192_wrap();
	case 32:
		return padded ? EVP_aes_256_wrap_pad() : EVP_aes_256_wrap();
	}
	return NULL;
}

static int aes(bool encrypt, const uint8_t *key, size_t key_size, bool padded,
	const void *in, size_t size, uint8_t **out, size_t *out_size)
{
	const EVP_CIPHER *cipher = wrap_cipher(key_size, padded);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t *bytes = OPENSSL_malloc(size + 16);
	int done = 0, last = 0, r = encrypt ? -EINVAL : -EBADMSG;

	if (!context || !bytes) {
		r = -ENOMEM;
		goto out;
	}
	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (!cipher || !size || size > INT32_MAX - 16 ||
			EVP_CipherInit_ex(context, cipher, NULL, key, NULL,
				encrypt) != 1 ||
			EVP_CipherUpdate(context, bytes, &done, in,
				(int)size) != 1 || done <= 0 ||
			EVP_CipherFinal_ex(context, bytes + done, &last) != 1)
		goto out;
	*out = bytes;
	*out_size = (size_t)done + (size_t)last;
	bytes = NULL;
	r = 0;
out:
	OPENSSL_clear_free(bytes, size + 16);
	EVP_CIPHER_CTX_free(context);
	return r;
}

int akv_aes_wrap(const uint8_t *key, size_t key_size, bool padded,
	const void *plain, size_t size, uint8_t **out, size_t *out_size)
{
	return aes(true, key, key_size, padded, plain, size, out, out_size);
}

int akv_aes_unwrap(const uint8_t *key, size_t key_size, bool padded,
	const uint8_t *wrapped, size_t size, uint8_t **out, size_t *out_size)
{
	return aes(false, key, key_size, padded, wrapped, size, out,
		out_size);
}

int akv_rsa(EVP_PKEY *rsa, bool encrypt, const EVP_MD *hash, const void *in,
	size_t size, uint8_t **out, size_t *out_size)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa, NULL);
	size_t room = (size_t)EVP_PKEY_get_size(rsa), n = room;
	uint8_t *bytes = OPENSSL_malloc(room ? room : 1);
	int r = encrypt ? -EINVAL : -EBADMSG;

	if (!context || !bytes) {
		r = -ENOMEM;
		goto out;
	}
	if ((encrypt ? EVP_PKEY_encrypt_init(context)
		     : EVP_PKEY_decrypt_init(context)) != 1 ||
			EVP_PKEY_CTX_set_rsa_padding(context, hash ?
				RSA_PKCS1_OAEP_PADDING :
				RSA_PKCS1_PADDING) != 1)
		goto out;
	if (hash && (EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) != 1 ||
			EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) != 1))
		goto out;
	if ((encrypt ? EVP_PKEY_encrypt(context, bytes, &n, in, size)
		     : EVP_PKEY_decrypt(context, bytes, &n, in, size)) != 1)
		goto out;
	*out = bytes;
	*out_size = n;
	bytes = NULL;
	r = 0;
out:
	OPENSSL_clear_free(bytes, room);
	EVP_PKEY_CTX_free(context);
	return r;
}

int akv_wrap(EVP_PKEY *rsa, const EVP_MD *hash, const void *material,
	size_t size, uint8_t **out, size_t *out_size)
{
	uint8_t key[AES_SIZE], *first = NULL, *second = NULL, *both = NULL;
	size_t first_size = 0, second_size = 0;
	int r = -EIO;

	if (RAND_priv_bytes(key, sizeof(key)) == 1)
		r = akv_rsa(rsa, true, hash, key, sizeof(key), &first,
			&first_size);
	if (!r)
		r = akv_aes_wrap(key, sizeof(key), true, material, size,
			&second, &second_size);
	OPENSSL_cleanse(key, sizeof(key));
	if (!r) {
		both = malloc(first_size + second_size);
		r = both ? 0 : -ENOMEM;
	}
	if (!r) {
		memcpy(both, first, first_size);
		memcpy(both + first_size, second, second_size);
		*out = both;
		*out_size = first_size + second_size;
	}
	OPENSSL_free(first);
	OPENSSL_free(second);
	return r;
}

int akv_unwrap(EVP_PKEY *rsa, const EVP_MD *hash, const uint8_t *wrapped,
	size_t size, uint8_t **out, size_t *out_size)
{
	size_t modulus = (size_t)EVP_PKEY_get_size(rsa), key_size;
	uint8_t *key = NULL;
	int r;

	if (size <= modulus)
		return -EBADMSG;
	r = akv_rsa(rsa, false, hash, wrapped, modulus, &key, &key_size);
	if (r)
		return r;
	r = key_size == AES_SIZE ? akv_aes_unwrap(key, key_size, true,
		wrapped + modulus, size - modulus, out, out_size) : -EBADMSG;
	OPENSSL_clear_free(key, key_size);
	return r;
}
