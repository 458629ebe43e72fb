/* SPDX-License-Identifier: MIT */
/*
 * The ecalls of openenclave/edl/keys.edl.  Deriving elliptic curve keys is
 * the crypto library's; an enclave without one has none to give.
 */
#include <openenclave/enclave.h>

#include "system_t.h"

OE_WEAK oe_result_t oe_get_public_key_ecall(
	const oe_asymmetric_key_params_t *key_params, const void *key_info,
	size_t key_info_size, void *key_buffer, size_t key_buffer_size,
	size_t *key_buffer_size_out)
{
	(void)key_params;
	(void)key_info;
	(void)key_info_size;
	(void)key_buffer;
	(void)key_buffer_size;
	(void)key_buffer_size_out;
	return OE_UNSUPPORTED;
}

OE_WEAK oe_result_t oe_get_public_key_by_policy_ecall(uint32_t seal_policy,
	const oe_asymmetric_key_params_t *key_params, void *key_buffer,
	size_t key_buffer_size, size_t *key_buffer_size_out, void *key_info,
	size_t key_info_size, size_t *key_info_size_out)
{
	(void)seal_policy;
	(void)key_params;
	(void)key_buffer;
	(void)key_buffer_size;
	(void)key_buffer_size_out;
	(void)key_info;
	(void)key_info_size;
	(void)key_info_size_out;
	return OE_UNSUPPORTED;
}
