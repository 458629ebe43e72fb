/* SPDX-License-Identifier: MIT */
#include "bench_crypto.h"
#include "cli.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096
#define TAG 16

struct bench_crypto {
	EVP_CIPHER_CTX *seal, *open;
	uint64_t version;
	uint8_t metadata[128];
	uint8_t plain[PAGE], sealed[PAGE], opened[PAGE];
};

static EVP_CIPHER_CTX *context_new(bool seal)
{
	static const uint8_t key[16] = { 0x4c, 0x1f, 0x93 };
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	if (context && EVP_CipherInit_ex2(context, EVP_aes_128_gcm(), key,
			NULL, seal, NULL) == 1)
		return context;
	EVP_CIPHER_CTX_free(context);
	return NULL;
}

struct bench_crypto *bench_crypto_new(void)
{
	struct bench_crypto *c = calloc(1, sizeof(*c));

	if (c) {
		c->seal = context_new(true);
		c->open = context_new(false);
	}
	if (!c || !c->seal || !c->open) {
		cli_error("libcrypto's AES-128-GCM failed");
		bench_crypto_free(c);
		return NULL;
	}
	for (unsigned int i = 0; i < PAGE; i++)
		c->plain[i] = (uint8_t)(i * 2654435761u >> 13);
	return c;
}

static bool out(struct bench_crypto *c, const uint8_t iv[12], uint8_t *tag)
{
	int n;

	return EVP_CipherInit_ex2(c->seal, NULL, NULL, iv, -1, NULL) == 1 &&
		EVP_CipherUpdate(c->seal, NULL, &n, c->metadata,
			sizeof(c->metadata)) == 1 &&
		EVP_CipherUpdate(c->seal, c->sealed, &n, c->plain, PAGE) == 1 &&
		EVP_CipherFinal_ex(c->seal, c->sealed + n, &n) == 1 &&
		EVP_CIPHER_CTX_ctrl(c->seal, EVP_CTRL_AEAD_GET_TAG, TAG,
			tag) == 1;
}

static bool in(struct bench_crypto *c, const uint8_t iv[12], uint8_t *tag)
{
	int n;

	return EVP_CipherInit_ex2(c->open, NULL, NULL, iv, -1, NULL) == 1 &&
		EVP_CipherUpdate(c->open, NULL, &n, c->metadata,
			sizeof(c->metadata)) == 1 &&
		EVP_CIPHER_CTX_ctrl(c->open, EVP_CTRL_AEAD_SET_TAG, TAG,
			tag) == 1 &&
		EVP_CipherUpdate(c->open, c->opened, &n, c->sealed, PAGE) == 1 &&
		EVP_CipherFinal_ex(c->open, c->opened + n, &n) == 1;
}

bool bench_crypto_batch(void *crypto, uint64_t count)
{
	struct bench_crypto *c = crypto;
	bool ok = true;

	while (ok && count--) {
		uint8_t iv[12] = { 0 }, tag[TAG];

		c->version++;
		memcpy(iv, &c->version, sizeof(c->version));
		ok = out(c, iv, tag) && in(c, iv, tag);
	}
	ok = ok && !memcmp(c->plain, c->opened, PAGE);
	if (!ok)
		cli_error("libcrypto's AES-128-GCM failed");
	return ok;
}

void bench_crypto_free(struct bench_crypto *c)
{
	if (!c)
		return;
	EVP_CIPHER_CTX_free(c->seal);
	EVP_CIPHER_CTX_free(c->open);
	free(c);
}
