/* SPDX-License-Identifier: MIT */
/*
 * Key pairs that derive from seal keys, as the Open Enclave SDK's do: d is
 * HMAC-SHA256(seal key, 00000001 || user data), which is NIST SP 800-108 in
 * counter mode; while that is no private key, it takes the seal key's place.
 */
#include "../crypto/crypto.h"

#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

/* Of the crypto library, if there is one. */
#pragma weak crypto_hmac_sha256
#pragma weak crypto_p256_pem

/* What the program wants. */
struct wish {
	const oe_asymmetric_key_params_t *params;
	bool private_half;
};

/* The order of P-256. */
static const uint8_t order[32] = {
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

/* Between 1 and the order less 1. Without a branch on the key. */
static bool is_private_key(const uint8_t d[32])
{
	unsigned borrow = 0, any = 0;

	for (int i = 31; i >= 0; i--) {
		borrow = ((unsigned)d[i] - order[i] - borrow) >> 31;
		any |= d[i];
	}
	return borrow && any;
}

static oe_result_t derive(const uint8_t *seal_key, size_t seal_key_size,
	const oe_asymmetric_key_params_t *params, uint8_t d[32])
{
	size_t data_size = params->user_data ? params->user_data_size : 0;
	uint8_t *input, previous[32];
	bool ok;

	if (data_size > SIZE_MAX - 4)
		return OE_INVALID_PARAMETER;
	input = malloc(4 + data_size);
	if (!input)
		return OE_OUT_OF_MEMORY;
	memcpy(input, "\0\0\0\1", 4);
	if (data_size)
		memcpy(input + 4, params->user_data, data_size);
	ok = crypto_hmac_sha256(seal_key, seal_key_size, input, 4 + data_size, d);
	while (ok && !is_private_key(d)) {
		memcpy(previous, d, 32);
		ok = crypto_hmac_sha256(previous, 32, input, 4 + data_size, d);
	}
	explicit_bzero(previous, sizeof(previous));
	free(input);
	return ok ? OE_OK : OE_CRYPTO_ERROR;
}

static oe_result_t make(const struct wish *wish, const uint8_t *seal_key,
	size_t seal_key_size, uint8_t **key, size_t *key_size)
{
	char pem[CRYPTO_PEM_ROOM];
	uint8_t d[32];
	size_t size = 0;
	oe_result_t result;

	result = derive(seal_key, seal_key_size, wish->params, d);
	if (!result)
		result = crypto_p256_pem(d, wish->private_half, pem, &size);
	if (!result) {
		*key = malloc(size);
		if (*key) {
			memcpy(*key, pem, size);
			*key_size = size;
		} else {
			result = OE_OUT_OF_MEMORY;
		}
	}
	explicit_bzero(d, sizeof(d));
	explicit_bzero(pem, sizeof(pem));
	return result;
}

static oe_result_t check(const struct wish *wish, uint8_t **key,
	size_t *key_size)
{
	if (key)
		*key = NULL;
	if (key_size)
		*key_size = 0;
	if (!key || !key_size || !wish->params
			|| wish->params->type != OE_ASYMMETRIC_KEY_EC_SECP256P1
			|| wish->params->format != OE_ASYMMETRIC_KEY_PEM)
		return OE_INVALID_PARAMETER;
	return crypto_p256_pem ? OE_OK : OE_UNSUPPORTED;
}

static oe_result_t by_policy(const struct wish *wish, oe_seal_policy_t policy,
	uint8_t **key, size_t *key_size, uint8_t **info, size_t *info_size)
{
	uint8_t *seal_key, *own_info;
	size_t seal_key_size, own_info_size;
	oe_result_t result;

	if (info)
		*info = NULL;
	if (info_size)
		*info_size = 0;
	if (!info != !info_size)
		return OE_INVALID_PARAMETER;
	result = check(wish, key, key_size);
	if (!result)
		result = oe_get_seal_key_by_policy(policy, &seal_key,
			&seal_key_size, &own_info, &own_info_size);
	if (result)
		return result;
	result = make(wish, seal_key, seal_key_size, key, key_size);
	if (!result && info) {
		*info = own_info;
		*info_size = own_info_size;
		own_info = NULL;
	}
	oe_free_seal_key(seal_key, own_info);
	return result;
}

static oe_result_t by_info(const struct wish *wish, const uint8_t *info,
	size_t info_size, uint8_t **key, size_t *key_size)
{
	uint8_t *seal_key;
	size_t seal_key_size;
	oe_result_t result = check(wish, key, key_size);

	if (!result)
		result = oe_get_seal_key(info, info_size, &seal_key,
			&seal_key_size);
	if (result)
		return result;
	result = make(wish, seal_key, seal_key_size, key, key_size);
	oe_free_seal_key(seal_key, NULL);
	return result;
}

oe_result_t oe_get_public_key_by_policy(oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size)
{
	return by_policy(&(struct wish){ key_params, false }, seal_policy,
		key_buffer, key_buffer_size, key_info, key_info_size);
}

oe_result_t oe_get_private_key_by_policy(oe_seal_policy_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, uint8_t **key_buffer,
	size_t *key_buffer_size, uint8_t **key_info, size_t *key_info_size)
{
	return by_policy(&(struct wish){ key_params, true }, seal_policy,
		key_buffer, key_buffer_size, key_info, key_info_size);
}

oe_result_t oe_get_public_key(const oe_asymmetric_key_params_t *key_params,
	const uint8_t *key_info, size_t key_info_size, uint8_t **key_buffer,
	size_t *key_buffer_size)
{
	return by_info(&(struct wish){ key_params, false }, key_info,
		key_info_size, key_buffer, key_buffer_size);
}

oe_result_t oe_get_private_key(const oe_asymmetric_key_params_t *key_params,
	const uint8_t *key_info, size_t key_info_size, uint8_t **key_buffer,
	size_t *key_buffer_size)
{
	return by_info(&(struct wish){ key_params, true }, key_info,
		key_info_size, key_buffer, key_buffer_size);
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
