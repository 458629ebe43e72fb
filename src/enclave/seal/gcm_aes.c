/* SPDX-License-Identifier: MIT */
/*
 * The plug-in of sgx/seal.h. A blob:
 *
 *	offset	size
 *	0	512	the KEYREQUEST that the key was derived with
 *	512	4	bytes of ciphertext
 *	516	12	0
 *	528	4	the same and bytes of additional data
 *	532	12	IV
 *	544	16	tag
 *	560		ciphertext
 *
 * The header is not among what the tag covers, and need not be: every part of
 * the key request goes into the key. What would leave that to the host is
 * refused: requests for keys of another kind, which somebody else may have,
 * and for keys that depend on neither the enclave nor its signer, which every
 * enclave of the machine can have.
 */
#include "../core/core.h"
#include "../crypto/crypto.h"

#include <coffer/sgx_arch.h>
#include <openenclave/corelibc/stdlib.h>
#include <openenclave/enclave.h>
#include <openenclave/sgx/seal.h>
#include <string.h>

struct header {
	struct sgx_keyrequest request;
	uint32_t ciphertext_size;
	uint8_t reserved[12];
	uint32_t total_size;
	uint8_t iv[12];
	uint8_t tag[16];
};
_Static_assert(sizeof(struct header) == 560, "header");
_Static_assert(offsetof(struct header, iv) == 532, "iv");

static bool key_is_ours(const struct sgx_keyrequest *request)
{
	return (request->key_name == SGX_KEYNAME_SEAL
			|| request->key_name == SGX_KEYNAME_PROVISION_SEAL)
		&& (request->key_policy == SGX_KEYPOLICY_MRENCLAVE
			|| request->key_policy == SGX_KEYPOLICY_MRSIGNER);
}

static oe_result_t set_policy(struct sgx_keyrequest *request, uint16_t policy)
{
	switch (policy) {
	case OE_SEAL_POLICY_UNIQUE:
		request->key_policy = SGX_KEYPOLICY_MRENCLAVE;
		return OE_OK;
	case OE_SEAL_POLICY_PRODUCT:
		request->key_policy = SGX_KEYPOLICY_MRSIGNER;
		return OE_OK;
	default:
		return OE_INVALID_PARAMETER;
	}
}

static oe_result_t copy(void *to, size_t size, const oe_seal_setting_t *from)
{
	if (from->size != size || !oe_is_within_enclave(from->value.p, size))
		return OE_INVALID_PARAMETER;
	memcpy(to, from->value.p, size);
	return OE_OK;
}

static oe_result_t apply(struct header *header, const oe_seal_setting_t *s)
{
	struct sgx_keyrequest *request = &header->request;

	switch (s->type) {
	case OE_SEAL_SETTING_POLICY:
		return set_policy(request, s->value.w);
	case OE_SEAL_SETTING_IV:
		return copy(header->iv, sizeof(header->iv), s);
	case OE_SEAL_SETTING_SGX_KEYNAME:
		request->key_name = s->value.w;
		return key_is_ours(request) ? OE_OK : OE_INVALID_KEYNAME;
	case OE_SEAL_SETTING_SGX_ISVSVN:
		request->isv_svn = s->value.w;
		return OE_OK;
	case OE_SEAL_SETTING_SGX_CPUSVN:
		return copy(request->cpusvn, sizeof(request->cpusvn), s);
	case OE_SEAL_SETTING_SGX_FLAGSMASK:
		request->attributes_mask.flags = s->value.q;
		return OE_OK;
	case OE_SEAL_SETTING_SGX_XFRMMASK:
		request->attributes_mask.xfrm = s->value.q;
		return OE_OK;
	case OE_SEAL_SETTING_SGX_MISCMASK:
		request->misc_mask = s->value.d;
		return OE_OK;
	case OE_SEAL_SETTING_SGX_CONFIGSVN:
		request->config_svn = s->value.w;
		return OE_OK;
	default:
		return OE_UNSUPPORTED;
	}
}

static oe_result_t prepare(struct header *header,
	const oe_seal_setting_t *settings, size_t settings_count)
{
	oe_result_t result;

	core_seal_request(SGX_KEYPOLICY_MRSIGNER, &header->request);
	result = oe_random(header->request.key_id,
		sizeof(header->request.key_id));
	if (!result)
		result = oe_random(header->iv, sizeof(header->iv));
	for (size_t i = 0; i < settings_count && !result; i++)
		result = apply(header, &settings[i]);
	return result;
}

static oe_result_t encrypt(struct header *header, const uint8_t *plaintext,
	size_t plaintext_size, const uint8_t *additional_data,
	size_t additional_data_size)
{
	uint8_t *key;
	size_t key_size;
	oe_result_t result = oe_get_seal_key((uint8_t *)&header->request,
		sizeof(header->request), &key, &key_size);

	if (result)
		return result;
	if (!crypto_gcm_seal(key, key_size, header->iv, additional_data,
			additional_data_size, plaintext, plaintext_size,
			(uint8_t *)(header + 1), header->tag))
		result = OE_CRYPTO_ERROR;
	oe_free_seal_key(key, NULL);
	return result;
}

static oe_result_t seal(const oe_seal_setting_t *settings,
	size_t settings_count, const uint8_t *plaintext, size_t plaintext_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **blob, size_t *blob_size)
{
	struct header *header;
	size_t total;
	oe_result_t result;

	if (__builtin_add_overflow(plaintext_size, additional_data_size, &total)
			|| total > UINT32_MAX - sizeof(*header))
		return OE_INTEGER_OVERFLOW;
	header = oe_malloc(sizeof(*header) + plaintext_size);
	if (!header)
		return OE_OUT_OF_MEMORY;
	memset(header, 0, sizeof(*header));
	header->ciphertext_size = (uint32_t)plaintext_size;
	header->total_size = (uint32_t)total;
	result = prepare(header, settings, settings_count);
	if (!result)
		result = encrypt(header, plaintext, plaintext_size,
			additional_data, additional_data_size);
	if (result) {
		oe_free(header);
		return result;
	}
	*blob = (uint8_t *)header;
	*blob_size = sizeof(*header) + plaintext_size;
	return OE_OK;
}

static oe_result_t check(const struct header *header, size_t blob_size,
	size_t additional_data_size)
{
	static const uint8_t zeros[sizeof(header->reserved)];

	if (header->ciphertext_size != blob_size - sizeof(*header)
			|| additional_data_size > UINT32_MAX
			|| header->total_size != (uint64_t)header->ciphertext_size
				+ additional_data_size
			|| memcmp(header->reserved, zeros, sizeof(zeros)))
		return OE_CRYPTO_ERROR;
	return key_is_ours(&header->request) ? OE_OK : OE_INVALID_KEYNAME;
}

static oe_result_t unseal(const uint8_t *blob, size_t blob_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **plaintext, size_t *plaintext_size)
{
	struct header header;
	uint8_t *out, *key;
	size_t key_size;
	oe_result_t result;

	if (blob_size < sizeof(header))
		return OE_INVALID_PARAMETER;
	memcpy(&header, blob, sizeof(header));
	result = check(&header, blob_size, additional_data_size);
	if (result)
		return result;
	result = oe_get_seal_key((uint8_t *)&header.request,
		sizeof(header.request), &key, &key_size);
	if (result)
		return result;
	out = oe_malloc(header.ciphertext_size ? header.ciphertext_size : 1);
	if (!out)
		result = OE_OUT_OF_MEMORY;
	else if (!crypto_gcm_open(key, key_size, header.iv, additional_data,
			additional_data_size, blob + sizeof(header),
			header.ciphertext_size, out, header.tag))
		result = OE_CRYPTO_ERROR;
	oe_free_seal_key(key, NULL);
	if (result) {
		/* Not authentic, and perhaps not to be known. */
		if (out)
			explicit_bzero(out, header.ciphertext_size);
		oe_free(out);
		return result;
	}
	*plaintext = out;
	*plaintext_size = header.ciphertext_size;
	return OE_OK;
}

const oe_seal_plugin_definition_t oe_seal_plugin_gcm_aes = {
	{ { 0xb3, 0x38, 0xde, 0xea, 0x4c, 0x9b, 0x41, 0x88, 0x90, 0x00, 0x50,
		0x5b, 0x8f, 0x63, 0xf7, 0x6f } },
	seal, unseal
};

static void __attribute__((constructor)) begin(void)
{
	oe_register_seal_plugin(&oe_seal_plugin_gcm_aes, false);
}
