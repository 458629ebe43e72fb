/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <openenclave/enclave.h>
#include <string.h>

#define MAGIC "CoffLdg1"
#define TAG 16u

struct header {
	uint8_t magic[8];
	char name[RECORD_NAME];
	uint8_t salt[32];
	struct ledger_point before;
};
_Static_assert(sizeof(struct header) + TAG == RECORD_OVERHEAD, "see record.h");

static const uint8_t nonce[12];

static bool prepare(mbedtls_gcm_context *gcm, const uint8_t key[RECORD_KEY],
	const struct header *h)
{
	static const unsigned char label[] = "failover record 1";
	uint8_t own[RECORD_KEY];
	bool good = !mbedtls_hkdf(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
			h->salt, sizeof(h->salt), key, RECORD_KEY, label,
			sizeof(label) - 1, own, sizeof(own)) &&
		!mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, own, 256);

	mbedtls_platform_zeroize(own, sizeof(own));
	return good;
}

size_t record_seal(const uint8_t key[RECORD_KEY], const char *name,
	const struct ledger *l, const struct ledger_point *before,
	uint8_t *record)
{
	struct header h = { .magic = MAGIC, .before = *before };
	size_t size = ledger_size(l);
	mbedtls_gcm_context gcm;
	bool good;

	strncpy(h.name, name, RECORD_NAME - 1);
	mbedtls_gcm_init(&gcm);
	good = oe_random(h.salt, sizeof(h.salt)) == OE_OK &&
		prepare(&gcm, key, &h) &&
		!mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size,
			nonce, sizeof(nonce), (const uint8_t *)&h, sizeof(h),
			(const uint8_t *)l, record + sizeof(h), TAG,
			record + sizeof(h) + size);
	mbedtls_gcm_free(&gcm);
	memcpy(record, &h, sizeof(h));
	return good ? size + RECORD_OVERHEAD : 0;
}

bool record_open(const uint8_t key[RECORD_KEY], const char *name,
	const uint8_t *record, size_t size, struct ledger *l,
	struct ledger_point *before)
{
	static uint8_t text[LEDGER_SIZE_MAX]; /* one caller at a time */
	char padded[RECORD_NAME] = "";
	mbedtls_gcm_context gcm;
	struct header h;
	bool good;

	if (size <= RECORD_OVERHEAD || size > RECORD_MAX)
		return false;
	size -= RECORD_OVERHEAD;
	memcpy(&h, record, sizeof(h));
	strncpy(padded, name, RECORD_NAME - 1);
	if (memcmp(h.magic, MAGIC, sizeof(h.magic)) ||
		memcmp(h.name, padded, RECORD_NAME))
		return false;
	mbedtls_gcm_init(&gcm);
	good = prepare(&gcm, key, &h) && !mbedtls_gcm_auth_decrypt(&gcm, size,
			nonce, sizeof(nonce), (const uint8_t *)&h, sizeof(h),
			record + sizeof(h) + size, TAG, record + sizeof(h),
			text) && ledger_read(l, text, size);
	mbedtls_gcm_free(&gcm);
	*before = h.before;
	return good;
}
