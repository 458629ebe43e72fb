/* SPDX-License-Identifier: MIT */
/* What a program may do wrong, and plug-ins of its own. */
#include "seal_t.h"

#include <openenclave/corelibc/stdlib.h>
#include <openenclave/enclave.h>
#include <openenclave/sgx/seal.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			return __LINE__; \
	} while (0)

/* One that only adds a byte in front, its own. */
static oe_result_t mark(uint8_t byte, const uint8_t *plaintext, size_t size,
	uint8_t **blob, size_t *blob_size)
{
	*blob = oe_malloc(size + 1);
	**blob = byte;
	memcpy(*blob + 1, plaintext, size);
	*blob_size = size + 1;
	return OE_OK;
}

static oe_result_t unmark(uint8_t byte, const uint8_t *blob, size_t blob_size,
	uint8_t **plaintext, size_t *size)
{
	if (*blob != byte)
		return OE_FAILURE;
	*size = blob_size - 1;
	*plaintext = oe_malloc(*size);
	memcpy(*plaintext, blob + 1, *size);
	return OE_OK;
}

#define PLUGIN(NAME, BYTE) \
	static oe_result_t NAME##_seal(const oe_seal_setting_t *s, size_t n, \
		const uint8_t *p, size_t p_size, const uint8_t *a, \
		size_t a_size, uint8_t **b, size_t *b_size) \
	{ \
		return mark(BYTE, p, p_size, b, b_size); \
	} \
	static oe_result_t NAME##_unseal(const uint8_t *b, size_t b_size, \
		const uint8_t *a, size_t a_size, uint8_t **p, size_t *p_size) \
	{ \
		return unmark(BYTE, b, b_size, p, p_size); \
	} \
	static const oe_seal_plugin_definition_t NAME = { \
		{ { BYTE, 7 } }, NAME##_seal, NAME##_unseal }

PLUGIN(one, '1');
PLUGIN(two, '2');

static const uint8_t text[] = "text";
static uint8_t *blob;
static size_t size;

static oe_result_t try(const oe_uuid_t *id)
{
	oe_free(blob);
	return oe_seal(id, NULL, 0, text, sizeof(text), NULL, 0, &blob, &size);
}

static int plugins(void)
{
	static oe_seal_plugin_definition_t many[16] = {
		[0 ... 15] = { .seal = one_seal, .unseal = one_unseal }
	};
	const oe_uuid_t *gcm = &oe_seal_plugin_gcm_aes.id, none = { { 9 } };
	uint8_t *back;
	size_t back_size;

	CHECK(oe_register_seal_plugin(NULL, true) == OE_INVALID_PARAMETER);
	CHECK(oe_unregister_seal_plugin(NULL) == OE_INVALID_PARAMETER);
	CHECK(oe_unregister_seal_plugin(&none) == OE_NOT_FOUND);

	/* It has registered itself, and stays the default. */
	CHECK(try(NULL) == OE_OK && size == 560 + sizeof(text));
	CHECK(oe_register_seal_plugin(&one, false) == OE_OK);
	CHECK(try(NULL) == OE_OK && size == 560 + sizeof(text));
	CHECK(try(&one.id) == OE_OK && size == 1 + sizeof(text)
		&& blob[0] == '1');
	CHECK(try(&two.id) == OE_NOT_FOUND && !blob && !size);
	CHECK(oe_register_seal_plugin(&two, true) == OE_OK);
	CHECK(try(NULL) == OE_OK && blob[0] == '2');
	CHECK(try(gcm) == OE_OK && size == 560 + sizeof(text));

	/* Each opens its own, whichever is the default. */
	CHECK(oe_unseal(blob, size, NULL, 0, &back, &back_size) == OE_OK);
	CHECK(back_size == sizeof(text) && !memcmp(back, text, sizeof(text)));
	oe_free(back);
	CHECK(try(&one.id) == OE_OK);
	CHECK(oe_unseal(blob, size, NULL, 0, &back, &back_size) == OE_OK);
	CHECK(back_size == sizeof(text) && !memcmp(back, text, sizeof(text)));
	oe_free(back);
	CHECK(oe_unregister_seal_plugin(&one.id) == OE_OK);
	CHECK(oe_unseal(blob, size, NULL, 0, &back, &back_size)
		== OE_UNSUPPORTED);
	CHECK(oe_unregister_seal_plugin(&two.id) == OE_OK);

	/* Again, it becomes the default. */
	CHECK(oe_register_seal_plugin(&one, true) == OE_OK);
	CHECK(oe_register_seal_plugin(&oe_seal_plugin_gcm_aes, true) == OE_OK);
	CHECK(try(NULL) == OE_OK && size == 560 + sizeof(text));

	/* 16 and no more; one in the place of another with its id is none
	 * more. */
	for (int i = 0; i < 16; i++) {
		memcpy((void *)&many[i].id, &(oe_uuid_t){ { 100 + i } }, 16);
		CHECK(oe_register_seal_plugin(&many[i], false)
			== (i < 14 ? OE_OK : OE_OUT_OF_MEMORY));
	}
	CHECK(oe_register_seal_plugin(&many[3], false) == OE_OK);
	for (int i = 0; i < 14; i++)
		CHECK(oe_unregister_seal_plugin(&many[i].id) == OE_OK);
	CHECK(oe_unregister_seal_plugin(&one.id) == OE_OK);
	CHECK(oe_unregister_seal_plugin(gcm) == OE_OK);
	CHECK(try(NULL) == OE_NOT_FOUND);
	CHECK(oe_register_seal_plugin(&oe_seal_plugin_gcm_aes, false) == OE_OK);
	CHECK(try(NULL) == OE_OK && size == 560 + sizeof(text));
	return 0;
}

static int parameters(uint8_t *outside)
{
	oe_seal_setting_t settings[] = {
		OE_SEAL_SET_POLICY(OE_SEAL_POLICY_UNIQUE),
		OE_SEAL_SET_IV(outside, 12),
	};
	uint8_t *back = (uint8_t *)1;
	size_t back_size = 1;

#define SEAL(...) oe_seal(NULL, __VA_ARGS__, &blob, &size)
	CHECK(try(NULL) == OE_OK);
	CHECK(oe_unseal(blob, size, NULL, 0, NULL, NULL) == OE_OK);
	CHECK(oe_unseal(blob, size, NULL, 0, &back, NULL)
		== OE_INVALID_PARAMETER && !back);
	CHECK(oe_unseal(blob, size, NULL, 0, NULL, &back_size)
		== OE_INVALID_PARAMETER && !back_size);
	CHECK(oe_unseal(NULL, 0, NULL, 0, NULL, NULL)
		== OE_INVALID_PARAMETER);
	CHECK(oe_unseal(NULL, 600, NULL, 0, NULL, NULL)
		== OE_INVALID_PARAMETER);
	CHECK(oe_unseal(blob, SIZE_MAX, NULL, 0, NULL, NULL)
		== OE_INVALID_PARAMETER);
	CHECK(oe_unseal(blob, size, outside, 4, NULL, NULL)
		== OE_INVALID_PARAMETER);
	CHECK(oe_unseal(blob, size, NULL, 4, NULL, NULL)
		== OE_INVALID_PARAMETER);
	oe_free(blob);

	CHECK(SEAL(NULL, 0, NULL, 0, NULL, 0) == OE_OK && size == 560);
	CHECK(oe_unseal(blob, size, NULL, 0, &back, &back_size) == OE_OK);
	CHECK(back && !back_size);
	oe_free(back);
	oe_free(blob);
	CHECK(SEAL(settings, 1, text, 4, text, 4) == OE_OK && size == 564);
	oe_free(blob);
	CHECK(SEAL(NULL, 1, text, 4, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(settings, 0, text, 4, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(settings, SIZE_MAX / 8, text, 4, NULL, 0)
		== OE_INVALID_PARAMETER);
	CHECK(SEAL((oe_seal_setting_t *)outside, 1, text, 4, NULL, 0)
		== OE_INVALID_PARAMETER);
	CHECK(SEAL(settings, 2, text, 4, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(NULL, 0, NULL, 4, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(NULL, 0, text, 0, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(NULL, 0, outside, 4, NULL, 0) == OE_INVALID_PARAMETER);
	CHECK(SEAL(NULL, 0, text, 4, outside, 4) == OE_INVALID_PARAMETER);
	CHECK(SEAL(NULL, 0, text, 4, NULL, 4) == OE_INVALID_PARAMETER);
	CHECK(!blob && !size);
	CHECK(oe_seal(NULL, NULL, 0, text, 4, NULL, 0, NULL, &size)
		== OE_INVALID_PARAMETER);
	CHECK(oe_seal(NULL, NULL, 0, text, 4, NULL, 0, &blob, NULL)
		== OE_INVALID_PARAMETER);
	return 0;
}

static int keys(void)
{
	oe_asymmetric_key_params_t params = { OE_ASYMMETRIC_KEY_EC_SECP256P1,
		OE_ASYMMETRIC_KEY_PEM, NULL, 0 };
	uint8_t *key, *info;
	size_t key_size, info_size;

	CHECK(oe_get_public_key_by_policy(OE_SEAL_POLICY_UNIQUE, NULL, &key,
		&key_size, NULL, NULL) == OE_INVALID_PARAMETER);
	CHECK(oe_get_public_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params, NULL,
		&key_size, NULL, NULL) == OE_INVALID_PARAMETER);
	CHECK(oe_get_public_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params, &key,
		NULL, NULL, NULL) == OE_INVALID_PARAMETER);
	CHECK(oe_get_private_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params,
		&key, &key_size, &info, NULL) == OE_INVALID_PARAMETER);
	CHECK(oe_get_private_key_by_policy(OE_SEAL_POLICY_UNIQUE, &params,
		&key, &key_size, NULL, &info_size) == OE_INVALID_PARAMETER);
	CHECK(oe_get_private_key_by_policy(3, &params, &key, &key_size, NULL,
		NULL) == OE_INVALID_PARAMETER && !key && !key_size);
	CHECK(oe_get_private_key(&params, NULL, 512, &key, &key_size)
		== OE_INVALID_PARAMETER);
	oe_free_key(NULL, 0, NULL, 0);
	return 0;
}

int sl_check(uint8_t *outside)
{
	int line = parameters(outside);

	if (!line)
		line = plugins();
	return line ? line : keys();
}
