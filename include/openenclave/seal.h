/* SPDX-License-Identifier: MIT */
/*
 * Sealing: data that an enclave gives to the host to keep and that only it,
 * or its signer's enclaves of the same product, open again, on this machine.
 *
 * Names, values and layouts are those of the Open Enclave SDK. What seals is
 * a plug-in; the one of sgx/seal.h comes as an object file, which a program
 * links (pkg-config variable oeseal_gcmaes) and which registers itself.
 */
#ifndef _OE_SEAL_H
#define _OE_SEAL_H

#include <openenclave/bits/evidence.h>
#include <openenclave/bits/result.h>
#include <openenclave/bits/types.h>

OE_EXTERNC_BEGIN

/* One wish of the program's; made with the macros OE_SEAL_SET_.... */
typedef struct _oe_seal_setting {
	int type; /* enum oe_seal_setting_type_t, or a plug-in's own */
	uint32_t size; /* bytes at value.p; 0 for the other members */
	union {
		uint64_t q;
		uint32_t d;
		uint16_t w;
		uint8_t b;
		const void *p; /* inside the enclave */
	} value;
} oe_seal_setting_t;

enum oe_seal_setting_type_t {
	/* value.w is an oe_seal_policy_t. */
	OE_SEAL_SETTING_POLICY,
	/* Bytes that make the key another one; not for every plug-in. */
	OE_SEAL_SETTING_ADDITIONAL_CONTEXT,
	/* The initialisation vector; a random one is better. */
	OE_SEAL_SETTING_IV,
	/* All types are below this. */
	OE_SEAL_SETTING_MAX = 0x10000,
	/* From here on they are the plug-in's. */
	OE_SEAL_SETTING_PLUGIN_DEFINED = OE_SEAL_SETTING_MAX / 2
};

#define __OE_SEAL_SET_POINTER(t, p, s) \
	{                              \
		(t), (s), { (uint64_t)(p) } \
	}
#define __OE_SEAL_SET_VALUE(t, v) __OE_SEAL_SET_POINTER(t, v, 0)

#define OE_SEAL_SET_POLICY(w) __OE_SEAL_SET_VALUE(OE_SEAL_SETTING_POLICY, w)
#define OE_SEAL_SET_CONTEXT(p, s) \
	__OE_SEAL_SET_POINTER(OE_SEAL_SETTING_ADDITIONAL_CONTEXT, p, s)
#define OE_SEAL_SET_IV(p, s) __OE_SEAL_SET_POINTER(OE_SEAL_SETTING_IV, p, s)

/*
 * Seals plaintext; additional_data is not in the blob, but must be the same
 * when it is opened.
 *
 * plugin_id: NULL for the default plug-in, the first that was registered or
 * the last that was made the default. Each of settings, plaintext and
 * additional_data is NULL with size 0, or wholly inside the enclave.
 * blob: freed with oe_free.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_NOT_FOUND (no such plug-in); and
 * what the plug-in returns: OE_UNSUPPORTED for settings that it does not have.
 */
oe_result_t oe_seal(const oe_uuid_t *plugin_id,
	const oe_seal_setting_t *settings, size_t settings_count,
	const uint8_t *plaintext, size_t plaintext_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **blob, size_t *blob_size);

/*
 * Opens a blob. blob: inside the enclave or outside (it is copied first);
 * additional_data: inside. plaintext and plaintext_size: both NULL, or
 * plaintext is freed with oe_free.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_OUT_OF_MEMORY; OE_UNSUPPORTED
 * where no plug-in opens it, be it changed, another enclave's, another
 * machine's or not a blob.
 */
oe_result_t oe_unseal(const uint8_t *blob, size_t blob_size,
	const uint8_t *additional_data, size_t additional_data_size,
	uint8_t **plaintext, size_t *plaintext_size);

/*
 * A way to seal. The functions have the parameters of those above; pointers
 * are checked, and blob, plaintext and their sizes are never NULL where they
 * are results.  What is not OE_OK of unseal means: try the next plug-in.
 */
typedef struct _oe_seal_plugin_definition {
	const oe_uuid_t id;
	oe_result_t (*seal)(const oe_seal_setting_t *settings,
		size_t settings_count, const uint8_t *plaintext,
		size_t plaintext_size, const uint8_t *additional_data,
		size_t additional_data_size, uint8_t **blob,
		size_t *blob_size);
	oe_result_t (*unseal)(const uint8_t *blob, size_t blob_size,
		const uint8_t *additional_data, size_t additional_data_size,
		uint8_t **plaintext, size_t *plaintext_size);
} oe_seal_plugin_definition_t;

/*
 * plugin must stay where it is until it is unregistered; one with the same id
 * is replaced.
 *
 * Returns OE_OK; OE_INVALID_PARAMETER; OE_OUT_OF_MEMORY beyond 16.
 */
oe_result_t oe_register_seal_plugin(const oe_seal_plugin_definition_t *plugin,
	bool make_default);

/* Returns OE_OK, OE_INVALID_PARAMETER or OE_NOT_FOUND. */
oe_result_t oe_unregister_seal_plugin(const oe_uuid_t *plugin_id);

OE_EXTERNC_END

#endif
