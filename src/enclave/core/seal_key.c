/* SPDX-License-Identifier: MIT */
/*
 * Keys that the processor derives for this enclave or its signer.  The key
 * request is no secret: whoever stores it gets the same key again, on the
 * same machine, from the same enclave or (by policy) its signer's.
 */
#include "priv.h"

#include <coffer/sgx_arch.h>
#include <openenclave/bits/sgx/sgxtypes.h>
#include <openenclave/enclave.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 16

static void wipe(void *data, size_t size)
{
	memset(data, 0, size);
	__asm__ volatile("" : : "r"(data) : "memory");
}

/* What of the report never changes; asking again is slow. */
static struct {
	uint32_t known;
	uint16_t isv_svn;
	bool kss;
	uint8_t cpusvn[16];
} self;

static void learn_self(void)
{
	struct sgx_report report;

	if (__atomic_load_n(&self.known, __ATOMIC_ACQUIRE))
		return;
	core_ereport(NULL, NULL, &report);
	/* Threads that do this at once write the same. */
	self.isv_svn = report.body.isv_svn;
	self.kss = report.body.attributes.flags & SGX_ATTR_KSS;
	memcpy(self.cpusvn, report.body.cpusvn, sizeof(self.cpusvn));
	__atomic_store_n(&self.known, 1, __ATOMIC_RELEASE);
}

void core_seal_request(uint16_t policy, struct sgx_keyrequest *request)
{
	learn_self();
	memset(request, 0, sizeof(*request));
	request->key_name = SGX_KEYNAME_SEAL;
	request->key_policy = policy;
	request->isv_svn = self.isv_svn;
	memcpy(request->cpusvn, self.cpusvn, sizeof(request->cpusvn));
	request->attributes_mask.flags = OE_SEALKEY_DEFAULT_FLAGSMASK;
	request->misc_mask = OE_SEALKEY_DEFAULT_MISCMASK;
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

	learn_self();
	return !(request->key_policy
			& ~(SGX_KEYPOLICY_MRENCLAVE | SGX_KEYPOLICY_MRSIGNER))
		&& !request->cet_attributes_mask && !request->reserved1
		&& !memcmp(request->reserved2, zeros, sizeof(zeros))
		&& (!request->config_svn || self.kss);
}

static oe_result_t derive(const struct sgx_keyrequest *request, uint8_t **key,
	size_t *key_size)
{
	uint8_t *out;
	oe_result_t result;

	if (!well_formed(request))
		return OE_INVALID_PARAMETER;
	/* Beyond are names of Coffer's own, which are no secrets. */
	if (request->key_name > SGX_KEYNAME_SEAL)
		return OE_INVALID_KEYNAME;
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
		core_seal_request(SGX_KEYPOLICY_MRENCLAVE, &request);
	else if (seal_policy == OE_SEAL_POLICY_PRODUCT)
		core_seal_request(SGX_KEYPOLICY_MRSIGNER, &request);
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
