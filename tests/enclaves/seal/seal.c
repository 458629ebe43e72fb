/* SPDX-License-Identifier: MIT */
/* Seals and opens as the host asks. */
#include "seal_t.h"

#include <openenclave/corelibc/stdlib.h>
#include <openenclave/enclave.h>
#include <openenclave/sgx/seal.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SETTINGS 8

oe_result_t sl_seal(const sl_setting *settings, size_t count,
	const uint8_t *text, size_t size, const uint8_t *aad, size_t aad_size,
	uint8_t *blob, size_t room, size_t *blob_size)
{
	oe_seal_setting_t all[MOST_SETTINGS];
	uint8_t *made;
	oe_result_t result;

	if (count > MOST_SETTINGS)
		return OE_OUT_OF_BOUNDS;
	for (size_t i = 0; i < count; i++) {
		all[i].type = settings[i].type;
		all[i].size = settings[i].size;
		if (settings[i].size)
			all[i].value.p = settings[i].bytes;
		else
			all[i].value.q = settings[i].value;
	}
	result = oe_seal(NULL, count ? all : NULL, count, text, size, aad,
		aad_size, &made, blob_size);
	if (result)
		return result;
	if (*blob_size > room)
		result = OE_BUFFER_TOO_SMALL;
	else
		memcpy(blob, made, *blob_size);
	oe_free(made);
	return result;
}

static oe_result_t give(oe_result_t result, uint8_t *made, size_t size,
	uint8_t *text, size_t room)
{
	if (result)
		return made || size ? OE_UNEXPECTED : result;
	if (size > room)
		result = OE_BUFFER_TOO_SMALL;
	else
		memcpy(text, made, size);
	oe_free(made);
	return result;
}

oe_result_t sl_unseal(const uint8_t *blob, size_t blob_size,
	const uint8_t *aad, size_t aad_size, uint8_t *text, size_t room,
	size_t *size)
{
	uint8_t *made;
	oe_result_t result = oe_unseal(blob, blob_size, aad, aad_size, &made,
		size);

	return give(result, made, *size, text, room);
}

oe_result_t sl_unseal_outside(const uint8_t *blob, size_t blob_size,
	uint8_t *text, size_t room, size_t *size)
{
	uint8_t *made;
	oe_result_t result;

	if (!oe_is_outside_enclave(blob, blob_size))
		return OE_UNEXPECTED;
	result = oe_unseal(blob, blob_size, NULL, 0, &made, size);
	return give(result, made, *size, text, room);
}

int64_t sl_flip(const uint8_t *blob, size_t blob_size, const uint8_t *aad,
	size_t aad_size)
{
	uint8_t *changed = malloc(blob_size), *made;
	int64_t found = -1;
	size_t size;

	memcpy(changed, blob, blob_size);
	for (size_t i = 0; i < 8 * blob_size && found < 0; i++) {
		changed[i / 8] ^= 1 << i % 8;
		if (oe_unseal(changed, blob_size, aad, aad_size, &made, &size)
				!= OE_UNSUPPORTED)
			found = (int64_t)i;
		changed[i / 8] ^= 1 << i % 8;
	}
	/* Shorter and longer ones as well. */
	for (size_t n = 1; n < blob_size && found < 0; n++)
		if (oe_unseal(changed, n, aad, aad_size, &made, &size)
				!= OE_UNSUPPORTED)
			found = (int64_t)(8 * blob_size + n);
	free(changed);
	return found;
}

oe_result_t sl_raw_key(const uint8_t *request, uint8_t *key)
{
	uint8_t *made;
	size_t size;
	oe_result_t result = oe_get_seal_key(request, 512, &made, &size);

	if (result)
		return result;
	memcpy(key, made, 16);
	oe_free_seal_key(made, NULL);
	return size == 16 ? OE_OK : OE_UNEXPECTED;
}

static oe_result_t tell(uint8_t *key, size_t size, char *text)
{
	if (size > 512 || strlen((char *)key) + 1 != size)
		return OE_UNEXPECTED;
	memcpy(text, key, size);
	oe_free_key(key, size, NULL, 0);
	return OE_OK;
}

oe_result_t sl_key(int policy, int type, int format, const uint8_t *data,
	size_t data_size, char *public_half, char *private_half, uint8_t *info)
{
	oe_asymmetric_key_params_t params = { type, format, (void *)data,
		data_size };
	uint8_t *key, *made_info;
	size_t size, info_size;
	oe_result_t result;

	result = oe_get_public_key_by_policy(policy, &params, &key, &size,
		NULL, NULL);
	if (result)
		return result;
	result = tell(key, size, public_half);
	if (result)
		return result;
	result = oe_get_private_key_by_policy(policy, &params, &key, &size,
		&made_info, &info_size);
	if (result)
		return result;
	if (info_size != 512)
		return OE_UNEXPECTED;
	memcpy(info, made_info, 512);
	oe_free_key(NULL, 0, made_info, info_size);
	return tell(key, size, private_half);
}

oe_result_t sl_key_again(const uint8_t *data, size_t data_size,
	const uint8_t *info, size_t info_size, char *public_half,
	char *private_half)
{
	oe_asymmetric_key_params_t params = { OE_ASYMMETRIC_KEY_EC_SECP256P1,
		OE_ASYMMETRIC_KEY_PEM, (void *)data, data_size };
	uint8_t *key;
	size_t size;
	oe_result_t result;

	result = oe_get_public_key(&params, info, info_size, &key, &size);
	if (!result)
		result = tell(key, size, public_half);
	if (!result)
		result = oe_get_private_key(&params, info, info_size, &key,
			&size);
	return result ? result : tell(key, size, private_half);
}

oe_result_t sl_speed(size_t size, int rounds, int open)
{
	uint8_t *text = calloc(1, size), *blob = NULL, *made;
	size_t blob_size = 0, made_size;
	oe_result_t result = OE_OK;

	if (open)
		result = oe_seal(NULL, NULL, 0, text, size, NULL, 0, &blob,
			&blob_size);
	for (int i = 0; i < rounds && !result; i++) {
		if (open)
			result = oe_unseal(blob, blob_size, NULL, 0, &made,
				&made_size);
		else
			result = oe_seal(NULL, NULL, 0, text, size, NULL, 0,
				&made, &made_size);
		if (!result)
			oe_free(made);
	}
	oe_free(blob);
	free(text);
	return result;
}
