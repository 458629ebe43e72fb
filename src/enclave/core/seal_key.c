/* SPDX-License-Identifier: MIT */
/*
 * Keys that the processor derives for this enclave or its signer.  The key
 * request is no secret: whoever stores it gets the same key again, on the
 * same machine, from the same enclave or (by policy) its signer's.
 */
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 16
/* Bits of ATTRIBUTES and MISCSELECT that a key depends on. */
#define SEAL_FLAGS_MASK 0xff0000000000000bull
#define SEAL_MISC_MASK 0xf0000000u

static void wipe(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

static void default_request(uint16_t policy, struct sgx_keyrequest *request)
{
	struct sgx_report report;

	core_ereport(NULL, NULL, &report);
	memset(request, 0, sizeof(*request));
	request->key_name = SGX_KEYNAME_SEAL;
	request->key_policy = policy;
	request->isv_svn = report.body.isv_svn;
	memcpy(request->cpusvn, report.body.cpusvn, sizeof(request->cpusvn));
	request->attributes_mask.flags = SEAL_FLAGS_MASK;
	request->misc_mask = SEAL_MISC_MASK;
}

static oe_result_t result_of(uint32_t error)
{
	switch (error) {
	case SGX_SUCCESS:
		return OE_OK;
	case SGX_INVALID_ATTRIBUTE:
		return OE_INVALID_PARAMETER;
	case SGX_INVALID_CPUSVN:
		return OE_INVALID_CPUSVN;
	case SGX_INVALID_ISVSVN:
		return OE_INVALID_ISVSVN;
	case SGX_INVALID_KEYNAME:
		return OE_INVALID_KEYNAME;
	default:
		return OE_UNEXPECTED;
	}
}

/* The processor would fault on what it does not know. */
static bool well_formed(const struct sgx_keyrequest *request)
{
	static const uint8_t zeros[sizeof(request->reserved2)];

	return !(request->key_policy
			& ~(SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER))
		&& !request->reserved1
		&& !memcmp(request->reserved2, zeros, sizeof(zeros));
}

static oe_result_t derive(const struct sgx_keyrequest *request, uint8_t **key,
	size_t *key_size)
{
	uint8_t *out;
	oe_result_t result;

	if (!well_formed(request))
		return OE_INVALID_PARAMETER;
	out = malloc(KEY_SIZE);
	if (!out)
		return OE_OUT_OF_MEMORY;
	result = result_of(core_egetkey(request, out));
	if (result) {
		free(out);
		return result;
	}
	*key = out;
	*key_size = KEY_SIZE;
	return OE_OK;
}

oe_result_t oe_get_seal_key_v2(const uint8_t *key_info, size_t key_info_size,
	uint8_t **key_buffer, size_t *key_buffer_size)
{
	struct sgx_keyrequest request;

	if (key_buffer)
		*key_buffer = NULL;
	if (key_buffer_size)
		*key_buffer_size = 0;
	if (!key_info || key_info_size != sizeof(request) || !key_buffer
			|| !key_buffer_size)
		return OE_INVALID_PARAMETER;
	memcpy(&request, key_info, sizeof(request));
	return derive(&request, key_buffer, key_buffer_size);
}

oe_result_t oe_get_seal_key_by_policy_v2(oe_seal_policy_t seal_policy,
	uint8_t **key_buffer, size_t *key_buffer_size, uint8_t **key_info,
	size_t *key_info_size)
{
	struct sgx_keyrequest request;
	oe_result_t result;

	if (key_info)
		*key_info = NULL;
	if (key_info_size)
		*key_info_size = 0;
	if (!key_buffer || !key_buffer_size || !key_info != !key_info_size)
		return OE_INVALID_PARAMETER;
	*key_buffer = NULL;
	*key_buffer_size = 0;
	if (seal_policy == OE_SEAL_POLICY_UNIQUE)
		default_request(SGX_KEYPOLICY_MRENCLAVE, &request);
	else if (seal_policy == OE_SEAL_POLICY_PRODUCT)
		default_request(SGX_KEYPOLICY_MRSIGNER, &request);
	else
		return OE_INVALID_PARAMETER;
	result = derive(&request, key_buffer, key_buffer_size);
	if (result)
		return result == OE_OUT_OF_MEMORY ? result : OE_UNEXPECTED;
	if (!key_info)
		return OE_OK;
	*key_info = malloc(sizeof(request));
	if (!*key_info) {
		oe_free_seal_key(*key_buffer, NULL);
		*key_buffer = NULL;
		*key_buffer_size = 0;
		return OE_OUT_OF_MEMORY;
	}
	memcpy(*key_info, &request, sizeof(request));
	*key_info_size = sizeof(request);
	return OE_OK;
}

void oe_free_seal_key(uint8_t *key_buffer, uint8_t *key_info)
{
	if (key_buffer)
		wipe(key_buffer, KEY_SIZE);
	free(key_buffer);
	if (key_info)
		wipe(key_info, sizeof(struct sgx_keyrequest));
	free(key_info);
}
