/* SPDX-License-Identifier: MIT */
/*
 * What the box proves: to the key service, that it may have the key; to the
 * owner, that a result is its own.
 */
#include "box.h"
#include "box_crypto.h"
#include "../stats.h"

#include <coffer/key_release.h>
#include <coffer/protected_code.h>
#include <openenclave/attestation/attester.h>
#include <openenclave/attestation/sgx/evidence.h>
#include <openenclave/enclave.h>
#include <stdio.h>
#include <string.h>

/* Whom the owner trusts with keys and tokens: written into the image before it
 * is signed, so it is part of what is measured. */
__attribute__((section(BOX_PIN_SECTION), used)) static volatile const uint8_t
	g_pins[2][COFFER_PIN_SIZE] = { { 0 } };

/* The half of the code that the owner keeps to itself needs a key, too. */
static enum box_status unlock(const uint8_t key[BOX_KEY_SIZE], char *reason,
	size_t reason_size)
{
	uint8_t code_key[COFFER_PROTECTED_KEY_SIZE];
	enum box_status status = BOX_OK;
	oe_result_t result;

	if (!box_crypto_derive(key, BOX_LABEL_CODE, code_key))
		return BOX_CRYPTO_FAILED;
	result = coffer_unlock_code(code_key, sizeof(code_key));
	box_wipe(code_key, sizeof(code_key));
	if (result != OE_OK) {
		snprintf(reason, reason_size, "the key does not open the "
			"protected code: %s", oe_result_str(result));
		status = BOX_NOT_AUTHENTIC;
	}
	return status;
}

enum box_status box_fetch_key(const char *attest_url, const char *vault_url,
	const char *name, char *reason, size_t reason_size)
{
	struct coffer_key_request request = { .attest_url = attest_url,
		.vault_url = vault_url, .name = name, .reason = reason,
		.reason_size = reason_size };
	enum box_status status = BOX_NOT_RELEASED;
	oe_result_t result;
	uint8_t *key = NULL;
	size_t size = 0;

	if (!attest_url || !vault_url || !name || !reason || !reason_size)
		return BOX_BAD_MESSAGE;
	memset(reason, 0, reason_size);
	if (box_has_key())
		return BOX_BAD_ORDER;
	for (size_t i = 0; i < COFFER_PIN_SIZE; i++) {
		request.service_pin[i] = g_pins[0][i];
		request.attest_pin[i] = g_pins[1][i];
	}
	result = coffer_key_release(&request, &key, &size);
	if (result != OE_OK) {
		if (!reason[0])
			snprintf(reason, reason_size, "%s",
				oe_result_str(result));
		return status;
	}
	if (size == BOX_KEY_SIZE) {
		status = unlock(key, reason, reason_size);
		if (status == BOX_OK)
			status = box_take_key(key);
	}
	coffer_key_free(key, size);
	return status;
}

enum box_status box_prove(const uint8_t *sealed, size_t sealed_size,
	uint8_t *evidence, size_t capacity, size_t *written)
{
	static const oe_uuid_t format = { OE_FORMAT_UUID_SGX_ECDSA };
	uint8_t claims[sizeof(BOX_LABEL_EVIDENCE) - 1 + BOX_HASH_SIZE];
	enum box_status status = BOX_NOT_PROVEN;
	uint8_t *made = NULL;
	size_t size = 0;

	if (!written)
		return BOX_BAD_MESSAGE;
	*written = 0;
	if (!sealed || !sealed_size || !evidence)
		return BOX_BAD_MESSAGE;
	memcpy(claims, BOX_LABEL_EVIDENCE, sizeof(BOX_LABEL_EVIDENCE) - 1);
	if (!box_crypto_hash(sealed, sealed_size,
		claims + sizeof(BOX_LABEL_EVIDENCE) - 1))
		return BOX_CRYPTO_FAILED;
	if (oe_attester_initialize() != OE_OK)
		return status;
	if (oe_get_evidence(&format, OE_EVIDENCE_FLAGS_EMBED_FORMAT_ID, claims,
		sizeof(claims), NULL, 0, &made, &size, NULL, NULL) == OE_OK) {
		status = size <= capacity ? BOX_OK : BOX_TOO_BIG;
		if (status == BOX_OK) {
			memcpy(evidence, made, size);
			*written = size;
		}
		oe_free_evidence(made);
	}
	oe_attester_shutdown();
	return status;
}
