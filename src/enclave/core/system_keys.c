/* SPDX-License-Identifier: MIT */
/*
 * The ecalls of openenclave/edl/keys.edl: public halves only. What does not
 * fit into the host's buffer leaves the size that it needs.
 */
#include <openenclave/enclave.h>
#include <string.h>

#include "system_t.h"

static oe_result_t give(const void *data, size_t size, void *room,
	size_t room_size, size_t *size_out)
{
	if (size_out)
		*size_out = size;
	if (!room || room_size < size)
		return OE_BUFFER_TOO_SMALL;
	memcpy(room, data, size);
	return OE_OK;
}

oe_result_t oe_get_public_key_ecall(
	const oe_asymmetric_key_params_t *key_params, const void *key_info,
	size_t key_info_size, void *key_buffer, size_t key_buffer_size,
	size_t *key_buffer_size_out)
{
	uint8_t *key;
	size_t key_size;
	oe_result_t result = oe_get_public_key(key_params, key_info,
		key_info_size, &key, &key_size);

	if (result)
		return result;
	result = give(key, key_size, key_buffer, key_buffer_size,
		key_buffer_size_out);
	oe_free_key(key, key_size, NULL, 0);
	return result;
}

oe_result_t oe_get_public_key_by_policy_ecall(uint32_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, void *key_buffer,
	size_t key_buffer_size, size_t *key_buffer_size_out, void *key_info,
	size_t key_info_size, size_t *key_info_size_out)
{
	uint8_t *key, *info;
	size_t key_size, info_size;
	oe_result_t result, second;

	result = oe_get_public_key_by_policy(seal_policy, key_params, &key,
		&key_size, &info, &info_size);
	if (result)
		return result;
	result = give(key, key_size, key_buffer, key_buffer_size,
		key_buffer_size_out);
	second = give(info, info_size, key_info, key_info_size,
		key_info_size_out);
	oe_free_key(key, key_size, info, info_size);
	return result ? result : second;
}
