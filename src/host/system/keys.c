/* SPDX-License-Identifier: MIT */
/* Public keys that derive from an enclave's seal key: it makes them. */
#include "system_u.h"

#include "oe/enclave.h"

#include <stdlib.h>
#include <string.h>

#define INFO_SIZE 512 /* a KEYREQUEST */
#define KEY_ROOM 512 /* more than a P-256 key's PEM needs */

/* The enclave's word on a size is believed within the room it had. */
static oe_result_t outcome(oe_result_t call, oe_result_t answer,
	size_t key_size, size_t info_size)
{
	/* The enclave does not import the function. */
	if (call == OE_NOT_FOUND)
		return OE_UNSUPPORTED;
	if (call)
		return call;
	if (answer)
		return answer;
	return key_size && key_size <= KEY_ROOM && info_size <= INFO_SIZE
		? OE_OK : OE_UNEXPECTED;
}

static uint8_t *copy(const uint8_t *from, size_t size)
{
	uint8_t *made = malloc(size);

	return made ? memcpy(made, from, size) : NULL;
}

oe_result_t oe_get_public_key_by_policy(oe_enclave_t *enclave,
	oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size)
{
	uint8_t key[KEY_ROOM], info[INFO_SIZE], *made, *made_info = NULL;
	oe_result_t result, answer = OE_UNEXPECTED;
	size_t key_size = 0, info_size = 0;

	if (!enclave || !key_params || !key_buffer || !key_buffer_size
			|| !key_info != !key_info_size)
		return OE_INVALID_PARAMETER;
	result = oe_get_public_key_by_policy_ecall(enclave, &answer,
		seal_policy, key_params, key, sizeof(key), &key_size, info,
		sizeof(info), &info_size);
	result = outcome(result, answer, key_size, info_size);
	if (result)
		return result;
	made = copy(key, key_size);
	if (key_info)
		made_info = copy(info, info_size);
	if (!made || (key_info && !made_info)) {
		free(made);
		free(made_info);
		return OE_OUT_OF_MEMORY;
	}
	*key_buffer = made;
	*key_buffer_size = key_size;
	if (key_info) {
		*key_info = made_info;
		*key_info_size = info_size;
	}
	return OE_OK;
}

oe_result_t oe_get_public_key(oe_enclave_t *enclave,
	const oe_asymmetric_key_params_t *key_params, const uint8_t *key_info,
	size_t key_info_size, uint8_t **key_buffer, size_t *key_buffer_size)
{
	uint8_t key[KEY_ROOM], *made;
	oe_result_t result, answer = OE_UNEXPECTED;
	size_t key_size = 0;

	if (!enclave || !key_params || !key_info || !key_buffer
			|| !key_buffer_size)
		return OE_INVALID_PARAMETER;
	result = oe_get_public_key_ecall(enclave, &answer, key_params,
		key_info, key_info_size, key, sizeof(key), &key_size);
	result = outcome(result, answer, key_size, 0);
	if (result)
		return result;
	made = copy(key, key_size);
	if (!made)
		return OE_OUT_OF_MEMORY;
	*key_buffer = made;
	*key_buffer_size = key_size;
	return OE_OK;
}

void oe_free_key(uint8_t *key_buffer, size_t key_buffer_size,
	uint8_t *key_info, size_t key_info_size)
{
	if (key_buffer)
		explicit_bzero(key_buffer, key_buffer_size);
	free(key_buffer);
	if (key_info)
		explicit_bzero(key_info, key_info_size);
	free(key_info);
}
