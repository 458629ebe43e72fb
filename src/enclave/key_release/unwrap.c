/* SPDX-License-Identifier: MIT */
#include "key_release/unwrap.h"

#include "key_release/encoding.h"
#include <errno.h>
#include <mbedtls/aes.h>
#include <stdlib.h>
#include <string.h>

#define HALF 8 /* bytes of a semiblock */
#define ROUNDS 6
#define WRAPPED_MAX 16384
#define KEY_SIZE 32

static const uint8_t initial[4] = {0xa6, 0x59, 0x59, 0xa6};

/* RFC 3394, 2.2.2, in place: a is what the initial value comes out of. */
static int unwind(mbedtls_aes_context *aes, uint8_t a[HALF], uint8_t *r,
	size_t count)
{
	uint8_t block[2 * HALF];

	for (int j = ROUNDS - 1; j >= 0; j--) {
		for (size_t i = count; i; i--) {
			uint64_t t = (uint64_t)j * count + i;

			memcpy(block, a, HALF);
			for (int k = 0; k < HALF; k++)
				block[k] ^= (uint8_t)(t >> (56 - 8 * k));
			memcpy(block + HALF, r + HALF * (i - 1), HALF);
			if (mbedtls_aes_crypt_ecb(aes, MBEDTLS_AES_DECRYPT,
					block, block))
				return -EBADMSG;
			memcpy(a, block, HALF);
			memcpy(r + HALF * (i - 1), block + HALF, HALF);
		}
	}
	encoding_wipe(block, sizeof(block));
	return 0;
}

/* Is a RFC 5649's initial value for so many bytes, and is the rest zero? */
static int check(const uint8_t a[HALF], const uint8_t *r, size_t room,
	size_t *size)
{
	size_t length = (size_t)a[4] << 24 | (size_t)a[5] << 16 |
		(size_t)a[6] << 8 | a[7];
	uint8_t rest = 0;

	if (memcmp(a, initial, sizeof(initial)) || !length || length > room ||
			length + HALF <= room)
		return -EBADMSG;
	for (size_t i = length; i < room; i++)
		rest |= r[i];
	*size = length;
	return rest ? -EBADMSG : 0;
}

int unwrap_aes(const uint8_t *key, size_t key_size, const uint8_t *wrapped,
	size_t wrapped_size, uint8_t **plain, size_t *size)
{
	mbedtls_aes_context aes;
	uint8_t a[HALF], block[2 * HALF], *bytes;
	size_t room = wrapped_size - HALF;
	int r = -EBADMSG;

	if (wrapped_size < 2 * HALF || wrapped_size % HALF ||
			wrapped_size > WRAPPED_MAX)
		return -EBADMSG;
	bytes = calloc(1, room + 1);
	if (!bytes)
		return -ENOMEM;
	mbedtls_aes_init(&aes);
	if (mbedtls_aes_setkey_dec(&aes, key, (unsigned)key_size * 8))
		goto out;
	if (room == HALF) {
		r = mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_DECRYPT, wrapped,
			block) ? -EBADMSG : 0;
		memcpy(a, block, HALF);
		memcpy(bytes, block + HALF, HALF);
	} else {
		memcpy(a, wrapped, HALF);
		memcpy(bytes, wrapped + HALF, room);
		r = unwind(&aes, a, bytes, room / HALF);
	}
	if (!r)
		r = check(a, bytes, room, size);
out:
	encoding_wipe(block, sizeof(block));
	mbedtls_aes_free(&aes);
	if (r) {
		encoding_wipe(bytes, room);
		free(bytes);
		return r;
	}
	*plain = bytes;
	return 0;
}

int unwrap_key(mbedtls_rsa_context *rsa,
	int (*random)(void *context, unsigned char *bytes, size_t size),
	void *context, const uint8_t *wrapped, size_t wrapped_size,
	uint8_t **plain, size_t *size)
{
	size_t modulus = mbedtls_rsa_get_len(rsa), n = 0;
	uint8_t key[KEY_SIZE];
	int r = -EBADMSG;

	if (wrapped_size <= modulus)
		return -EBADMSG;
	if (!mbedtls_rsa_rsaes_oaep_decrypt(rsa, random, context,
			MBEDTLS_RSA_PRIVATE, NULL, 0, &n, wrapped, key,
			sizeof(key)) && n == sizeof(key))
		r = unwrap_aes(key, sizeof(key), wrapped + modulus,
			wrapped_size - modulus, plain, size);
	encoding_wipe(key, sizeof(key));
	return r;
}
